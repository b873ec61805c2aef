"""Recordings that are there twice, under whatever names.

Only those of one size are opened, first for a look at their middle; all of
their bytes are read where that is equal.
"""

import collections
import hashlib
import operator
import os
from multiprocessing.pool import ThreadPool

from data_prep.recordings.tar_shards import split_address

_GLANCE = 4096  # bytes


def find_copies(owned, n_threads=4):
    """Find recordings of equal content that have several owners.

    ``owned`` are (path or address in a tar, owner), and there is a list of these for each
    content that is found. What is not there is left out.
    """
    groups = [sorted(set(owned), key=operator.itemgetter(0))]
    with ThreadPool(n_threads) as pool:
        for look in (_size, _glance, _digest):
            groups = [y for x in groups for y in _split(x, look, pool)]
    return groups


def _split(owned, look, pool):
    """Group what looks equal, but for groups of one owner."""
    groups = collections.defaultdict(list)
    seen = pool.imap(look, [path for path, _ in owned], 32)
    for pair, what in zip(owned, seen, strict=True):
        if what is not None:
            groups[what].append(pair)
    return [
        group
        for group in groups.values()
        if any(owner != group[0][1] for _, owner in group)
    ]


def _span(path):
    """Return a recording's file, and its first byte and its length there."""
    file, place = split_address(path)
    return file, *(place or (0, os.stat(file).st_size))


def _size(path):
    try:
        return _span(path)[2]
    except (OSError, ValueError):  # not there, or a name that cannot be
        return None


def _glance(path):
    """Read some bytes in the middle."""
    file, first, size = _span(path)
    with open(file, "rb") as stream:
        stream.seek(first + max(0, size - _GLANCE) // 2)
        return stream.read(min(size, _GLANCE))


def _digest(path):
    (file, first, left), digest = _span(path), hashlib.sha256()
    with open(file, "rb") as stream:
        stream.seek(first)
        while block := stream.read(min(left, 1 << 20)):
            digest.update(block)
            left -= len(block)
    return digest.digest()
