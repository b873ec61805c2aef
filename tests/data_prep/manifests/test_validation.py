"""Everything that a manifest must not be, and what is said about it."""

import pytest
from data_prep import ManifestError, Utterance
from data_prep.manifests.validation import check_text, validate

CLASSES = ("hap", "sad")


def utterance(name, speaker, emotion="", **values):
    """Make a fine utterance, or one that differs as asked for."""
    values = {"duration": 1.0, "wav": f"{name}.wav", **values}
    return Utterance(ID=name, spk_id=speaker, emotion=emotion, **values)


def fine():
    """Three splits with both classes, and the pool of the first."""
    tables = {
        split: [utterance(f"{split}-{x}", f"of {split}", x) for x in CLASSES]
        for split in ("train", "valid", "test")
    }
    return {**tables, "pool": [*tables["train"], utterance("x", "of train")]}


def test_a_fine_manifest_passes_with_or_without_development_set():
    tables = fine()
    validate(tables, CLASSES)
    del tables["valid"]
    validate(tables, CLASSES)
    validate({"pool": [utterance("a", "s")]}, ())


@pytest.mark.parametrize(
    "split, added, message",
    [
        (
            "test",
            [utterance("new", "of train", "hap")],
            "train.csv has speakers of test.csv: of train.\n"
            "pool.csv has speakers of test.csv: of train.",
        ),
        (
            "pool",
            [utterance("new", "of valid")],
            "pool.csv has speakers of valid.csv: of valid.",
        ),
        (
            "valid",
            [utterance("valid-hap", "of valid", "hap")],
            "valid.csv has duplicate IDs: valid-hap.",
        ),
        (
            "train",
            [utterance("new", "of train", "hap", duration=0.0)],
            "train.csv has utterances of no duration: new.",
        ),
        (
            "train",
            [utterance("new", "of train", "ang")],
            "train.csv has labels outside the class set hap/sad: new (ang).",
        ),
        (
            "pool",
            [utterance("new", "of train", "ang")],
            "pool.csv has labels outside the class set hap/sad: new (ang).",
        ),
        (
            "test",
            [utterance("new", "of test")],
            "test.csv has unlabeled utterances: new.",
        ),
        (
            "test",
            [utterance(f"{n:02d}", "of test", "ang") for n in range(25)],
            "test.csv has labels outside the class set hap/sad (25): "
            + ", ".join(f"{n:02d} (ang)" for n in range(20))
            + " and 5 more.",
        ),
    ],
)
def test_a_bad_row_is_refused_by_name(split, added, message):
    tables = fine()
    tables[split] += added
    with pytest.raises(ManifestError) as error:
        validate(tables, CLASSES)
    assert str(error.value) == message


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_an_empty_class_is_refused(split):
    tables = fine()
    tables[split] = [row for row in tables[split] if row.emotion == "hap"]
    with pytest.raises(ManifestError) as error:
        validate(tables, CLASSES)
    first, advice = str(error.value).splitlines()
    assert first == f"{split}.csv has no utterance of sad."
    assert advice.endswith("or classes that more speakers have.")


def test_an_empty_pool_is_refused():
    with pytest.raises(ManifestError, match="pool.csv has no utterance"):
        validate({"pool": []}, ())


@pytest.mark.parametrize(
    "name", [" a", "a ", "a\nb", "$a", "a\rb", "a\udcff", "\ta"]
)
@pytest.mark.parametrize("field", ["ID", "wav", "spk_id", "session"])
def test_text_that_would_not_come_back_is_refused(name, field):
    good = {"ID": "a b", "spk_id": "é,", "wav": 'a"b.wav', "sentence": "a's"}
    check_text("Tiny", [Utterance(**good)])
    with pytest.raises(ManifestError, match="Tiny has names with '[$]'"):
        check_text("Tiny", [Utterance(**{**good, field: name})])


def test_all_problems_are_reported_together():
    tables = fine()
    tables["test"] = [utterance("new", "of train", "hap", duration=0.0)]
    with pytest.raises(ManifestError) as error:
        validate(tables, CLASSES)
    assert str(error.value).splitlines()[:-1] == [
        "test.csv has utterances of no duration: new.",
        "test.csv has no utterance of sad.",
        "train.csv has speakers of test.csv: of train.",
        "pool.csv has speakers of test.csv: of train.",
    ]
