"""Any corpus: tables, folders, class sets, and folds that are given or made."""

import pytest
from data_prep import (
    ManifestError,
    Source,
    count_classes,
    prepare_generic,
    read_manifest,
)
from data_prep.manifests.summary import read_summary


@pytest.fixture
def corpus(make, tmp_path):
    """Write a table of (speaker, emotion) with further columns, and audio."""

    def write(rows, heading="", speakers="abc"):
        folder, lines = tmp_path / "mine", [f"path,speaker,emotion{heading}"]
        for number, (speaker, emotion, *more) in enumerate(rows):
            path = make.noise(folder / f"audio/{number}.wav")
            lines.append(
                ",".join((f"audio/{path.name}", speaker, emotion, *more))
            )
        make.text(folder / "list.csv", "\n".join(lines))
        return folder

    return write


def prepare(root, folder, **options):
    """Prepare the table of a corpus in three folds."""
    prepare_generic(root, folder, table="list.csv", folds=3, **options)


def speakers_of(root, folder, name):
    """Return the speakers of one CSV."""
    source = Source(str(folder / f"{name}.csv"), str(root))
    return sorted({*read_manifest(source)["spk_id"]})


def test_a_column_fold_goes_before_the_folds_that_are_made(corpus, tmp_path):
    rows = [
        (speaker, emotion, fold)
        for speaker, fold in zip("abcd", "3123", strict=True)
        for emotion in ("hot", "cold")
    ]
    root = corpus(rows, ",fold")
    prepare_generic(root, tmp_path / "m", table="list.csv", fold=3, folds=99)
    for name, wanted in (("test", "ad"), ("valid", "b"), ("train", "c")):
        assert speakers_of(root, tmp_path / "m", name) == list(wanted)
    assert read_summary(tmp_path / "m")["folds"] == 3


@pytest.mark.parametrize("valid", ["valid", "dev", "development", None])
def test_a_column_split_is_the_only_fold(corpus, tmp_path, valid):
    places = {"a": "train", "b": valid or "train", "c": "test"}
    root = corpus(
        [(x, e, places[x]) for x in "abc" for e in ("hot", "cold")], ",split"
    )
    prepare_generic(root, tmp_path / "m", table="list.csv")
    assert speakers_of(root, tmp_path / "m", "test") == ["c"]
    if valid:
        assert speakers_of(root, tmp_path / "m", "valid") == ["b"]
    assert (tmp_path / "m/valid.csv").exists() == bool(valid)
    with pytest.raises(ManifestError, match="fold=2 does not exist"):
        prepare_generic(root, tmp_path / "m", table="list.csv", fold=2)


@pytest.mark.parametrize(
    "rows, heading, message",
    [
        (["a1", "a2"], ",fold", "give each speaker one fold: see a."),
        (["a1", "b "], ",fold", "give each speaker one fold: see b."),
        (["a1", "b2"], ",fold", "has the folds 1, 2: they should be 1, 2, 3"),
        (["a1", "b2", "c4"], ",fold", "has the folds 1, 2, 4: they should"),
        (["ax", "bx"], ",split", "split='x' is not offered: choose train"),
    ],
)
def test_folds_that_leak_or_do_not_count_are_refused(
    corpus, tmp_path, rows, heading, message
):
    rows = [(x[0], e, x[1].strip()) for x in rows for e in ("hot", "cold")]
    root = corpus(rows, heading)
    with pytest.raises(ManifestError) as error:
        prepare_generic(root, tmp_path / "m", table="list.csv")
    assert message in str(error.value)


@pytest.mark.parametrize("left", ["train", "test"])
def test_a_table_without_train_or_test_is_refused(corpus, tmp_path, left):
    places = {"a": left, "b": left, "c": "dev"}
    root = corpus(
        [(x, e, places[x]) for x in "abc" for e in ("hot", "cold")], ",split"
    )
    with pytest.raises(ManifestError) as error:
        prepare_generic(root, tmp_path / "m", table="list.csv")
    assert (
        f"table has the splits {left}, valid: train and test are needed."
        in (str(error.value))
    )


def test_speakers_without_labels_are_in_every_pool(corpus, tmp_path):
    rows = [(x, e) for x in "abc" for e in ("hot", "cold")]
    root = corpus([*rows, ("z", ""), ("z", ""), ("a", "")])
    for fold in (1, 2, 3):
        prepare(root, tmp_path / "m", fold=fold)
        assert "z" in speakers_of(root, tmp_path / "m", "pool")
        assert "z" not in speakers_of(root, tmp_path / "m", "train")
    assert read_summary(tmp_path / "m")["unlabeled"] == {"no label": 3}


def test_a_list_of_classes_leaves_the_others_unlabeled(corpus, tmp_path):
    root = corpus([(x, e) for x in "abc" for e in ("hot", "cold", "1")])
    for classes in (["hot", "1"], ["hot", 1]):
        prepare(root, tmp_path / "m", classes=classes)
        summary = read_summary(tmp_path / "m")
        assert summary["classes"] == ["1", "hot"]
        assert summary["unlabeled"] == {"label cold": 3}
        assert count_classes(classes) == 2


def test_another_number_of_classes_is_refused(corpus, tmp_path):
    root = corpus([(x, e) for x in "abc" for e in ("hot", "cold", "mild")])
    given = {"table": "list.csv", "folds": 3}
    with pytest.raises(ManifestError) as error:
        prepare_generic(
            root, tmp_path / "m", n_classes=count_classes("all"), **given
        )
    assert str(error.value).endswith(
        "has 3 emotions (cold, hot, mild), and n_classes is 1: set "
        "n_classes=3, or give some of them as a list, classes=[...]."
    )
    assert not (tmp_path / "m").exists()
    prepare_generic(root, tmp_path / "m", n_classes=3, **given)
    prepare_generic(
        root, tmp_path / "m", classes=["hot", "mild"], n_classes=2, **given
    )
    assert read_summary(tmp_path / "m")["classes"] == ["hot", "mild"]


@pytest.mark.parametrize("classes", ["hot", ["hot"], [], 4, ["hot", "hot"]])
def test_a_class_set_that_is_none_is_refused(corpus, tmp_path, classes):
    root = corpus([(x, e) for x in "abc" for e in ("hot", "cold")])
    with pytest.raises(ManifestError, match="is no class set: give all, or a"):
        prepare_generic(root, tmp_path / "m", table="list.csv", classes=classes)


def test_missing_audio_is_refused_or_counted(corpus, tmp_path):
    root = corpus([(x, e) for x in "abc" for e in ("hot", "hot", "cold")])
    (root / "audio/0.wav").unlink()
    with pytest.raises(ManifestError, match="audio/0.wav: No such file"):
        prepare(root, tmp_path / "m")
    prepare(root, tmp_path / "m", expect_complete=False)
    assert read_summary(tmp_path / "m")["dropped"] == {"no audio file": 1}


@pytest.mark.parametrize("classes", [[1, 3], [True, False], ["happy", "sad"]])
def test_classes_that_are_not_there_are_named(corpus, tmp_path, classes):
    root = corpus([(x, e) for x in "abc" for e in ("01", "03", "yes", "no")])
    with pytest.raises(ManifestError) as error:
        prepare(root, tmp_path / "m", classes=classes)
    wanted = ", ".join(sorted(map(str, classes)))
    assert f"classes has {wanted}, and the corpus has 01, 03, no, yes" in str(
        error.value
    )
    assert "needs quotes: classes=['01', '03']." in str(error.value)
    prepare(root, tmp_path / "m", classes=["01", "yes"])


@pytest.mark.parametrize("where", ["data_folder", "manifest_folder"])
def test_no_folder_is_called_tilde(corpus, tmp_path, monkeypatch, where):
    root = corpus([(x, e) for x in "abc" for e in ("hot", "cold")])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    folders = {"data_folder": root, "manifest_folder": "m", where: "~/mine"}
    with pytest.raises(ManifestError, match=rf"~: write {tmp_path}/mine, as"):
        prepare_generic(**folders, table="list.csv", folds=3)
    assert not (tmp_path / "~").exists()


def test_other_formats_are_taken_or_named(make, tmp_path):
    for speaker in "abc":
        make.noise(tmp_path / "data" / speaker / "hot/1.aiff")
        make.noise(tmp_path / "data" / speaker / "cold/1.AU")
        make.text(tmp_path / "data" / speaker / "cold/2.M4A", "AAC")
    make.text(tmp_path / "data/a/cold/1.m4a", "what it was")
    make.text(tmp_path / "data/a/hot/1.webm", "what it was")
    make.text(tmp_path / "data/a/hot/notes.txt", "no recording")
    with pytest.raises(ManifestError) as error:
        prepare_generic(tmp_path / "data", tmp_path / "m", folds=3)
    assert str(error.value).startswith(
        "3 recordings of corpus are in a format that cannot be read: "
        "a/cold/2.M4A, b/cold/2.M4A, c/cold/2.M4A. Convert them"
    )
    assert f"find {tmp_path}/data -name '*.M4A' -exec" in str(error.value)
    prepare_generic(
        tmp_path / "data", tmp_path / "m", folds=3, expect_complete=False
    )
    summary = read_summary(tmp_path / "m")
    assert summary["dropped"] == {"in a format that cannot be read": 3}
    assert summary["utterances"]["pool"] == 2
    assert speakers_of(tmp_path / "data", tmp_path / "m", "test") == ["a"]


def test_folders_may_be_deeper(make, tmp_path):
    for speaker in "abc":
        for emotion in ("hot", "cold"):
            make.noise(tmp_path / "data" / speaker / emotion / "x/1.flac")
    make.noise(tmp_path / "data/a/loose.wav")
    prepare_generic(tmp_path / "data", tmp_path / "m", folds=3)
    assert read_summary(tmp_path / "m")["utterances"]["test"] == 2
    assert read_summary(tmp_path / "m")["dropped"] == {
        "not in SPEAKER/EMOTION": 1
    }


def test_people_on_two_channels_are_told_of(make, tmp_path, caplog):
    for speaker in "abc":
        for emotion in ("hot", "cold"):
            make.noise(tmp_path / "data" / speaker / emotion / "1.wav")
    prepare_generic(tmp_path / "data", tmp_path / "m", folds=3)
    assert "several channels" not in caplog.text
    make.noise(tmp_path / "data/a/hot/2.wav", channels=2)
    prepare_generic(tmp_path / "data", tmp_path / "m", folds=3)
    assert "corpus: 1 of 7 recordings have several channels" in caplog.text
    assert "see a/hot/2.wav." in caplog.text
