"""What a recipe needs beyond SpeechBrain's own dependencies."""

import collections
import importlib.metadata
import re
import sys

from emoclust_lobes.upstream.errors import UpstreamError

# What SpeechBrain's pyproject.toml depends on
SPEECHBRAIN = {
    "huggingface-hub",
    "hyperpyyaml",
    "joblib",
    "numpy",
    "packaging",
    "requests",
    "scipy",
    "sentencepiece",
    "soundfile",
    "speechbrain",
    "torch",
    "torchaudio",
    "tqdm",
}
_BOUND = re.compile(r'"([\w.-]+)>=([\d.]+)')


def extra_requirements(imported, setup):
    """Write ``extra_requirements.txt``.

    Arguments
    ---------
    imported : set of str
        Top-level packages that the recipe imports.
    setup : str
        Our ``setup.py``, which says from which version on.

    Returns
    -------
    str
        One requirement a line, sorted.

    Raises
    ------
    UpstreamError
        When ``setup.py`` does not know one of them.

    Example
    -------
    >>> setup = '"scikit-learn>=1.5", "torch>=2.11,<2.15"'
    >>> extra_requirements({"os", "sklearn", "torch"}, setup)
    'scikit-learn>=1.5\\n'
    """
    bounds = {_plain(name): x for name, x in _BOUND.findall(setup)}
    names_of = _distributions()
    needed = {
        frozenset(names_of.get(package, {_plain(package)}))
        for package in imported - set(sys.stdlib_module_names)
    }
    needed = {names for names in needed if not names & SPEECHBRAIN}
    bounded = {name for names in needed for name in names & set(bounds)}
    brought = set().union(*(_dependencies(x) for x in bounded | SPEECHBRAIN))
    unknown = [x for x in needed if not x & (bounded | brought)]
    if unknown:
        raise UpstreamError(
            "setup.py gives no lower bound (>=) for "
            f"{sorted(set().union(*unknown))}, which the recipes import: add one"
        )
    return "".join(f"{name}>={bounds[name]}\n" for name in sorted(bounded))


def _distributions():
    """Map the name of each installed package to the distributions with it.

    ``importlib.metadata.packages_distributions`` of Python 3.10 knows only
    those that have a ``top_level.txt``, and so not scikit-learn.
    """
    names_of: dict[str, set[str]] = collections.defaultdict(set)
    for distribution in importlib.metadata.distributions():
        listed = (distribution.read_text("top_level.txt") or "").split()
        found = {
            path.parts[0] if len(path.parts) > 1 else path.stem
            for path in distribution.files or ()
            if path.suffix == ".py"
        }
        for package in listed or found:
            names_of[package].add(_plain(distribution.metadata["Name"]))
    return names_of


def _dependencies(name):
    """List what a distribution always brings along, if it is installed."""
    try:
        requirements = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return set()
    return {
        _plain(re.split(r"[^\w.-]", text, maxsplit=1)[0])
        for text in requirements
        if "extra ==" not in text
    }


def _plain(name):
    """Normalize the name of a distribution, as PEP 503 does."""
    return re.sub(r"[-_.]+", "-", name).lower()
