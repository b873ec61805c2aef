"""The synthetic corpora: do their trees look like the real ones?"""

import csv
import re

import numpy as np
import pytest
import soundfile
from emoclust_lobes.synthetic import (
    make_cremad,
    make_iemocap,
    make_pool,
    make_ravdess,
)
from emoclust_lobes.synthetic.cremad import CROWD, draw_vote, spread_actors
from emoclust_lobes.synthetic.voice import generator
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_mutual_info_score, recall_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from voice_oracles import level_db, mel_statistics, pitch_track

TABLES = (
    "VideoDemographics.csv",
    "SentenceFilenames.csv",
    "processedResults/summaryTable.csv",
)


@pytest.fixture(scope="module")
def ravdess(tmp_path_factory):
    """Folder and counts of a small RAVDESS."""
    folder = tmp_path_factory.mktemp("synthetic") / "RAVDESS"
    return folder, make_ravdess(folder, n_speakers=6)


@pytest.fixture(scope="module")
def cremad(tmp_path_factory):
    """Folder and counts of a small CREMA-D."""
    folder = tmp_path_factory.mktemp("synthetic") / "CREMA-D"
    return folder, make_cremad(folder, n_speakers=10, n_sentences=2)


def test_ravdess_has_the_official_names_and_the_counts_it_reports(ravdess):
    folder, counts = ravdess
    assert list(counts) == [f"Actor_{actor:02d}" for actor in range(1, 7)]
    for actor, labels in counts.items():
        pattern = rf"03-01-0([1-8])-0([12])-0[12]-0[12]-{actor[-2:]}\.wav"
        names = [path.name for path in (folder / actor).iterdir()]
        parts = [re.fullmatch(pattern, name).groups() for name in names]
        assert len(names) == 60 and ("1", "2") not in parts
        assert labels.pop("neu") == 4 and list(labels.values()) == [8] * 7
        neutral = sorted(folder.glob(f"{actor}/03-01-01-*"))
        takes = [pitch_track(soundfile.read(path)[0]) for path in neutral]
        is_man = np.median(np.concatenate(takes)) < 165
        assert is_man == (int(actor[-2:]) % 2 == 1)


def assert_official_votes(table):
    for row in table:
        for mode in CROWD:
            letters = row[f"{mode}Vote"].split(":")
            levels = row[f"{mode}Level"].split(":")
            assert len(levels) == len(letters)
            assert letters == sorted(letters) and set(letters) <= set("NHSAFD")
            assert all(0 <= float(level) <= 100 for level in levels)


def read_tables(folder):
    for table in TABLES:
        with open(folder / table, newline="") as stream:
            yield list(csv.DictReader(stream))


def test_cremad_has_the_official_names_tables_and_five_blocks(cremad):
    folder, counts = cremad
    clips = {path.stem for path in folder.glob("AudioWAV/*.wav")}
    assert len(clips) == 220 == sum(sum(c.values()) for c in counts.values())
    pattern = r"10\d\d_(IEO_(NEU_XX|(HAP|SAD|ANG|FEA|DIS)_(LO|MD|HI))|TIE_(NEU|HAP|SAD|ANG|FEA|DIS)_XX)"
    assert all(re.fullmatch(pattern, clip) for clip in clips)
    people, stimuli, votes = read_tables(folder)
    assert {row["FileName"] for row in votes} == clips
    assert [row[""] for row in votes] == [str(i + 1) for i in range(220)]
    assert_official_votes(votes)
    assert {row["Filename"] for row in stimuli} == clips
    assert {row["ActorID"] for row in people} == set(counts)
    blocks = {((int(x["ActorID"]) - 1001) // 18, x["Sex"]) for x in people}
    assert len(blocks) == 10  # a woman and a man of each

    names = [speaker.name for speaker in spread_actors(91, seed=1)]
    assert names == [str(actor) for actor in range(1001, 1092)]


def test_cremad_tables_look_like_the_official_ones(cremad, emoclust_data):
    official = emoclust_data / "crema_d"
    for name in TABLES:
        ours = (cremad[0] / name).read_bytes().split(b"\n")
        theirs = (official / name).read_bytes().split(b"\n")
        assert ours[0] == theirs[0]
        cell = rb'[^",]+'
        shapes = {re.sub(cell, b"x", line) for line in ours[1:-1]}
        assert shapes == {re.sub(cell, b"x", theirs[1])}
    *_, votes = read_tables(official)
    assert_official_votes(votes)


@pytest.mark.parametrize(
    "mode, agree, ties",
    [("Voice", 0.42, 0.09), ("Face", 0.66, 0.06), ("MultiModal", 0.72, 0.06)],
)
def test_crowd_agrees_and_ties_about_as_often_as_the_real_one(
    mode, agree, ties
):
    letters = ["N"] * 1087 + list("HSAFD") * 1271  # as in the corpus
    votes = [
        draw_vote(letter, *CROWD[mode], generator(mode, i))[0]
        for i, letter in enumerate(letters)
    ]
    same = np.mean(np.array(votes) == letters)
    assert same == pytest.approx(agree, abs=0.03)
    assert np.mean([":" in v for v in votes]) == pytest.approx(ties, abs=0.02)


def test_iemocap_has_labels_of_recordings_and_the_release_s_traps(tmp_path):
    folder = tmp_path
    counts = make_iemocap(folder, n_per_emotion=3, n_outside=3)
    found = {speaker: {} for speaker in counts}
    turn_line = re.compile(
        r"^\[(\d+\.\d{4}) - (\d+\.\d{4})\]\t(\S+)\t(\w{3})"
        r"\t\[\d\.\d{4}, \d\.\d{4}, \d\.\d{4}\]$",
        re.MULTILINE,
    )
    for path in folder.glob("Session?/dialog/EmoEvaluation/Ses*.txt"):
        turns = turn_line.findall(path.read_text())
        clock, voices = 0.0, set()
        for start, stop, turn, label in turns:
            wavs = path.parents[2] / "sentences/wav" / path.stem
            audio, rate = soundfile.read(wavs / f"{turn}.wav")
            duration = float(stop) - float(start)
            assert len(audio) / rate == pytest.approx(duration, abs=2e-4)
            assert float(start) > clock
            clock = float(stop)
            speaker = turn[:5] + turn.split("_")[-1][0]
            voices.add(speaker)
            found[speaker][label] = found[speaker].get(label, 0) + 1
            if label == "neu":
                is_high = np.median(pitch_track(audio)) > 165
                assert is_high == (speaker[-1] == "F")
        assert len(voices) == 2
        words = path.parents[1] / "transcriptions" / path.name
        assert len(words.read_text().splitlines()) == len(turns)
    assert found == counts

    files = list(folder.glob("Session?/dialog/EmoEvaluation/._*.txt"))
    assert len(files) == 11
    with pytest.raises(UnicodeDecodeError):
        files[0].read_text(encoding="utf-8")
    for annotators in ("Categorical", "Attribute"):
        assert list(folder.glob(f"Session?/dialog/*/{annotators}/*.txt"))
    turns = {path.stem for path in folder.rglob("*.wav")}
    suffixed = {turn for turn in turns if re.search(r"\d[ab]_[FM]\d", turn)}
    assert {turn[-4] for turn in suffixed} == {"F", "M"}
    assert counts["Ses03M"].keys() > {"neu", "hap", "exc", "sad", "ang"}
    assert counts["Ses03M"]["fru"] == counts["Ses03M"]["xxx"] == 1


def test_pool_has_speakers_sessions_and_no_labels(tmp_path):
    counts = make_pool(tmp_path, n_speakers=2, n_sessions=2, n_utterances=9)
    clips = sorted(tmp_path.rglob("*.wav"))
    places = [clip.relative_to(tmp_path).parts[:2] for clip in clips]
    sessions = [(x, f"session{i}") for x in counts for i in (1, 2)]
    assert places == [session for session in sessions for _ in range(9)]
    # Before the speech there is the room: each session has its own.
    floors = [level_db(soundfile.read(clip)[0][:1000]) for clip in clips]
    floors = np.reshape(floors, (4, 9))
    assert np.ptp(floors, axis=1).max() < np.ptp(floors.mean(axis=1))


def test_emotions_are_clusters_and_can_be_told_but_overlap(ravdess):
    paths = sorted(ravdess[0].glob("Actor_*/*.wav"))
    vectors = np.array([mel_statistics(path) for path in paths])
    emotions = np.array([path.stem[6:8] for path in paths])
    speakers = np.array([path.parent.name for path in paths])

    def uar(labels, groups):
        classifier = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.1, max_iter=2000)
        )
        predicted = cross_val_predict(
            classifier, vectors, labels, groups=groups, cv=GroupKFold(4)
        )
        return recall_score(labels, predicted, average="macro")

    assert uar(speakers, np.arange(len(paths))) > 0.5  # chance is .17
    agreement = []
    for speaker in set(speakers):
        mine = speakers == speaker
        clusters = KMeans(8, n_init=3, random_state=0).fit_predict(
            vectors[mine]
        )
        agreement.append(adjusted_mutual_info_score(emotions[mine], clusters))
        vectors[mine] -= vectors[mine].mean(axis=0)
    assert 0.2 < np.mean(agreement) < 0.8
    assert 0.4 < uar(emotions, speakers) < 0.9
    assert uar(generator(1).permutation(emotions), speakers) < 0.22
