"""Where the audio of a manifest may lie: below its folder, nowhere else.

A manifest may come from anybody, and should not make a training read other
files than the corpus'. Its paths therefore start from ``$data_root`` and have
no ``..``. Links in the folder may lead about in it. Those that lead out of it
are refused, unless the environment variable ``EMOCLUST_LINKS`` names a folder
above their target, or several with colons between them.
"""

import os
import re

VARIABLE = "EMOCLUST_LINKS"

_BELOW = re.compile(r"\$data_root/(?!(?:.*/)?\.\.(?:/|$)).+")


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
    return bool(_BELOW.fullmatch(wav))


def find_outside(data_root, paths):
    """Find the paths that links lead out of the folder they start from.

    Arguments
    ---------
    data_root : str or pathlib.Path
        The folder.
    paths : iterable of str
        Below it, as written; the files need not be there.

    Returns
    -------
    dict
        Where each of those paths leads, by path.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "corpus").mkdir()
    >>> (folder / "corpus" / "a").symlink_to(folder)
    >>> inside, outside = (f"{folder}/corpus/{x}1.wav" for x in ("", "a/"))
    >>> find_outside(folder / "corpus", [inside, outside]) == {
    ...     outside: f"{os.path.realpath(folder)}/1.wav"
    ... }
    True
    """
    named = os.environ.get(VARIABLE, "").split(os.pathsep)
    allowed = tuple(
        os.path.join(os.path.realpath(folder), "")
        for folder in (data_root, *filter(None, named))
    )
    folders, outside = {}, {}
    for path in paths:
        # Few folders hold many files: a folder is looked up once.
        folder, name = os.path.split(path)
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        target = os.path.join(folders[folder], name)
        if os.path.islink(target):
            target = os.path.realpath(target)
        if not target.startswith(allowed):
            outside[path] = target
    return outside
