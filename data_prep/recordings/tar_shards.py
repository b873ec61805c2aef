"""Recordings inside tar files ("shards"), each read where it lies.

Batches are drawn in no order of a tar, so :func:`list_members` finds where each
recording lies, and from then on its bytes are read alone. Its address stands where
others have a path: the tar's path, then offset and size in bytes, as in
``/data/shard-000.tar/512:32044``. A tar is no folder, so no file has such a path. In
a manifest the two parts are the columns ``wav`` and ``member``.
"""

import io
import json
import os
import re
import stat
import tarfile

from data_prep.errors import UnusableAudio, name_some
from data_prep.recordings.riff import UNKNOWN, MendedWav, find_zero_length

# Compressed ones are looked for, too: to be refused, and not passed over.
_ENDINGS = (".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")
TAR_SUFFIXES = (".tar", *_ENDINGS)
# A place in a tar, as a manifest has it; a terabyte has 13 digits.
PLACE = "[0-9]{1,15}:[0-9]{1,15}"
# What tarfile raises: sizes in headers may be any, as may headers of headers.
_DAMAGE = (
    *(tarfile.TarError, ValueError, OverflowError),
    *(MemoryError, RecursionError),
)
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")
# Small files beside a recording, of the same name, that say who speaks.
_SIDECARS = (".json", ".spk")


def split_address(path):
    """Take an address apart: the file, and (offset, size) in bytes.

    The place is None where the path is that of a whole file.
    """
    path = os.fspath(path)
    file, _, place = path.rpartition("/")
    if (
        ":" in place  # few have one, and there are millions of paths
        and file.lower().endswith(".tar")
        and re.fullmatch(PLACE, place)
    ):
        offset, size = place.split(":")
        return file, (int(offset), int(size))
    return path, None


def audio_status(path):
    """Return where a recording ends in its file (bytes) and its mtime (ns).

    These change when a recording does; an OSError says that it is not there.
    """
    file, place = split_address(path)
    status = os.stat(file)
    return sum(place) if place else status.st_size, status.st_mtime_ns


def open_audio(path):
    """Return what soundfile opens: a path, or a recording's bytes of a tar.

    A WAV whose length is 0 and whose samples go on to the end is opened so.
    Raises OSError or UnusableAudio when the file cannot be read, or a tar ends
    before the recording does.
    """
    file, place = split_address(path)
    if place is None:
        with open(path, "rb") as stream:
            length = find_zero_length(stream)
            return path if length is None else MendedWav(path, stream, length)
    offset, size = place
    with open(file, "rb") as stream:
        # Reading would tell, but take the memory for all of it before
        missing = offset + size - os.fstat(stream.fileno()).st_size
        if missing > 0:
            raise UnusableAudio(f"truncated: {missing} bytes are missing")
        stream.seek(offset)
        recording = _Recording(stream.read(size), path)
    length = find_zero_length(recording)
    if length is not None:
        recording.seek(length)
        recording.write(UNKNOWN)
    recording.seek(0)
    return recording


class _Recording(io.BytesIO):
    """Bytes that messages about them call by their name."""

    def __init__(self, content, path):
        super().__init__(content)
        self.path = path

    def __repr__(self):
        return name_audio(self.path)


def name_audio(path, folder=""):
    """Name a recording for people, who know no places in tars.

    That is the path, or of a recording in a tar the tar's path (from ``folder``),
    a colon, and up to 100 bytes of the name in the header before it.
    """
    file, place = split_address(path)
    if place is None:
        return str(path)
    try:
        with open(os.path.join(folder, file), "rb") as stream:
            stream.seek(place[0] - tarfile.BLOCKSIZE)
            block = stream.read(tarfile.BLOCKSIZE)
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (OSError, ValueError, tarfile.TarError):
        return str(path)  # there is no such header
    return f"{file}: {'/'.join(_parts(header.name))}"


def list_members(path, suffixes):
    """Find the recordings in a tar: ("offset:size", speaker or "") by name.

    Hidden files are left out. ``NAME.json`` beside a recording may say who speaks
    (``spk_id`` or ``speaker``), or ``NAME.spk`` hold nothing else; its name is that
    before the first dot, as WebDataset has it, or before the last. A tar that is
    compressed, damaged or holds more than plain files is an UnusableAudio.
    """
    places, speakers, names, problems = {}, {}, set(), []
    try:
        # Opening a pipe would wait until somebody writes into it
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise UnusableAudio("a pipe, a socket or a device, not a file")
        with open(path, "rb") as stream:
            for info in _headers(path, stream):
                name = "/".join(_parts(info.name))
                problem = _problem(info, name in names)
                if problem:
                    problems.append(f"{info.name} is {problem}")
                elif info.isreg() and not f"/{name}".count("/."):
                    stem, ending = os.path.splitext(name)
                    if name.lower().endswith(suffixes):
                        places[name] = f"{info.offset_data}:{info.size}"
                    elif ending in _SIDECARS and info.size < 1 << 16:
                        stream.seek(info.offset_data)
                        speakers[stem] = _speaker(name, stream.read(info.size))
                if not info.isdir():
                    names.add(name)
    except OSError as error:
        raise UnusableAudio(error.strerror) from error
    if problems:
        raise UnusableAudio(name_some(problems, 5))
    return {
        name: (
            place,
            speakers.get(os.path.splitext(name)[0])
            or speakers.get(_sample(name), ""),
        )
        for name, place in places.items()
    }


def _sample(name):
    """Name the sample that a member belongs to, as WebDataset does."""
    folder, slash, file = name.rpartition("/")
    return folder + slash + file.partition(".")[0]


def _headers(path, stream):
    """Yield what is said of each file of a tar, and see that it is whole."""
    head = stream.read(8)
    if head.startswith(_COMPRESSED) or str(path).lower().endswith(_ENDINGS):
        raise UnusableAudio(
            "compressed: to read single recordings takes an uncompressed .tar"
        )
    stream.seek(0)
    length, end = os.fstat(stream.fileno()).st_size, 0
    try:
        with tarfile.open(fileobj=stream, mode="r:") as tar:
            # From a tar of nothing, Python 3.10 would seek to before its start
            first = vars(tar)["firstmember"]
            while first and (info := tar.next()) is not None:
                vars(tar)["members"].clear()  # or it would hold all of them
                # A size below zero leads back, and so round in circles
                if info.size < 0 or tar.offset <= end:
                    raise UnusableAudio(f"damaged at byte {end}")
                end = tar.offset
                if end > length:
                    raise UnusableAudio(f"truncated: {info.name} is cut off")
                yield info
    except UnusableAudio:
        raise
    except _DAMAGE as error:
        raise UnusableAudio(f"no tar, or a damaged one: {error}") from error
    # At a header that is none, tarfile ends as it does at the last one
    stream.seek(end)
    rest = stream.read(tarfile.BLOCKSIZE)
    if len(rest) < tarfile.BLOCKSIZE:
        raise UnusableAudio("truncated: its end is missing")
    while rest:
        if any(rest):
            raise UnusableAudio(f"damaged at byte {end}, or tars joined")
        rest = stream.read(1 << 20)


def _parts(name):
    """Parts of a name, without those that say nothing."""
    return [part for part in name.split("/") if part not in ("", ".")]


def _problem(info, is_repeated):
    """Say what is wrong with a file in a tar, "" where nothing is."""
    problems = {
        "an absolute path": info.name.startswith("/"),
        "a path that leads out of it": ".." in info.name.split("/"),
        "a link": info.issym() or info.islnk(),
        "a device or a pipe": info.isdev(),
        "a sparse file": info.issparse(),
        "no file": not (info.isreg() or info.isdir()),
        "there twice": is_repeated and info.isreg(),
    }
    return next((text for text, found in problems.items() if found), "")


def _speaker(name, content):
    """Say who speaks, as a small file beside a recording has it."""
    try:
        if name.endswith(".spk"):
            return content.decode("utf-8").strip()
        values = json.loads(content)
    except ValueError as error:
        raise UnusableAudio(f"{name} cannot be read: {error}") from error
    found = values if isinstance(values, dict) else {}
    return str(found.get("spk_id", found.get("speaker", ""))).strip()
