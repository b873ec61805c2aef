"""The synthetic corpora: do their trees look like the real ones?"""

import csv
import re

import numpy as np
import pytest
import soundfile
from emoclust_lobes.synthetic import (
    generator,
    make_cremad,
    make_iemocap,
    make_pool,
    make_ravdess,
)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tree_digest import digest
from voice_oracles import level_db, pitch_track


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


@pytest.fixture(scope="module")
def iemocap(tmp_path_factory):
    """Folder and counts of a small IEMOCAP."""
    folder = tmp_path_factory.mktemp("synthetic") / "IEMOCAP_full_release"
    return folder, make_iemocap(folder, n_per_emotion=3, n_outside=3)


def test_ravdess_has_the_official_names_and_the_counts_it_reports(ravdess):
    folder, counts = ravdess
    names = [path.name for path in folder.glob("Actor_*/*")]
    pattern = r"03-01-0([1-8])-0([12])-0[12]-0[12]-(\d\d)\.wav"
    parts = [re.fullmatch(pattern, name).groups() for name in names]
    assert len(names) == len(set(names)) == 60 * 6
    assert ("1", "2") not in {part[:2] for part in parts}
    assert (
        {f"Actor_{part[2]}" for part in parts}
        == set(counts)
        == {f"Actor_{actor:02d}" for actor in range(1, 7)}
    )
    for actor in counts:
        assert len(list(folder.glob(f"{actor}/*-{actor[-2:]}.wav"))) == 60
        assert counts[actor]["neu"] == 4
        assert set(counts[actor].values()) == {4, 8}
        assert sum(counts[actor].values()) == 60


def test_odd_ravdess_actors_are_men(ravdess):
    folder, _ = ravdess
    for actor in range(1, 7):
        neutral = sorted(folder.glob(f"Actor_{actor:02d}/03-01-01-*"))
        takes = [pitch_track(soundfile.read(path)[0]) for path in neutral]
        assert (np.median(np.concatenate(takes)) < 165) == (actor % 2 == 1)


def read_csv(path):
    with open(path, newline="") as stream:
        return list(csv.DictReader(stream))


VOTES = ["VoiceVote", "FaceVote", "MultiModalVote"]


def assert_official_vote(row, column):
    letters = row[column].split(":")
    levels = row[column.replace("Vote", "Level")].split(":")
    assert len(levels) == len(letters)
    assert letters == sorted(letters) and set(letters) <= set("NHSAFD")
    assert all(0 <= float(level) <= 100 for level in levels)


def test_cremad_has_the_official_names_tables_and_five_blocks(cremad):
    folder, counts = cremad
    clips = {path.stem for path in folder.glob("AudioWAV/*.wav")}
    assert (
        len(clips) == 10 * 22 == sum(sum(c.values()) for c in counts.values())
    )
    pattern = r"10\d\d_(IEO_(NEU_XX|(HAP|SAD|ANG|FEA|DIS)_(LO|MD|HI))|TIE_(NEU|HAP|SAD|ANG|FEA|DIS)_XX)"
    assert all(re.fullmatch(pattern, clip) for clip in clips)
    for clip in clips:
        counts[clip[:4]][clip[9:12].lower()] += 0  # KeyError when not there

    votes = read_csv(folder / "processedResults/summaryTable.csv")
    assert {row["FileName"] for row in votes} == clips
    assert [row[""] for row in votes] == [str(i + 1) for i in range(220)]
    for row in votes:
        for column in VOTES:
            assert_official_vote(row, column)
    assert any(":" in row[column] for row in votes for column in VOTES)
    stimuli = read_csv(folder / "SentenceFilenames.csv")
    assert {row["Filename"] for row in stimuli} == clips

    people = read_csv(folder / "VideoDemographics.csv")
    assert {row["ActorID"] for row in people} == set(counts)
    blocks = [(int(row["ActorID"]) - 1001) // 18 for row in people]
    assert np.bincount(blocks).tolist() == [2] * 5
    for block in range(5):
        sexes = {
            p["Sex"] for p, b in zip(people, blocks, strict=True) if b == block
        }
        assert sexes == {"Female", "Male"}


def test_all_91_cremad_actors_can_be_asked_for():
    from emoclust_lobes.synthetic.cremad import _spread_actors

    names = [speaker.name for speaker in _spread_actors(91, seed=1)]
    assert names == [str(actor) for actor in range(1001, 1092)]


def test_cremad_tables_look_like_the_official_ones(cremad, emoclust_data):
    folder, _ = cremad
    official = emoclust_data / "crema_d"
    for name in (
        "VideoDemographics.csv",
        "SentenceFilenames.csv",
        "processedResults/summaryTable.csv",
    ):
        ours = (folder / name).read_bytes().split(b"\n")
        theirs = (official / name).read_bytes().split(b"\n")
        assert ours[0] == theirs[0]
        cell = rb'[^",]+'
        shapes = {re.sub(cell, b"x", line) for line in ours[1:-1]}
        assert shapes == {re.sub(cell, b"x", theirs[1])}
    rows = read_csv(official / "processedResults/summaryTable.csv")
    for row in rows:
        for column in VOTES:
            assert_official_vote(row, column)


def test_crowd_agrees_and_ties_about_as_often_as_the_real_one():
    from emoclust_lobes.synthetic.cremad import CROWD, _vote

    for mode, agree, ties in (
        ("Voice", 0.42, 0.09),
        ("Face", 0.66, 0.06),
        ("MultiModal", 0.72, 0.06),
    ):
        letters = ["N"] * 1087 + list("HSAFD") * 1271  # as in the corpus
        votes = [
            _vote(letter, *CROWD[mode], generator(mode, i))[0]
            for i, letter in enumerate(letters)
        ]
        same = np.mean(
            [v == letter for v, letter in zip(votes, letters, strict=True)]
        )
        assert same == pytest.approx(agree, abs=0.04)
        assert np.mean([":" in v for v in votes]) == pytest.approx(
            ties, abs=0.02
        )


def test_iemocap_labels_point_at_recordings_and_tell_the_speaker(iemocap):
    folder, counts = iemocap
    found = {speaker: {} for speaker in counts}
    grammar = re.compile(
        r"\[(\d+\.\d{4}) - (\d+\.\d{4})\]\t(\S+)\t(\w{3})"
        r"\t\[\d\.\d{4}, \d\.\d{4}, \d\.\d{4}\]"
    )
    for path in folder.glob("Session?/dialog/EmoEvaluation/Ses*.txt"):
        heading, *lines = path.read_text().splitlines()
        assert heading == (
            "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]"
        )
        turns = [grammar.fullmatch(x) for x in lines if x.startswith("[")]
        clock, voices = 0.0, set()
        for start, stop, turn, label in (turn.groups() for turn in turns):
            wavs = path.parents[2] / "sentences/wav" / path.stem
            audio, rate = soundfile.read(wavs / f"{turn}.wav")
            duration = float(stop) - float(start)
            assert len(audio) / rate == pytest.approx(duration, abs=2e-4)
            assert float(start) > clock
            clock = float(stop)
            speaker = turn[:5] + turn.split("_")[-1][0]
            voices.add(speaker)
            found[speaker][label] = found[speaker].get(label, 0) + 1
            median = np.median(pitch_track(audio))
            if label == "neu":
                assert (median > 165) == (speaker[-1] == "F")
        assert len(voices) == 2
        words = path.parents[1] / "transcriptions" / path.name
        assert len(words.read_text().splitlines()) == len(turns)
    assert found == counts
    assert len(list(folder.rglob("*.wav"))) == sum(
        sum(labels.values()) for labels in counts.values()
    )


def test_iemocap_has_the_traps_of_the_release(iemocap):
    folder, counts = iemocap
    files = list(folder.glob("Session?/dialog/EmoEvaluation/._*.txt"))
    assert len(files) == 11
    with pytest.raises(UnicodeDecodeError):
        files[0].read_text(encoding="utf-8")
    for annotators in ("Categorical", "Attribute"):
        assert list(folder.glob(f"Session?/dialog/*/{annotators}/*.txt"))
    turns = {path.stem for path in folder.rglob("*.wav")}
    suffixed = {turn for turn in turns if re.search(r"\d[ab]_[FM]\d", turn)}
    assert {turn[:15] for turn in suffixed} >= {"Ses03M_impro05a"}
    assert {turn[-4] for turn in suffixed} == {"F", "M"}
    assert counts["Ses03M"].keys() > {"neu", "hap", "exc", "sad", "ang"}
    assert counts["Ses03M"]["fru"] == counts["Ses03M"]["xxx"] == 1


def test_pool_has_speakers_sessions_and_no_labels(tmp_path):
    counts = make_pool(tmp_path, n_speakers=2, n_sessions=2, n_utterances=9)
    clips = sorted(tmp_path.rglob("*.wav"))
    assert len(clips) == 36
    assert {clip.relative_to(tmp_path).parts[:2] for clip in clips} == {
        (speaker, f"session{i}") for speaker in counts for i in (1, 2)
    }
    assert all(sum(c.values()) == 18 for c in counts.values())
    # Before the speech there is the room: each session has its own.
    floors = [
        np.median([level_db(soundfile.read(c)[0][:1000]) for c in session])
        for session in np.array_split(clips, 4)
    ]
    assert len({round(floor) for floor in floors}) > 1


def test_more_speakers_leave_the_first_ones_as_they_are(ravdess, tmp_path):
    make_ravdess(tmp_path, n_speakers=1, n_statements=1, n_repetitions=1)
    few, many = digest(tmp_path), digest(ravdess[0])
    clips = [path for path in few if path.endswith(".wav")]
    assert clips and all(few[path] == many[path] for path in clips)


def mel_statistics(path, n_mels=40):
    """Mean and deviation over time of log-mel energies, shape [80]."""
    audio, rate = soundfile.read(path)
    frames = np.lib.stride_tricks.sliding_window_view(audio, 400)[::160]
    power = np.abs(np.fft.rfft(frames * np.hanning(400), 512)) ** 2
    f = np.fft.rfftfreq(512, 1 / rate)
    edges = 700 * (10 ** (np.linspace(0, 2840, n_mels + 2) / 2595) - 1)
    filters = [np.interp(f, edges[i : i + 3], [0, 1, 0]) for i in range(n_mels)]
    mels = np.log(power @ np.array(filters).T + 1e-6)
    return np.concatenate([mels.mean(axis=0), mels.std(axis=0)])


def test_emotions_of_unseen_speakers_can_be_told_but_overlap(ravdess):
    folder, counts = ravdess
    paths = sorted(folder.glob("Actor_*/*.wav"))
    vectors = np.array([mel_statistics(path) for path in paths])
    emotions = np.array([path.stem[6:8] for path in paths])
    speakers = np.array([path.parent.name for path in paths])
    for speaker in set(speakers):
        mine = speakers == speaker
        vectors[mine] -= vectors[mine].mean(axis=0)

    def uar(labels):
        classifier = make_pipeline(
            StandardScaler(),
            LogisticRegression(C=0.1, max_iter=2000, class_weight="balanced"),
        )
        predicted = cross_val_predict(
            classifier, vectors, labels, groups=speakers, cv=LeaveOneGroupOut()
        )
        return recall_score(labels, predicted, average="macro")

    assert 0.4 < uar(emotions) < 0.9
    assert uar(generator(1).permutation(emotions)) < 0.22  # chance is .125
