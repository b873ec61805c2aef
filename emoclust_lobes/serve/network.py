"""Who reaches the page, and whom its process reaches: nobody but this machine."""

import ipaddress
import socket
import sys

from emoclust_lobes.serve.errors import ServeError


def is_loopback(host):
    """Say whether only this machine reaches a host.

    Arguments
    ---------
    host : str
        A name or an address.

    Returns
    -------
    bool

    Example
    -------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost")
    (True, True)
    >>> is_loopback("0.0.0.0"), is_loopback("box.example.org")
    (False, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def forbid_connections():
    """Let this process connect to nothing but its own machine, for good.

    Gradio fetches addresses that a browser gives it, and more. Here there is
    nothing to fetch: what is heard cannot leave.

    Raises
    ------
    PermissionError
        From then on, where anything in this process looks up another machine
        or connects to it.

    Example
    -------
    >>> import subprocess  # nothing undoes it, so not in this process
    >>> program = (
    ...     "import socket; from emoclust_lobes.serve import network; "
    ...     "network.forbid_connections(); socket.getaddrinfo('192.0.2.1', 80)"
    ... )
    >>> command = [sys.executable, "-c", program]
    >>> ended = subprocess.run(command, capture_output=True, text=True)
    >>> print(ended.stderr.splitlines()[-1])
    PermissionError: emoclust serve connects to no 192.0.2.1
    """

    def refuse(event, arguments):
        if event == "socket.getaddrinfo":
            host = arguments[0]
        elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            address = arguments[1]  # of a local socket a path, or none
            host = address[0] if isinstance(address, tuple) else None
        else:
            return
        if isinstance(host, bytes):
            host = host.decode("ascii", "replace")
        if host and not is_loopback(host):
            raise PermissionError(f"emoclust serve connects to no {host}")

    sys.addaudithook(refuse)


def open_port(host, port):
    """Take a port, so that nothing else can.

    Arguments
    ---------
    host : str
        A name or an address of this machine.
    port : int
        0 for any that is free.

    Returns
    -------
    socket.socket
        Listening.

    Raises
    ------
    ServeError
        When the port is in use or the host is not this machine.

    Example
    -------
    >>> with open_port("127.0.0.1", 0) as taken:
    ...     open_port("127.0.0.1", taken.getsockname()[1])
    Traceback (most recent call last):
    ...
    emoclust_lobes.serve.errors.ServeError: ...
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServeError(
            f"cannot listen on port {port} of {host}: {reason}. Give another "
            "--port, or --host=127.0.0.1"
        ) from error
