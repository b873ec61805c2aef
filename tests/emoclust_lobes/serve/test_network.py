"""The server reaches nobody, and is reached where it was asked to be."""

import pathlib
import socket
import subprocess
import sys

import pytest
from emoclust_lobes.serve.errors import ServeError
from emoclust_lobes.serve.network import open_port

# Addresses for documentation (RFC 5737) lead nowhere, names in .invalid
# (RFC 2606) to none.
FORBIDDEN = """
import socket, sys, types
for name in ("emoclust_lobes", "emoclust_lobes.serve"):  # without PyTorch
    package = types.ModuleType(name)
    package.__path__ = [sys.argv[1] + "/" + name.replace(".", "/")]
    sys.modules[name] = package
from emoclust_lobes.serve.network import forbid_connections

forbid_connections()
own = socket.create_server(("127.0.0.1", 0))
socket.create_connection(own.getsockname()).close()
socket.create_connection(("localhost", own.getsockname()[1])).close()
udp = socket.socket(type=socket.SOCK_DGRAM)
for attempt in (
    lambda: socket.create_connection(("192.0.2.1", 80), timeout=5),
    lambda: socket.getaddrinfo("example.invalid", 80),
    lambda: socket.getaddrinfo(b"example.invalid", 80),
    lambda: udp.connect(("192.0.2.1", 53)),
    lambda: udp.sendto(b"x", ("192.0.2.1", 53)),
    lambda: udp.sendmsg([b"x"], [], 0, ("192.0.2.1", 53)),
):
    try:
        attempt()
    except PermissionError as error:
        print(error)
"""


def test_process_connects_to_its_own_machine_alone():
    root = pathlib.Path(__file__).parents[3]
    found = subprocess.run(
        [sys.executable, "-c", FORBIDDEN, str(root)],
        capture_output=True,
        text=True,
        check=True,
    )
    hosts = [line.split()[-1] for line in found.stdout.splitlines()]
    name, address = "example.invalid", "192.0.2.1"
    assert hosts == [address, name, name, address, address, address]


def test_port_in_use_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=f"port {port} of 127.0.0.1"):
            open_port("127.0.0.1", port)


@pytest.mark.parametrize(
    "host, port", [("192.0.2.1", 0), ("127.0.0.1", 70000), ("127.0.0.1", -1)]
)
def test_port_that_there_is_not_is_named(host, port):
    with pytest.raises(ServeError, match=f"port {port} of {host}"):
        open_port(host, port)
