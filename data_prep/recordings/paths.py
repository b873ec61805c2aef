"""Where the audio of a manifest may lie: below its folder, nowhere else.

A manifest may come from anybody: its paths start from ``$data_root`` and have no
``..``. Symbolic links in the folder are its owner's, and are followed.
"""

import re

# Two patterns, as Arrow's regular expressions do not look ahead.
_STARTS = r"\$data_root/.+"
_CLIMBS = r"/\.\.(?:/|$)"


def is_below_root(wav):
    """Say whether a path, as a CSV has it, stays below its folder."""
    return bool(re.fullmatch(_STARTS, wav)) and not re.search(_CLIMBS, wav)


def are_below_root(wavs):
    """Say of a Series of paths, shape [n], what `is_below_root` says of one."""
    climb = wavs.str.contains(_CLIMBS, regex=True)
    return wavs.str.fullmatch(_STARTS) & ~climb
