"""EMO-DB: names, blocks of actors, and the real corpus."""

import collections

from data_prep import Source, prepare_emodb, read_manifest
from data_prep.corpora import emodb
from data_prep.manifests.summary import read_summary


def read(folder, root, name):
    """Read one CSV of a manifest."""
    return read_manifest(Source(str(folder / f"{name}.csv"), str(root)))


def test_the_whole_corpus_has_535_clips_of_five_women_and_five_men():
    assert sum(emodb.SPEAKERS.values()) == 535
    women = {"08", "09", "13", "14", "16"}
    assert len(emodb.BLOCKS) == 5
    for block in emodb.BLOCKS:
        assert len(women & set(block)) == 1 and len(block) == 2
    assert sorted(sum(emodb.BLOCKS, ())) == sorted(emodb.SPEAKERS)


def test_fields_of_the_name_are_read(make, tmp_path):
    letters = dict(zip("WLEAFNT", emodb.CLASS_SETS[7], strict=True))
    assert letters["A"] == "fea" and letters["T"] == "sad"
    for actor in ("03", "08", "16"):
        for letter in letters:
            make.noise(tmp_path / f"data/wav/{actor}b10{letter}d.wav")
    make.noise(tmp_path / "data/wav/03b10Xd.wav")
    make.noise(tmp_path / "data/wav/04b10Wd.wav")
    folder = tmp_path / "m"
    prepare_emodb(tmp_path / "data", folder, classes=4, expect_complete=False)
    row = read(folder, tmp_path / "data", "test").set_index("ID").loc["03b10Td"]
    assert (row.spk_id, row.gender, row.sentence) == ("03", "M", "b10")
    assert (row.emotion, row.label_source) == ("sad", "intended")
    summary = read_summary(folder)
    assert summary["dropped"] == {"not a clip's name": 2}
    # Emotions outside the class set are in the pool alone
    assert summary["unlabeled"] == dict.fromkeys(
        ("label bor", "label dis", "label fea"), 3
    )
    assert summary["utterances"] == {
        "train": 4,
        "valid": 4,
        "test": 4,
        "pool": 7,
    }


def test_the_real_corpus_tests_each_clip_once(emoclust_data, tmp_path):
    root = emoclust_data / "emodb"
    names = [path.stem for path in root.glob("wav/*")]
    whole = len(names) == 535
    tested, heard = collections.Counter(), set()
    for fold in range(1, 6):
        prepare_emodb(root, tmp_path, fold, classes=4, expect_complete=whole)
        rows = {x: read(tmp_path, root, x) for x in ("train", "valid", "test")}
        speakers = [x for t in rows.values() for x in {*t["spk_id"]}]
        assert len(speakers) == len(set(speakers)) == 10
        for name in ("valid", "test"):
            assert sorted({*rows[name]["gender"]}) == ["F", "M"]
        assert heard.isdisjoint(rows["test"]["spk_id"])
        heard |= {*rows["test"]["spk_id"]}
        tested.update(rows["test"]["emotion"])
        assert rows["test"]["duration"].between(1, 10).all()
    # Counts of the database's own table of emotions
    assert tested == {"ang": 127, "hap": 71, "neu": 79, "sad": 62}
    assert tested.total() == sum(name[5] in "WFNT" for name in names)
    summary = read_summary(tmp_path)
    assert summary["blocks"] == "official"
    assert sum(summary["missing"].values()) == 535 - len(names)
