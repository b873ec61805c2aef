"""The corpora of a cross-corpus experiment, and the classes they share.

``crosscorpus.yaml`` beside the experiment's YAML says how each is called and
prepared, and which shared class each of its emotions is; null leaves it out.
"""

import pathlib
from collections.abc import Callable
from typing import NamedTuple

from data_prep.errors import name_some
from data_prep.manifests.summary import read_summary
from emoclust_lobes.protocol.plan import ProtocolError
from hyperpyyaml import load_hyperpyyaml
from ruamel.yaml.error import YAMLError as RuamelError
from yaml import YAMLError

_PARTS = ("title", "prepare", "emotions")
_UNREADABLE = (
    *(ImportError, KeyError, TypeError, ValueError),
    *(RuamelError, YAMLError),
)


class Corpus(NamedTuple):
    """A corpus, and how its emotions are told in the shared classes.

    ``name`` stands in front of its speakers, ``title`` in tables; ``prepare`` writes the
    manifest of a fold; ``emotions`` maps each to a shared class, or None.
    """

    name: str
    title: str
    prepare: Callable
    emotions: dict
    data_folder: pathlib.Path

    def shared(self, emotions):
        """Tell a manifest's emotions in the shared classes, "" for none."""
        return emotions.map({**self.emotions, "": None}).fillna("")

    def prepare_folds(self, folder):
        """Write the manifests of all folds that are not current to fold_K."""
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
            raise ProtocolError(
                f"{self.title} has the emotions {', '.join(classes)}, and "
                f"crosscorpus.yaml tells of {', '.join(self.emotions)}: they "
                f"differ in {name_some(differ)}. Give each emotion a shared "
                "class, or null to leave it out."
            )


def read_corpora(path, folders, expect_complete=None):
    """Read the shared classes, sorted, and the corpora of an experiment.

    ``folders`` says of those that are used where they lie; ``expect_complete``, unless
    None, replaces the file's key.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ProtocolError(f"there is no {path}, where the corpora stand")
    overrides = {"expect_complete": expect_complete}
    if expect_complete is None:
        overrides = {}
    with open(path, encoding="utf-8") as stream:
        try:
            known = load_hyperpyyaml(stream, overrides)
            classes, entries = sorted(known["classes"]), known["corpora"]
        except _UNREADABLE as error:
            raise ProtocolError(
                f"{path} cannot be read as classes, expect_complete and "
                f"corpora: {error}"
            ) from error
    corpora = []
    for name, folder in folders.items():
        if name not in entries:
            raise ProtocolError(
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
        raise ProtocolError(
            f"{where} is no name: folders and speakers are called by it, so "
            "use letters, digits and _"
        )
    if set(entry) != set(_PARTS):
        raise ProtocolError(
            f"{where} has {', '.join(entry)}; a corpus has {', '.join(_PARTS)}"
        )
    reached = set(entry["emotions"].values()) - {None}
    unknown, lacking = reached - set(classes), set(classes) - reached
    if unknown or lacking:
        raise ProtocolError(
            f"{where}: its emotions become {', '.join(sorted(reached))}, and "
            f"the shared classes are {', '.join(classes)}: each of these "
            "needs an emotion of every corpus"
        )
