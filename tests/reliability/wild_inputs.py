"""Texts that nobody expects, and a place for files of them."""

import functools
import os
import shutil
import tempfile

from hypothesis import strategies as st

WILD = st.text(max_size=12) | st.sampled_from(
    ["", "..", "/", "$data_root/a", "a,b", '"', "\0", "\r\n", "nan", "-1", "é"]
)


@functools.cache
def scratch():
    """A folder, in memory where that is possible: so many files are many."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    return tempfile.TemporaryDirectory(dir=memory)


def write(name, content):
    path = os.path.join(scratch().name, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as stream:
        stream.write(content)
    return path


def emptied(name):
    """A new empty folder."""
    path = os.path.join(scratch().name, name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
