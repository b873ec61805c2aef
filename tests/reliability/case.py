"""What a case of a bad corpus is, and the small good corpora it starts from."""

import dataclasses
import os
import shutil
from collections.abc import Callable

import numpy
import soundfile

YAML = """\
seed: 1
data_folder: !PLACEHOLDER
output_folder: results
fold: 1
pools: [own]
speaker_encoder: stats
n_clusters: 2
manifest_folder: !ref <output_folder>/manifest
embedding_folder: !ref <output_folder>/embeddings
cluster_folder: !ref <output_folder>/clusters
{more}
prepare: !name:data_prep.{prepare}
    data_folder: !ref <data_folder>
    manifest_folder: !ref <manifest_folder>
    fold: !ref <fold>
{arguments}
sources: !new:data_prep.Sources
    pools: !ref <pools>
    data_folder: !ref <data_folder>
    manifest_folder: !ref <manifest_folder>
embed: !name:emoclust_lobes.embeddings.embed_utterances
    embedding_folder: !ref <embedding_folder>
    encoder: !ref <speaker_encoder>
cluster: !name:emoclust_lobes.clustering.cluster_utterances
    embedding_folder: !ref <embedding_folder>
    encoder: !ref <speaker_encoder>
    cluster_folder: !ref <cluster_folder>
    n_clusters: !ref <n_clusters>
    n_init: 1
"""
RARE = (
    "Every class has to be in each split: choose another fold or number of "
    "folds, or classes that more speakers have."
)
PART = {"expect_complete": False}
KEYS = {  # of each corpus: its function, and further keys
    "folders": (
        "prepare_generic",
        {"table": "null", "folds": 3, "classes": "all"},
    ),
    "cremad": ("prepare_cremad", {"label_source": "intended", **PART}),
    "ravdess": ("prepare_ravdess", PART),
    "iemocap": ("prepare_iemocap", PART),
}


@dataclasses.dataclass
class Case:
    """A good corpus, what is done to it, and what is said about it.

    ``damage`` changes the folder of the corpus; of the ``message`` (None where all is
    well) {folder} is that, {outside} the folder above it, {yaml} the YAML, {here} the
    current folder. ``base`` is a key of ``KEYS``; ``command`` prepare or clusters.
    """

    name: str
    damage: Callable
    message: str | None = None
    base: str = "folders"
    command: str = "prepare"
    options: dict = dataclasses.field(default_factory=dict)


def yaml_of(base):
    """The YAML of an experiment on a corpus, without the models."""
    prepare, keys = KEYS[base]
    return YAML.format(
        prepare=prepare,
        more="\n".join(f"{key}: {value}" for key, value in keys.items()),
        arguments="\n".join(f"    {key}: !ref <{key}>" for key in keys),
    )


def sound(path, samples=800, rate=16000, channels=1, scale=0.1, **kwargs):
    """Write a recording of noise, another for each name; replace a link."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    name = os.fsencode("/".join(path.parts[-3:]))
    random = numpy.random.default_rng(list(name))
    noise = random.normal(0, scale, (samples, channels))
    soundfile.write(path, noise, rate, **kwargs)
    return path


def text(path, content, encoding="utf-8"):
    """Write a text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding=encoding, newline="")
    return path


def nothing(folder):
    """Leave the corpus as it is."""


def remove(name):
    """Damage: a file or folder of this name is not there."""

    def damage(folder):
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


def make_folders(folder):
    """Three speakers, two emotions, two recordings of each."""
    for speaker in ("Ann", "Kim", "Lee"):
        for emotion in ("happy", "sad"):
            for take in (1, 2):
                sound(folder / speaker / emotion / f"{take}.wav")


def make_cremad(folder):
    """Three actors and six emotions, with both tables."""
    actors = (1001, 1019, 1037)
    clips = [
        f"{actor}_DFA_{emotion}_XX"
        for actor in actors
        for emotion in ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
    ]
    for clip in clips:
        sound(folder / f"AudioWAV/{clip}.wav")
    rows = [f"{actor},30,Female\n" for actor in actors]
    text(folder / "VideoDemographics.csv", "ActorID,Age,Sex\n" + "".join(rows))
    rows = [f"{clip},{clip.split('_')[2][0]}\n" for clip in clips]
    votes = folder / "processedResults/summaryTable.csv"
    text(votes, "FileName,VoiceVote\n" + "".join(rows))


def make_ravdess(folder):
    """Three actors and eight emotions."""
    for actor in (1, 2, 3):
        for emotion in range(1, 9):
            name = f"03-01-{emotion:02d}-01-01-01-{actor:02d}.wav"
            sound(folder / f"Actor_{actor:02d}" / name)


def make_iemocap(folder):
    """Ten speakers and four emotions, a dialogue of each session."""
    for session in range(1, 6):
        dialogue = f"Ses{session:02d}F_impro01"
        lines = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n"]
        for speaker in "FM":
            for number, emotion in enumerate(("ang", "hap", "neu", "sad")):
                turn = f"{dialogue}_{speaker}{number:03d}"
                place = f"Session{session}/sentences/wav/{dialogue}"
                sound(folder / place / f"{turn}.wav")
                lines.append(f"[0.0 - 1.0]\t{turn}\t{emotion}\t[2, 2, 2]\n")
        place = f"Session{session}/dialog/EmoEvaluation"
        text(folder / place / f"{dialogue}.txt", "\n".join(lines))


MAKERS = {
    "folders": make_folders,
    "cremad": make_cremad,
    "ravdess": make_ravdess,
    "iemocap": make_iemocap,
}
