"""Files that are written whole or not at all, and fingerprints of inputs.

A file is first written beside its final place and then renamed, so that a run that
is killed never leaves half a file; its content reaches the disk before the new name
does, so that neither does a power cut. Every step records the fingerprint of its
inputs, so that it runs again when they change and only then.
"""

import contextlib
import errno
import functools
import hashlib
import itertools
import json
import os
import pathlib
import shutil
from collections.abc import Iterator

from data_prep.errors import EmoclustError


@contextlib.contextmanager
def replacing(path, mode="w", **kwargs):
    """Open a temporary file that takes the place of ``path`` on success.

    When the block raises, ``path`` keeps what it held before; only a kill leaves
    the temporary file, as ``.NAME.PID.tmp``, which nothing reads. An OSError, as
    on a full disk, names the file.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    if "b" not in mode:
        kwargs = {"encoding": "utf-8", "newline": "\n", **kwargs}
    try:
        with open(temporary, mode, **kwargs) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if error.filename is not None:
            raise
        # A full disk does not say which file, and numpy not even what it met
        reason = error.strerror or f"the disk may be full ({error})"
        raise OSError(error.errno or errno.EIO, reason, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path):
    """Fill a folder aside that takes the place of ``path`` on success only."""
    path = pathlib.Path(path)
    aside = path.with_name(f".{path.name}.tmp")
    former = path.with_name(f".{path.name}.old")
    shutil.rmtree(aside, ignore_errors=True)  # of one that was killed
    aside.mkdir(parents=True)
    try:
        yield aside
        if path.exists():
            os.replace(path, former)
        os.replace(aside, path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)


def write_json(path, content):
    """Write JSON whole or not at all: keys in the given order, no ``NaN``."""
    with replacing(path) as stream:
        json.dump(content, stream, indent=2, allow_nan=False)
        stream.write("\n")


def read_json(path):
    """Read a JSON file, or return ``None`` when it is not there."""
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise EmoclustError(
            f"{path} is damaged, or a pointer of Git LFS ({error}): restore "
            "it, or remove it, and what made it makes it anew"
        ) from error


def file_digest(path):
    """Return the SHA-256 of a file, however large, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def files_digest(paths, cache=None):
    """Return a SHA-256 of the names and contents of files in any order.

    They are read again only where sizes or times of change are others than when
    ``cache``, a JSON file, was written.
    """
    paths = sorted(paths)
    signed = [
        [str(path), status.st_size, status.st_mtime_ns]
        for path, status in ((x, x.stat()) for x in paths)
    ]
    known = (read_json(cache) if cache else None) or {}
    if known.get("signed") != signed:
        digest = hashlib.sha256()
        for path in paths:
            digest.update(f"{path.name} {file_digest(path)}\n".encode())
        known = {"signed": signed, "content": digest.hexdigest()}
        if cache:
            write_json(cache, known)
    return known["content"]


def fingerprint(content):
    """Return the SHA-256 of a JSON-able value, independent of key order.

    An iterator in a list counts as the list of what it gives, of which few are
    held at a time.
    """
    digest = hashlib.sha256()
    for text in _json_pieces(content):
        digest.update(text.encode("utf-8"))
    return digest.hexdigest()


def _json_pieces(content):
    """Yield the JSON of a value; of the iterators in a list, in pieces."""
    dumps = functools.partial(json.dumps, sort_keys=True, ensure_ascii=False)
    if not isinstance(content, list):
        yield dumps(content)
        return
    opening = "["
    for item in content:
        yield opening
        opening = ", "
        if not isinstance(item, Iterator):
            yield dumps(item)
            continue
        separator = "["
        while some := list(itertools.islice(item, 4096)):
            yield separator + dumps(some)[1:-1]
            separator = ", "
        yield "]" if separator == ", " else "[]"
    yield "]" if content else "[]"
