"""The synthetic corpora: do their trees look like the real ones?"""

import collections
import re

import numpy as np
import pandas as pd
import pytest
import soundfile
from emoclust_lobes import synthetic
from emoclust_lobes.synthetic.cremad import CROWD, draw_vote, spread_actors
from emoclust_lobes.synthetic.voice import generator
from sklearn.cluster import KMeans
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import adjusted_mutual_info_score, recall_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from voice_oracles import level_db, mel_statistics, pitch_track


def test_ravdess_has_the_official_names_and_the_counts_it_reports(tmp_path):
    counts = synthetic.make_ravdess(tmp_path, n_speakers=6)
    assert list(counts) == [f"Actor_{actor:02d}" for actor in range(1, 7)]
    for actor, labels in counts.items():
        pattern = rf"03-01-0([1-8])-0([12])-0[12]-0[12]-{actor[-2:]}\.wav"
        names = [path.name for path in (tmp_path / actor).iterdir()]
        parts = [re.fullmatch(pattern, name).groups() for name in names]
        assert len(names) == 60 and ("1", "2") not in parts
        assert labels.pop("neu") == 4 and list(labels.values()) == [8] * 7
        neutral = tmp_path.glob(f"{actor}/03-01-01-*")
        pitch = [np.median(pitch_track(soundfile.read(x)[0])) for x in neutral]
        assert (np.median(pitch) < 165) == (int(actor[-2:]) % 2 == 1)


def test_cremad_has_the_official_names_tables_and_five_blocks(tmp_path):
    counts = synthetic.make_cremad(tmp_path, n_speakers=10, n_sentences=2)
    clips = sorted(path.stem for path in tmp_path.glob("AudioWAV/*.wav"))
    assert len(clips) == 220 == sum(sum(c.values()) for c in counts.values())
    pattern = r"10\d\d_(IEO_(NEU_XX|(HAP|SAD|ANG|FEA|DIS)_(LO|MD|HI))|TIE_(NEU|HAP|SAD|ANG|FEA|DIS)_XX)"
    assert all(re.fullmatch(pattern, clip) for clip in clips)
    stimuli = pd.read_csv(tmp_path / "SentenceFilenames.csv")
    assert sorted(stimuli["Filename"]) == clips
    people = pd.read_csv(tmp_path / "VideoDemographics.csv")
    assert people["ActorID"].astype(str).tolist() == list(counts)
    blocks = (people["ActorID"] - 1001) // 18
    assert len(set(zip(blocks, people["Sex"], strict=True))) == 10

    table = tmp_path / "processedResults" / "summaryTable.csv"
    votes = pd.read_csv(table, dtype=str)
    assert sorted(votes["FileName"]) == clips
    for mode in CROWD:
        columns = votes[[f"{mode}Vote", f"{mode}Level"]].to_numpy()
        for letters, levels in np.char.split(columns.astype(str), ":"):
            assert letters == sorted(letters) and set(letters) <= set("NHSAFD")
            assert len(levels) == len(letters)
            assert all(0 <= float(level) <= 100 for level in levels)

    names = [speaker.name for speaker in spread_actors(91, seed=1)]
    assert names == [str(actor) for actor in range(1001, 1092)]


def test_crowd_agrees_and_ties_about_as_often_as_the_real_one():
    letters = np.array(["N"] * 1087 + list("HSAFD") * 1271)  # as in the corpus
    official = zip(CROWD, (0.42, 0.66, 0.72), (0.09, 0.06, 0.06), strict=True)
    for mode, agree, tie in official:
        votes = [
            draw_vote(letter, *CROWD[mode], generator(mode, i))[0]
            for i, letter in enumerate(letters)
        ]
        assert np.mean(votes == letters) == pytest.approx(agree, abs=0.03)
        assert np.mean([":" in x for x in votes]) == pytest.approx(
            tie, abs=0.02
        )


def test_iemocap_has_labels_of_recordings_and_the_release_s_traps(tmp_path):
    counts = synthetic.make_iemocap(tmp_path, n_per_emotion=3, n_outside=3)
    found = {speaker: collections.Counter() for speaker in counts}
    turn_line = re.compile(
        r"\[(\d+\.\d{4}) - (\d+\.\d{4})\]\t(\S+)\t(\w{3})"
        r"\t\[\d\.\d{4}, \d\.\d{4}, \d\.\d{4}\]\n"
    )
    for path in tmp_path.glob("Session?/dialog/EmoEvaluation/Ses*.txt"):
        turns = turn_line.findall(path.read_text())
        clock, voices = 0.0, set()
        for start, stop, turn, label in turns:
            wavs = path.parents[2] / "sentences/wav" / path.stem
            audio, rate = soundfile.read(wavs / f"{turn}.wav")
            duration = float(stop) - float(start)
            assert len(audio) / rate == pytest.approx(duration, abs=2e-4)
            assert clock < float(start)
            clock, speaker = float(stop), turn[:5] + turn.split("_")[-1][0]
            voices.add(speaker)
            found[speaker][label] += 1
            pitch = np.median(pitch_track(audio))
            assert label != "neu" or (pitch > 165) == (speaker[-1] == "F")
        assert len(voices) == 2
        words = path.parents[1] / "transcriptions" / path.name
        assert len(words.read_text().splitlines()) == len(turns)
    assert found == counts

    binary, *more = tmp_path.glob("Session?/dialog/EmoEvaluation/._*.txt")
    assert len(more) == 10
    with pytest.raises(UnicodeDecodeError):
        binary.read_text(encoding="utf-8")
    for annotators in ("Categorical", "Attribute"):
        assert list(tmp_path.glob(f"Session?/dialog/*/{annotators}/*.txt"))
    turns = {path.stem for path in tmp_path.rglob("*.wav")}
    suffixed = {turn for turn in turns if re.search(r"\d[ab]_[FM]\d", turn)}
    assert {turn[-4] for turn in suffixed} == {"F", "M"}
    assert counts["Ses03M"].keys() > {"neu", "hap", "exc", "sad", "ang"}
    assert counts["Ses03M"]["fru"] == counts["Ses03M"]["xxx"] == 1


def test_pool_has_speakers_sessions_and_no_labels(tmp_path):
    counts = synthetic.make_pool(tmp_path, n_speakers=2, n_utterances=9)
    clips = sorted(tmp_path.rglob("*.wav"))
    places = [clip.relative_to(tmp_path).parts[:2] for clip in clips]
    sessions = [(x, f"session{i}") for x in counts for i in (1, 2)]
    assert places == [session for session in sessions for _ in range(9)]
    # Before the speech there is the room: each session has its own
    floors = [level_db(soundfile.read(clip)[0][:1000]) for clip in clips]
    floors = np.reshape(floors, (4, 9))
    assert np.ptp(floors, axis=1).max() < np.ptp(floors.mean(axis=1))


def test_emotions_are_clusters_and_can_be_told_but_overlap(tmp_path):
    synthetic.make_ravdess(tmp_path, n_speakers=6)
    paths = sorted(tmp_path.glob("Actor_*/*.wav"))
    vectors = np.array([mel_statistics(path) for path in paths])
    emotions = np.array([path.stem[6:8] for path in paths])
    speakers = np.array([path.parent.name for path in paths])

    def uar(labels, groups):
        classifier = LinearDiscriminantAnalysis("lsqr", shrinkage="auto")
        folds = {"groups": groups, "cv": GroupKFold(4)}
        predicted = cross_val_predict(classifier, vectors, labels, **folds)
        return recall_score(labels, predicted, average="macro")

    assert uar(speakers, np.arange(len(paths))) > 0.5  # chance is .17
    agreement = []
    for speaker in set(speakers):
        mine = speakers == speaker
        kmeans = KMeans(8, n_init=3, random_state=0).fit(vectors[mine])
        clusters = kmeans.labels_
        agreement.append(adjusted_mutual_info_score(emotions[mine], clusters))
        vectors[mine] -= vectors[mine].mean(axis=0)
    assert 0.2 < np.mean(agreement) < 0.8
    assert 0.4 < uar(emotions, speakers) < 0.9
    assert uar(generator(1).permutation(emotions), speakers) < 0.22
