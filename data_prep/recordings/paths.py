"""Where the audio of a manifest may lie: below its folder, nowhere else.

A manifest may come from anybody, and should not make a training read other
files than the corpus'. Its paths therefore start from ``$data_root`` and have
no ``..``. Links in the folder may lead about in it. Those that lead out of it
are refused, unless the environment variable ``EMOCLUST_LINKS`` names a folder
above their target, or several with colons between them.
"""

import functools
import os
import re

import pyarrow
import pyarrow.compute

VARIABLE = "EMOCLUST_LINKS"

# Paths that are looked at together, to hold few at a time.
_STRETCH = 1 << 16

# A path below the root starts there and climbs nowhere. Two patterns, as
# Arrow's regular expressions do not look ahead.
_STARTS = r"\$data_root/.+"
_CLIMBS = r"/\.\.(?:/|$)"


def is_below_root(wav):
    """Say whether a path of a manifest stays below its folder, as written.

    Arguments
    ---------
    wav : str
        As it stands in the CSV.

    Returns
    -------
    bool

    Example
    -------
    >>> is_below_root("$data_root/a..b/1.wav")
    True
    >>> is_below_root("$data_root/../1.wav"), is_below_root("/etc/1.wav")
    (False, False)
    """
    return bool(re.fullmatch(_STARTS, wav)) and not re.search(_CLIMBS, wav)


def are_below_root(wavs):
    """Say of many paths what :func:`is_below_root` says of one.

    Arguments
    ---------
    wavs : pandas.Series
        As they stand in the CSV, shape [n].

    Returns
    -------
    pandas.Series
        Booleans, shape [n].

    Example
    -------
    >>> import pandas
    >>> are_below_root(
    ...     pandas.Series(["$data_root/a", "$data_root/.."])
    ... ).tolist()
    [True, False]
    """
    climb = wavs.str.contains(_CLIMBS, regex=True)
    return wavs.str.fullmatch(_STARTS) & ~climb


def find_outside(data_root, paths):
    """Find the paths that links lead out of the folder they start from.

    Each folder is looked at once, with the links that it lists, however many
    files it holds.

    Arguments
    ---------
    data_root : str or pathlib.Path
        The folder.
    paths : pandas.Series
        Text: below it as written, absolute; the files need not be there.

    Returns
    -------
    dict
        Where each of those paths leads, by path.

    Example
    -------
    >>> import pandas
    >>> folder = getfixture("tmp_path")
    >>> (folder / "corpus").mkdir()
    >>> (folder / "corpus" / "a").symlink_to(folder)
    >>> inside, outside = (f"{folder}/corpus/{x}1.wav" for x in ("", "a/"))
    >>> find_outside(folder / "corpus", pandas.Series([inside, outside])) == {
    ...     outside: f"{os.path.realpath(folder)}/1.wav"
    ... }
    True
    """
    named = os.environ.get(VARIABLE, "").split(os.pathsep)
    root = str(data_root)
    allowed = tuple(
        os.path.join(os.path.realpath(folder), "")
        for folder in (root, *filter(None, named))
    )
    if os.sep in allowed:
        return {}

    @functools.lru_cache(maxsize=4096)  # the folders above are few
    def look(folder):
        """Say where a folder is, and whether links may be in it."""
        above, _, name = folder.rpartition(os.sep)
        if folder == root or not above or name in ("", os.curdir, os.pardir):
            place = os.path.realpath(folder)
        else:
            place, may_be_link = look(above)
            place = f"{place}{os.sep}{name}"
            if may_be_link:
                place = os.path.realpath(place)
        return place, _may_hold_links(place)

    outside = {}
    for first in range(0, len(paths), _STRETCH):
        stretch = paths.iloc[first : first + _STRETCH]
        parts = pyarrow.compute.split_pattern(
            pyarrow.array(stretch), "/", max_splits=1, reverse=True
        )
        folders = pyarrow.compute.list_element(parts, 0).to_pandas()
        doubtful = []
        for folder in folders.unique():
            place, may_hold_links = look(folder)
            if may_hold_links or not f"{place}{os.sep}".startswith(allowed):
                doubtful.append(folder)
        for path in stretch[folders.isin(doubtful).to_numpy()]:
            folder, name = os.path.split(path)
            target = os.path.join(look(folder)[0], name)
            if os.path.islink(target):
                target = os.path.realpath(target)
            if not target.startswith(allowed):
                outside[path] = target
    return outside


def _may_hold_links(folder):
    """Say whether a folder lists links, or cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return any(entry.is_symlink() for entry in entries)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False  # not there, or a name that cannot be
    except OSError:
        return True
