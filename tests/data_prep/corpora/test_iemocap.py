"""IEMOCAP: who speaks, what counts, and what a short release is told."""

import collections

import pytest
from data_prep import ManifestError, Source, prepare_iemocap, read_manifest
from data_prep.corpora.iemocap import SPEAKERS
from data_prep.manifests.summary import read_summary


def read(folder, root, name="pool"):
    """Read one CSV of a manifest."""
    return read_manifest(Source(str(folder / f"{name}.csv"), str(root)))


def read_all(folder, root):
    """Read the labeled splits by name."""
    names = [
        name for name in read_summary(folder)["files"] if name != "pool.csv"
    ]
    return {x[:-4]: read(folder, root, x[:-4]) for x in names}


def test_the_last_field_of_a_turn_says_who_speaks(make, tmp_path):
    turns = {"Ses03M_impro05a_F017": "neu", "Ses05M_script01_1b_F000": "fru"}
    for session in range(1, 6):
        for speaker in "FM":
            for n, label in enumerate(("ang", "hap", "neu", "sad")):
                turns[f"Ses{session:02d}F_impro01_{speaker}{n:03d}"] = label
    root = make.iemocap(tmp_path / "data", turns)
    prepare_iemocap(root, tmp_path / "m", fold=1, expect_complete=False)
    rows = read(tmp_path / "m", root).set_index("ID")
    row = rows.loc["Ses03M_impro05a_F017"]
    assert (row.spk_id, row.gender, row.session) == ("Ses03F", "F", "3")
    assert (row.emotion, row.label_source) == ("neu", "majority")
    assert row.sentence == ""
    row = rows.loc["Ses05M_script01_1b_F000"]
    assert (row.spk_id, row.gender, row.session) == ("Ses05F", "F", "5")
    assert (row.emotion, row.label_source) == ("", "")


def test_exc_counts_as_hap_and_other_labels_stay_in_the_pool(iemocap, tmp_path):
    prepare_iemocap(iemocap, tmp_path, expect_complete=False)
    train = read(tmp_path, iemocap, "train")
    assert train["emotion"].value_counts().to_dict() == {
        "ang": 12,
        "hap": 24,
        "neu": 12,
        "sad": 12,
    }
    pool = read(tmp_path, iemocap)
    extra = pool[~pool["ID"].isin(train["ID"])]
    assert len(extra) == 24
    assert set(extra["emotion"]) == {""}
    assert set(pool["spk_id"]) == set(train["spk_id"])
    summary = read_summary(tmp_path)
    assert summary["unlabeled"] == {"label fru": 20, "label xxx": 20}
    assert summary["dropped"] == {}
    assert summary["missing"]["Ses05M"] == 651 - 10


@pytest.fixture(scope="module")
def complete(make, tmp_path_factory):
    """A release of the true size: 5,531 four-class turns and a few others."""
    root = tmp_path_factory.mktemp("complete")
    names, labels = [], collections.defaultdict(list)
    for speaker, count in SPEAKERS.items():
        for number in range(count + 3):
            label = (
                "fru"
                if number >= count
                else "ang hap neu sad exc".split()[number % 5]
            )
            dialogue = f"{speaker}_impro{number % 3:02d}b"
            turn = f"{dialogue}_{speaker[-1]}{number:03d}"
            session = f"Session{speaker[4]}"
            names.append(f"{session}/sentences/wav/{dialogue}/{turn}.wav")
            labels[f"{session}/dialog/EmoEvaluation/{dialogue}.txt"].append(
                f"[0.0000 - 1.0000]\t{turn}\t{label}\t[2.5, 2.5, 2.5]"
            )
    make.similar(root, names)
    for path, lines in labels.items():
        make.text(root / path, "\n".join(lines))
    return root


def test_a_complete_release_has_5531_utterances(complete, tmp_path):
    assert sum(SPEAKERS.values()) == 5531
    sessions = [1085, 1023, 1151, 1031, 1241]
    for fold, expected in enumerate(sessions, 1):
        prepare_iemocap(complete, tmp_path, fold)
        splits = read_all(tmp_path, complete)
        assert len(splits["test"]) == expected
        assert len(splits["valid"]) == sessions[fold % 5]
        assert sum(map(len, splits.values())) == 5531
        assert read_summary(tmp_path)["missing"] == {}


def test_a_short_release_is_told_what_is_missing(complete, make, tmp_path):
    path = next((complete / "Session5/dialog/EmoEvaluation").glob("Ses05F*"))
    text = path.read_text()
    try:
        path.write_text(text.split("\n", 2)[2])
        with pytest.raises(ManifestError) as error:
            prepare_iemocap(complete, tmp_path)
    finally:
        path.write_text(text)
    message = str(error.value)
    assert "5,529 of 5,531 utterances" in message
    assert "These speakers differ: Ses05F 588 of 590." in message
    assert "expect_complete" in message

    # A label whose audio is missing is named; a part may lack it.
    path = sorted(complete.glob("Session2/sentences/wav/*/*.wav"))[0]
    content = path.read_bytes()
    path.unlink()
    try:
        with pytest.raises(ManifestError, match=f"{path.name}: No such file"):
            prepare_iemocap(complete, tmp_path)
        prepare_iemocap(complete, tmp_path, expect_complete=False)
        assert read_summary(tmp_path)["dropped"] == {"no audio file": 1}
    finally:
        path.write_bytes(content)


def test_a_turn_without_a_label_is_for_the_pool(make, tmp_path):
    root = make.iemocap(tmp_path / "data")
    wavs = root / "Session4/sentences/wav/Ses04F_impro99"
    make.noise(wavs / "Ses04F_impro99_M000.wav")
    make.noise(wavs / "notes.wav")
    prepare_iemocap(root, tmp_path / "m", expect_complete=False)
    rows = read(tmp_path / "m", root).set_index("ID")
    assert rows.loc["Ses04F_impro99_M000", "emotion"] == ""
    summary = read_summary(tmp_path / "m")
    assert summary["unlabeled"]["label none"] == 1
    assert summary["dropped"] == {"not a turn's name": 1}


def test_a_part_without_a_needed_session_is_told_so(make, tmp_path):
    turns = {
        f"Ses{session:02d}F_impro01_{speaker}{n:03d}": label
        for session in (1, 2, 3)
        for speaker in "FM"
        for n, label in enumerate(("ang", "hap", "neu", "sad"))
    }
    root = make.iemocap(tmp_path / "data", turns)
    prepare_iemocap(root, tmp_path / "m", fold=1, expect_complete=False)
    with pytest.raises(
        ManifestError, match="Ses05F, Ses05M, who make up valid"
    ):
        prepare_iemocap(root, tmp_path / "m", fold=4, expect_complete=False)
