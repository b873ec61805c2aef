"""Lengths that the header of a WAV has, and those that it should have.

What is written into a pipe, or by a recorder that is stopped, has 0x7ffff000 or a
little more, 0x80000000, 0xffffffff or 0, and samples up to the end of the file.
libsndfile 1.2.2 reads all of these so but 0, of which it reads nothing.
"""

import mmap
import os
import struct

UNKNOWN = b"\xff" * 4
_STREAMED = 0x7FFFF000  # from here on, lengths say that none was known


class MendedWav(mmap.mmap):
    """A WAV without a length as a file that says so, of which little is read.

    Messages about it have its path; the file on disk stays as it is.
    """

    path: str

    def __new__(cls, path, stream, place):
        """Map an open file whose length has that place."""
        wav = super().__new__(cls, stream.fileno(), 0, access=mmap.ACCESS_COPY)
        wav.path = path
        wav[place : place + 4] = UNKNOWN
        return wav

    def __repr__(self):
        return str(self.path)

    def seek(self, offset, whence=os.SEEK_SET):
        """Go to a place, not beyond the end as in a file, and return it."""
        start = (0, self.tell(), len(self))[whence]
        super().seek(min(max(0, start + offset), len(self)))
        return self.tell()


def missing_bytes(stream, size):
    """Count the bytes that the data chunk announces and does not have."""
    start, length = _data(stream, size)
    return 0 if length >= _STREAMED else start + length - size


def find_zero_length(stream):
    """Return the place of a length of 0 before samples; None without one."""
    if stream.read(4) != b"RIFF":
        return None
    size = stream.seek(0, os.SEEK_END)
    start, length = _data(stream, size)
    if length or start >= size or _are_chunks(stream, start, size):
        return None
    return start - 4


def _data(stream, size):
    """Return where samples begin and how many bytes they are said to have."""
    for name, start, length in _chunks(stream, 12, size):
        if name == b"data":
            return start, length
    return size, 0


def _are_chunks(stream, offset, size):
    """Say whether what follows is other chunks, up to the file's end."""
    end = offset
    for name, start, length in _chunks(stream, offset, size):
        if not all(0x20 <= byte < 0x7F for byte in name):
            return False
        end = start + length + length % 2
    return size <= end <= size + 1  # the last byte that pads may be missing


def _chunks(stream, offset, size):
    """Yield name, first byte and announced length of each chunk."""
    while offset + 8 <= size:
        stream.seek(offset)
        name, length = struct.unpack("<4sI", stream.read(8))
        offset += 8
        yield name, offset, length
        offset += length + length % 2
