"""Miniatures of every corpus, and how each is asked."""

import importlib.util
import pathlib
import re
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import data_prep
import numpy
import soundfile
from emoclust_lobes import synthetic as testing

DOCS = pathlib.Path(__file__).parents[2] / "docs" / "add_a_corpus.md"


def template_module():
    """Import the module that the documentation shows."""
    code = re.search(r"```python\n(.*?)```", DOCS.read_text(), re.S)[1]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "tiny.py"
        path.write_text(code)
        spec = importlib.util.spec_from_file_location("tiny", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def make_tiny(folder):
    """Make the tree of the documentation's example."""
    for speaker in ("ann", "bob", "eve", "jim", "kim", "lee"):
        for clip in range(6):
            emotion = ("angry", "happy", "neutral")[clip % 3]
            path = folder / speaker / f"{speaker}_s{clip // 3 + 1}_{emotion}"
            path.parent.mkdir(parents=True, exist_ok=True)
            random = numpy.random.default_rng([clip, *speaker.encode()])
            noise = random.normal(0, 0.1, 800 + clip)
            soundfile.write(f"{path}.wav", noise, 16000)
    counts = {"ang": 2, "hap": 2, "neu": 2}
    return {x.name: counts for x in folder.iterdir()}


def twin_file(root):
    """Put a recording beside itself in another format."""
    path = min(root.rglob("*.wav"))
    audio, rate = soundfile.read(path)
    soundfile.write(path.with_suffix(".flac"), audio, rate)


def twin_folder(root):
    """Put a recording into another folder, too."""
    path = min(root.rglob("*.wav"))
    (path.parent / "again").mkdir()
    shutil.copy(path, path.parent / "again")


def twin_row(root):
    """List a recording twice."""
    table = min(root.rglob("*.csv"))
    lines = table.read_text().splitlines()
    table.write_text("\n".join([*lines, lines[1], ""]))


class Corpus(NamedTuple):
    """How a corpus is asked; ``make`` returns ``counts[speaker][label]``."""

    prepare: Callable
    make: Callable
    n_folds: int  # of the miniature
    class_sets: dict  # the emotions of each value of ``classes``
    default: object  # which of these is the default
    options: dict = {}  # further arguments
    codes: dict = {}  # emotion of a label, where they are called otherwise
    left_out: tuple = ()  # speakers of the tree who are in no split
    partial: bool = True  # whether the miniature is a part of the corpus
    develops: bool = True  # whether there are development speakers
    duplicate: Callable = twin_file  # puts an utterance into the tree again


BIG_FOUR = ("ang", "hap", "neu", "sad")
BIG_SIX = ("ang", "dis", "fea", "hap", "neu", "sad")
WITH_SURPRISE = (*BIG_SIX, "sur")
MSP_CODES = dict(
    zip("ACDFHNSU", "ang con dis fea hap neu sad sur".split(), strict=True)
)
USERS = ("angry", "happy", "neutral", "sad")
GENERIC = Corpus(
    prepare=data_prep.prepare_generic,
    make=partial(testing.make_generic, n_speakers=4, n_sentences=1),
    n_folds=3,
    class_sets={"all": USERS, ("happy", "sad"): ("happy", "sad")},
    default="all",
    options={"folds": 3},
    partial=False,
)
CORPORA = {
    "cremad": Corpus(
        prepare=data_prep.prepare_cremad,
        make=partial(testing.make_cremad, n_speakers=5, n_sentences=1),
        n_folds=5,
        class_sets={4: BIG_FOUR, 6: BIG_SIX},
        default=6,
        duplicate=twin_folder,
    ),
    "emodb": Corpus(
        prepare=data_prep.prepare_emodb,
        make=partial(testing.make_emodb, n_sentences=1),
        n_folds=5,
        class_sets={4: BIG_FOUR, 7: (*BIG_SIX, "bor")},
        default=7,
    ),
    "esd": Corpus(
        prepare=data_prep.prepare_esd,
        make=partial(testing.make_esd, n_speakers=10),
        n_folds=5,
        class_sets={5: (*BIG_FOUR, "sur")},
        default=5,
        options={"language": "all"},
    ),
    "generic folders": GENERIC,
    "generic table": GENERIC._replace(
        options={"folds": 3, "table": "recordings.csv"}, duplicate=twin_row
    ),
    "iemocap": Corpus(
        prepare=data_prep.prepare_iemocap,
        make=partial(testing.make_iemocap, n_per_emotion=1, n_outside=1),
        n_folds=5,
        class_sets={4: BIG_FOUR},
        default=4,
        codes={"exc": "hap"},
        duplicate=twin_folder,
    ),
    "msp_podcast": Corpus(
        prepare=data_prep.prepare_msp_podcast,
        make=testing.make_msp_podcast,
        n_folds=1,
        class_sets={4: BIG_FOUR, 8: tuple(MSP_CODES.values())},
        default=4,
        codes=MSP_CODES,
        left_out=("6", "Unknown"),  # of Test2
        partial=False,
        duplicate=twin_row,
    ),
    "ravdess": Corpus(
        prepare=data_prep.prepare_ravdess,
        make=partial(
            testing.make_ravdess, n_speakers=3, n_statements=1, n_repetitions=1
        ),
        n_folds=3,
        class_sets={8: (*WITH_SURPRISE, "cal")},
        default=8,
    ),
    "savee": Corpus(
        prepare=data_prep.prepare_savee,
        make=partial(testing.make_savee, n_sentences=1),
        n_folds=4,
        class_sets={7: WITH_SURPRISE},
        default=7,
    ),
    "tess": Corpus(
        prepare=data_prep.prepare_tess,
        make=partial(testing.make_tess, n_words=2),
        n_folds=2,
        class_sets={7: WITH_SURPRISE},
        default=7,
        develops=False,
    ),
    "template": Corpus(
        prepare=template_module().prepare_tiny,
        make=make_tiny,
        n_folds=3,
        class_sets={3: ("ang", "hap", "neu")},
        default=3,
        partial=False,
    ),
}
