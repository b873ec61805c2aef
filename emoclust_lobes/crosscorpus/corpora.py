"""The corpora of a cross-corpus experiment, and the classes they share.

They stand in ``crosscorpus.yaml`` beside the experiment's YAML: ``classes``,
the shared ones, and below ``corpora`` name -> ``title``, ``prepare``, the
function of ``data_prep`` with its arguments, and ``emotions``, which says of
every emotion of the corpus which shared class it is; null leaves it out.
"""

import pathlib
from collections.abc import Callable
from typing import NamedTuple

from data_prep.errors import EmoclustError, name_some
from data_prep.manifests.summary import read_summary
from hyperpyyaml import load_hyperpyyaml
from ruamel.yaml.error import YAMLError as RuamelError
from yaml import YAMLError

_PARTS = ("title", "prepare", "emotions")
_UNREADABLE = (
    ImportError,
    KeyError,
    RuamelError,
    TypeError,
    ValueError,
    YAMLError,
)


class CrossCorpusError(EmoclustError):
    """A cross-corpus experiment cannot be run; says why and what to do."""


class Corpus(NamedTuple):
    """A corpus, and how its emotions are told in the shared classes.

    Arguments
    ---------
    name : str
        In front of its utterances and speakers, so that those of two corpora
        are never taken for one.
    title : str
        As tables and figures call it.
    prepare : callable
        Writes the manifest of a fold; takes ``data_folder``,
        ``manifest_folder`` and ``fold``.
    emotions : dict
        Emotion of the corpus -> shared class, or ``None``.
    data_folder : pathlib.Path
        Where it lies, links followed.

    Example
    -------
    >>> from data_prep import prepare_emodb
    >>> emotions = {"ang": "ang", "bor": None}
    >>> folder = pathlib.Path("/data/EMO-DB")
    >>> Corpus("emodb", "EMO-DB", prepare_emodb, emotions, folder).title
    'EMO-DB'
    """

    name: str
    title: str
    prepare: Callable
    emotions: dict
    data_folder: pathlib.Path

    def shared(self, emotions):
        """Tell emotions in the shared classes.

        Arguments
        ---------
        emotions : pandas.Series
            As in a manifest of the corpus, "" where unlabeled.

        Returns
        -------
        pandas.Series
            "" where unlabeled or left out.

        Example
        -------
        >>> import pandas
        >>> tiny = Corpus("tiny", "", None, {"exc": "hap", "cal": None}, None)
        >>> tiny.shared(pandas.Series(["exc", "cal", ""])).tolist()
        ['hap', '', '']
        """
        return emotions.map({**self.emotions, "": None}).fillna("")

    def prepare_folds(self, folder):
        """Write the manifests of all folds that are not current.

        Arguments
        ---------
        folder : pathlib.Path
            They go to ``fold_1``, ``fold_2``, ... in it.

        Returns
        -------
        list of pathlib.Path
            Theirs, in order.

        Raises
        ------
        CrossCorpusError
            When ``emotions`` does not name the emotions that there are.
        ManifestError
            When the corpus cannot be prepared.
        """
        folders: list[pathlib.Path] = []
        n_folds = 1
        while len(folders) < n_folds:
            fold = len(folders) + 1
            folders.append(folder / f"fold_{fold}")
            self.prepare(
                data_folder=str(self.data_folder),
                manifest_folder=folders[-1],
                fold=fold,
            )
            summary = read_summary(folders[-1])
            n_folds = summary["folds"]
            self._check_emotions(summary["classes"])
        return folders

    def _check_emotions(self, classes):
        """Raise unless it is said of every emotion what becomes of it."""
        differ = sorted(set(classes) ^ set(self.emotions))
        if differ:
            raise CrossCorpusError(
                f"{self.title} has the emotions {', '.join(classes)}, and "
                f"crosscorpus.yaml tells of {', '.join(self.emotions)}: they "
                f"differ in {name_some(differ)}. Give each emotion a shared "
                "class, or null to leave it out."
            )


def read_corpora(path, folders, expect_complete=None):
    """Read the corpora of an experiment.

    Arguments
    ---------
    path : str or pathlib.Path
        ``crosscorpus.yaml``.
    folders : dict
        Name of a corpus -> the folder that it lies in; these are used.
    expect_complete : bool or None
        Whether a part of a corpus is an error, in place of what the file's
        key of this name says; ``None`` leaves it to the file.

    Returns
    -------
    classes : list of str
        The shared classes, sorted.
    corpora : list of Corpus
        In the order of ``folders``.

    Raises
    ------
    CrossCorpusError
        When the file is not there or cannot be read, has no such corpus, or
        says something else of it, or when a corpus lacks a shared class.

    Example
    -------
    >>> path = getfixture("tmp_path") / "crosscorpus.yaml"
    >>> _ = path.write_text(
    ...     "classes: [ang, sad]\\n"
    ...     "expect_complete: True\\n"
    ...     "corpora:\\n"
    ...     "  a:\\n"
    ...     "    title: A\\n"
    ...     "    prepare: !name:data_prep.prepare_generic\\n"
    ...     "    emotions: {anger: ang, sadness: sad, boredom: null}\\n"
    ... )
    >>> classes, (corpus,) = read_corpora(path, {"a": "/data/A"})
    >>> classes, corpus.title
    (['ang', 'sad'], 'A')
    >>> read_corpora(path, {"b": "/data/B"})
    Traceback (most recent call last):
    ...
    emoclust_lobes.crosscorpus.corpora.CrossCorpusError: ... has no corpus \
'b': choose of a
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise CrossCorpusError(f"there is no {path}, where the corpora stand")
    overrides = {"expect_complete": expect_complete}
    if expect_complete is None:
        overrides = {}
    with open(path, encoding="utf-8") as stream:
        try:
            known = load_hyperpyyaml(stream, overrides)
            classes, entries = sorted(known["classes"]), known["corpora"]
        except _UNREADABLE as error:
            raise CrossCorpusError(
                f"{path} cannot be read as classes, expect_complete and "
                f"corpora: {error}"
            ) from error
    corpora = []
    for name, folder in folders.items():
        if name not in entries:
            raise CrossCorpusError(
                f"{path} has no corpus {name!r}: choose of {', '.join(entries)}"
            )
        entry = entries[name]
        _check_entry(f"{path}: {name}", name, entry, classes)
        data_folder = pathlib.Path(folder).resolve()
        corpora.append(Corpus(name=name, **entry, data_folder=data_folder))
    return classes, corpora


def _check_entry(where, name, entry, classes):
    """Raise unless an entry is whole and reaches every shared class."""
    if not str(name).isidentifier():
        raise CrossCorpusError(
            f"{where} is no name: folders and speakers are called by it, so "
            "use letters, digits and _"
        )
    if set(entry) != set(_PARTS):
        raise CrossCorpusError(
            f"{where} has {', '.join(entry)}; a corpus has {', '.join(_PARTS)}"
        )
    reached = set(entry["emotions"].values()) - {None}
    unknown, lacking = reached - set(classes), set(classes) - reached
    if unknown or lacking:
        raise CrossCorpusError(
            f"{where}: its emotions become {', '.join(sorted(reached))}, and "
            f"the shared classes are {', '.join(classes)}: each of these "
            "needs an emotion of every corpus"
        )
