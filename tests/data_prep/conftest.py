"""Corpus trees with a breath of noise behind the real names, and manifests."""

import os
import shutil
import types

import numpy
import pytest
import soundfile
from data_prep import prepare_cremad

SENTENCES = ("DFA", "IEO")
EMOTIONS = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
IEMOCAP_LABELS = ("ang", "hap", "exc", "neu", "sad", "fru", "xxx")


def write_noise(path, samples=800, rate=16000, channels=1, **kwargs):
    """Write other noise for each name, in the format of its ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = [samples, *os.fsencode("/".join(path.parts[-4:]))]
    noise = numpy.random.default_rng(seed).normal(0, 0.1, (samples, channels))
    soundfile.write(path, noise, rate, **kwargs)
    return path


def write_text(path, text):
    """Write a text file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def make_cremad(folder, actors, votes=None):
    """Two sentences in six emotions by each actor, and both tables."""
    clips = [
        f"{actor}_{sentence}_{emotion}_XX"
        for actor in actors
        for sentence in SENTENCES
        for emotion in EMOTIONS
    ]
    for number, clip in enumerate(clips):
        write_noise(folder / f"AudioWAV/{clip}.wav", 800 + number)
    sexes = (f'{x},30,"{("Female", "Male")[int(x) % 2]}"' for x in actors)
    write_text(
        folder / "VideoDemographics.csv",
        "\n".join(['"ActorID","Age","Sex"', *sexes]),
    )
    rows = []
    for number, clip in enumerate(clips):
        vote = (votes or {}).get(clip, clip.split("_")[2][0])
        rows.append(f'"{number}","{clip}","{vote}","N","{vote}"')
    write_text(
        folder / "processedResults/summaryTable.csv",
        "\n".join(
            ['"","FileName","VoiceVote","FaceVote","MultiModalVote"', *rows]
        ),
    )
    return folder


def make_ravdess(folder, actors):
    """Both sentences in all emotions by each actor."""
    for actor in actors:
        for emotion in range(1, 9):
            for sentence in (1, 2):
                name = f"03-01-{emotion:02d}-01-{sentence:02d}-01-{actor:02d}"
                write_noise(folder / f"Actor_{actor:02d}/{name}.wav", 800)
    return folder


def make_iemocap(folder, turns=None):
    """The turns that are given, or some of each label by each speaker."""
    if turns is None:
        turns = {
            f"Ses{session:02d}{wearer}_impro0{n % 3}a_{speaker}{n:03d}": label
            for session in range(1, 6)
            for wearer in "FM"
            for speaker in "FM"
            for n, label in enumerate(IEMOCAP_LABELS)
        }
    lines = {}
    for number, (turn, label) in enumerate(turns.items()):
        session, dialogue = f"Session{int(turn[3:5])}", turn.rpartition("_")[0]
        write_noise(
            folder / session / "sentences/wav" / dialogue / f"{turn}.wav",
            800 + number,
        )
        lines.setdefault((session, dialogue), []).append(
            f"[{number}.0000 - {number + 1}.0000]\t{turn}\t{label}\t"
            "[2.5000, 2.5000, 2.5000]\nC-E2:\tNeutral;\t()\n"
        )
    for (session, dialogue), text in lines.items():
        labels = folder / session / "dialog/EmoEvaluation"
        head = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
        write_text(labels / f"{dialogue}.txt", head + "\n".join(text))
        (labels / f"._{dialogue}.txt").write_bytes(
            b"\0\5\x16\7Mac OS X\xff\xfe"
        )
        write_text(labels / "Categorical" / f"{dialogue}_e2_cat.txt", "no turn")
    return folder


def write_similar(folder, names):
    """Write much the same recording, another last sample, under many names."""
    source = write_noise(folder / "one.wav")
    content = source.read_bytes()
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[:-3] + number.to_bytes(3, "little"))
    source.unlink()
    return folder


@pytest.fixture(scope="session")
def make():
    """Return the functions that write trees."""
    return types.SimpleNamespace(
        noise=write_noise,
        text=write_text,
        cremad=make_cremad,
        ravdess=make_ravdess,
        iemocap=make_iemocap,
        similar=write_similar,
    )


@pytest.fixture(scope="session")
def cremad(tmp_path_factory):
    """Ten actors, two of each official block: do not change it."""
    actors = (1001, 1002, 1019, 1020, 1037, 1038, 1055, 1056, 1073, 1091)
    return make_cremad(tmp_path_factory.mktemp("data") / "CREMA-D", actors)


@pytest.fixture(scope="session")
def ravdess(tmp_path_factory):
    """Six actors, who do not fill the official blocks: do not change it."""
    return make_ravdess(
        tmp_path_factory.mktemp("data") / "RAVDESS", range(1, 7)
    )


@pytest.fixture(scope="session")
def iemocap(tmp_path_factory):
    """Ten speakers with seven labels: do not change it."""
    return make_iemocap(
        tmp_path_factory.mktemp("data") / "IEMOCAP_full_release"
    )


@pytest.fixture
def fold(cremad, tmp_path):
    """A prepared fold: the corpus' folder and the manifest's."""
    folder = tmp_path / "manifest"
    prepare_cremad(cremad, folder, expect_complete=False)
    return cremad, folder


@pytest.fixture
def voxceleb(make, tmp_path):
    """Two speakers, two videos each, in two formats."""
    root = tmp_path / "voxceleb"
    for name in (
        "id1/video1/00001.wav",
        "id1/video2/00001.wav",
        "id2/video3/00001.wav",
        "id2/video4/00001.flac",
    ):
        make.noise(root / name)
    return root


@pytest.fixture
def prepared(cremad, tmp_path):
    """A corpus to change and its manifest."""
    corpus = shutil.copytree(cremad, tmp_path / "corpus")
    folder = tmp_path / "manifest"
    prepare_cremad(corpus, folder, expect_complete=False)
    return corpus, folder
