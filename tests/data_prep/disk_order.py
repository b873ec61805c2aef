"""A disk that lists its files the other way round."""

import os


class _Backwards(list):
    """What os.scandir returns, the other way round."""

    def __init__(self, entries):
        with entries:
            super().__init__(entries)
        self.sort(key=lambda entry: entry.name, reverse=True)

    def __enter__(self):
        return iter(self)

    def __exit__(self, *_):
        pass


def list_backwards(patch):
    """Let all folders be listed backwards."""
    scandir, listdir = os.scandir, os.listdir
    patch.setattr(os, "scandir", lambda path=".": _Backwards(scandir(path)))
    patch.setattr(
        os, "listdir", lambda path=".": sorted(listdir(path), reverse=True)
    )
