"""What annotators say of each corpus, and what is learned of it."""

import collections
import itertools
import shutil

import pandas
import pytest
from data_prep import (
    ManifestError,
    Source,
    Utterance,
    plurality,
    prepare_cremad,
    prepare_generic,
    prepare_iemocap,
    prepare_msp_podcast,
    read_manifest,
    read_votes,
)
from data_prep.annotations.targets import Scheme
from data_prep.corpora.cremad import cremad
from data_prep.corpora.msp_votes import read_msp_votes
from data_prep.manifests.summary import read_summary
from data_prep.manifests.validation import validate
from emoclust_lobes import synthetic
from emoclust_lobes.experiment.summaries import describe_manifests

SMALL = {"sample_rate": 4000}


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """Miniatures by name: do not change them."""
    folder = tmp_path_factory.mktemp("annotated")
    synthetic.make_cremad(folder / "cremad", n_sentences=1, **SMALL)
    synthetic.make_iemocap(folder / "iemocap", n_per_emotion=4, **SMALL)
    synthetic.make_msp_podcast(folder / "msp", **SMALL)
    synthetic.make_generic(folder / "generic", **SMALL)
    return folder


PREPARE = {
    "cremad": (prepare_cremad, {"expect_complete": False}),
    "iemocap": (prepare_iemocap, {"expect_complete": False}),
    "msp": (prepare_msp_podcast, {}),
    "generic": (
        prepare_generic,
        {"table": "recordings_votes.csv", "scale": [1, 5], "folds": 3},
    ),
}
OFFERED = [
    (corpus, target)
    for corpus in PREPARE
    for target in ("class", "distribution", "dimensions", "both")
    if corpus != "cremad" or target in ("class", "distribution")
]


def prepare(trees, corpus, folder, **arguments):
    function, given = PREPARE[corpus]
    function(trees / corpus, folder, **{**given, **arguments})
    return {
        path.stem: read_manifest(Source(str(path), str(trees / corpus)))
        for path in folder.glob("*.csv")
    }


@pytest.mark.parametrize("corpus, target", OFFERED)
def test_splits_hold_what_is_learned_and_the_rest_is_counted(
    trees, tmp_path, corpus, target
):
    tables = prepare(trees, corpus, tmp_path, target=target)
    summary = read_summary(tmp_path)
    classes = set(summary["classes"])

    def is_learned(row):
        voted = classes & set(read_votes(row["votes"]))
        rated = all(row[x] for x in ("arousal", "valence", "dominance"))
        return {
            "class": row["emotion"] != "",
            "distribution": bool(voted),
            "dimensions": rated,
            "both": rated and bool(voted),
        }[target]

    pool = tables.pop("pool")
    train = set(tables["train"]["ID"])
    for row in pool.to_dict("records"):
        assert (row["ID"] in train) == is_learned(row)
    rows = [x for table in tables.values() for x in table.to_dict("records")]
    assert rows and all(map(is_learned, rows))
    n_left = summary["utterances"]["pool"] - len(train)
    assert sum(summary["unlabeled"].values()) >= n_left
    if target == "distribution":  # that a class would have left out
        assert any(not row["emotion"] for row in rows) or corpus == "cremad"
    assert summary["target"] == summary["arguments"]["target"] == target
    told = summary["annotations"]["splits"]["train"]
    assert told["votes"]["utterances"] == sum(
        bool(classes & set(read_votes(x))) for x in tables["train"]["votes"]
    )
    if corpus != "cremad":
        ratings = pandas.to_numeric(tables["train"]["arousal"])
        assert told["arousal"]["mean"] == pytest.approx(
            ratings.mean(), abs=1e-3
        )
        assert told["arousal"]["highest"] == ratings.max()
        assert summary["annotations"]["scale"][0] == 1
    text = describe_manifests(tmp_path)
    assert "without a plurality" in text
    assert ("arousal" in text) == (corpus != "cremad")


@pytest.mark.parametrize("corpus", ["iemocap", "msp", "generic"])
def test_labels_are_the_plurality_of_the_votes_where_there_is_one(
    trees, tmp_path, corpus
):
    # Of IEMOCAP, a second choice may tie what was heard first
    tables = prepare(trees, corpus, tmp_path)
    agreed = [
        (plurality(read_votes(row["votes"])), row["emotion"])
        for table in tables.values()
        for row in table.to_dict("records")
        if row["emotion"]
    ]
    assert all(vote in (label, "") for vote, label in agreed)
    assert sum(vote != "" for vote, _ in agreed) > 0.8 * len(agreed)


def test_a_class_set_restricts_votes_but_keeps_all(trees, tmp_path):
    for classes in (4, 6):
        tables = prepare(
            trees,
            "cremad",
            tmp_path / str(classes),
            target="distribution",
            label_source="voice",
            classes=classes,
        )
        voted = [read_votes(x) for x in tables["pool"]["votes"]]
        assert {"dis", "fea"} < set().union(*voted)
        outside = [x for x in voted if not x.keys() - {"dis", "fea"}]
        reasons = read_summary(tmp_path / str(classes))["unlabeled"]
        if classes == 4:
            assert outside
            assert set(reasons) == {"all votes outside the class set"}
        else:
            assert reasons == {}


SOURCES = {"intended": 1, "voice": 1, "face": 2, "multimodal": 3}


def check_crowd(folder, sources):
    """Compare votes with both tables, read in another way."""
    results = folder / "processedResults"
    all_votes = pandas.read_csv(results / "tabulatedVotes.csv", index_col=0)
    majorities = pandas.read_csv(results / "summaryTable.csv", dtype=str)
    majorities = majorities.set_index("FileName")
    for source in sources:
        corpus = cremad(folder, source)
        column = {1: "VoiceVote", 2: "FaceVote", 3: "MultiModalVote"}
        rows = all_votes[all_votes.index // 100_000 == SOURCES[source]]
        for row in rows.to_dict("records"):
            name = f"{row['fileName']}.wav"
            clip = corpus.clip.fullmatch(name)
            found = corpus.describe(clip)
            if found == "silent":
                continue
            counts = read_votes(found["votes"])
            assert sum(counts.values()) == row["numResponses"]
            letters = {x[0].upper(): n for x, n in counts.items()}
            assert letters == {x: row[x] for x in "ADFHNS" if row[x]}
            most = {x for x, n in letters.items() if n == max(letters.values())}
            majority = majorities.loc[found["ID"], column[SOURCES[source]]]
            assert ":".join(sorted(most)) == majority
            level = row["meanEmoResp"]
            assert found["intensity"] == pytest.approx(level, abs=1e-6)
        yield source, len(rows)


def test_the_crowd_of_a_miniature_is_read(trees):
    found = dict(check_crowd(trees / "cremad", SOURCES))
    assert set(found.values()) == {160}


@pytest.mark.slow
def test_the_crowd_of_the_real_tables_has_their_majorities(emoclust_data):
    found = dict(check_crowd(emoclust_data / "crema_d", SOURCES))
    assert set(found.values()) == {7442}


TURN = "[6.2901 - 8.2357]\tSes01F_impro01_F000\t{label}\t{means}\n"
OTHERS = (
    "C-E1:\tAnger; Frustration;\t()\nC-E2:\tOther;\t(curious; sad)\n"
    "C-E3:\tExcited; Happiness;\t()\nC-F1:\tSadness;\t()\n"
    "A-E1:\tval 3; act 2; dom  ;\t()\nA-F1:\tval 1; act 5; dom  5;\t()\n"
)


@pytest.fixture
def turn(make, tmp_path):
    """Write a release with one more turn, and describe that."""

    def write(label="xxx", means="[2.5000, 3.5000, 4.0000]", others=OTHERS):
        folder = make.iemocap(tmp_path / "IEMOCAP")
        place = "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"
        text = TURN.format(label=label, means=means) + others
        make.text(folder / place, text)
        wavs = folder / "Session1/sentences/wav/Ses01F_impro01"
        make.noise(wavs / "Ses01F_impro01_F000.wav", 900)
        prepare_iemocap(folder, tmp_path / "m", fold=2, expect_complete=False)
        pool = Source(str(tmp_path / "m/pool.csv"), str(folder))
        table = read_manifest(pool).set_index("ID")
        return table.loc["Ses01F_impro01_F000"]

    return write


def test_annotators_of_a_turn_vote_for_each_class_once(turn):
    row = turn()
    assert row["votes"] == "ang:1|fru:1|hap:1|oth:1"
    found = [row[x] for x in ("valence", "arousal", "dominance")]
    assert found == ["2.5", "3.5", "4"]


def test_a_rating_off_the_scale_of_the_release_is_none_and_told(turn, caplog):
    row = turn(means="[5.5000, 3.5000, 0.5000]")
    assert (row["valence"], row["arousal"], row["dominance"]) == ("", "3.5", "")
    assert "has 2 ratings off their scale" in caplog.text
    assert "F000, valence (5.5000 is off the scale from 1 to 5)" in caplog.text


def test_a_word_that_no_annotator_was_offered_is_refused(turn):
    with pytest.raises(
        ManifestError, match="labels that cannot be read: .*'C-E"
    ):
        turn(others="C-E2:\tAnger; Bliss;\t()\n")


MSP_ROWS = [
    ("A", "Angry", "Angry,Annoyed"),
    ("H", "Happy", "Excited,Happy,Sad"),
    ("O", "Other-bored; and so on", ""),
]


@pytest.mark.parametrize("style", ["detail", "columns"])
@pytest.mark.parametrize("secondary", [False, True])
def test_workers_of_both_styles_of_releases_vote(
    make, tmp_path, style, secondary
):
    lines = ["FileName,EmoDetail"]
    if style == "columns":
        lines = ["FileName,Workers,EmoClass_Major,EmoClass_Second,EmoAct"]
    for (name, first, second), n in itertools.product(MSP_ROWS, range(2)):
        if style == "columns":
            lines.append(f'{name}.wav,WORKER{n},{first},"{second}",4')
        else:
            text = f"WORKER0{n}; {first}; {second}; A:4.0; V:3; D:5;"
            text = text.replace("; ; ", "; ")  # nothing heard beside it
            lines.append(f'{name}.wav,"{text}"')
    path = make.text(tmp_path / "labels_detailed.csv", "\n".join(lines))
    more = {"A": "|annoyed:2", "H": "|sad:2", "O": ""}
    expected = {
        "A.wav": "ang:2" + more["A"] * secondary,
        "H.wav": "excited:2|" * secondary + "hap:2" + more["H"] * secondary,
        "O.wav": "other:2",
    }
    expected["A.wav"] = "|".join(sorted(expected["A.wav"].split("|")))
    assert read_msp_votes(path, secondary) == expected


def test_annotators_of_another_release_are_refused(trees, tmp_path):
    root = shutil.copytree(trees / "msp", tmp_path / "msp")
    table = root / "Labels/labels_detailed.csv"
    lines = table.read_text().splitlines()
    first = lines[1].split(",")[0]
    lines = [x for x in lines if not x.startswith(first)]
    lines.append("MSP-PODCAST_9999_0001.wav,WORKER1; Sad; Sad; A:1; V:1; D:1;")
    table.write_text("\n".join(lines))
    with pytest.raises(ManifestError) as error:
        prepare_msp_podcast(root, tmp_path / "m")
    for text in (
        f"1 segments that only the table of the consensus has ({first})",
        "1 segments that only labels_detailed.csv has (MSP-PODCAST_9999_0001",
        "Take both from one release",
    ):
        assert text in str(error.value)
    prepare_msp_podcast(
        root, tmp_path / "m", target="distribution", expect_complete=False
    )
    assert read_summary(tmp_path / "m")["unlabeled"]["no votes"] == 1


VOTES = "recordings_votes.csv"
BAD_TABLES = {
    "cremad": (
        "processedResults/tabulatedVotes.csv",
        lambda text: text.replace(",0,", ",-1,", 1),
        "row 100001: '-1' is no number of votes",
    ),
    "msp off": (
        "Labels/labels_consensus.csv",
        lambda text: text.replace(",A,", ",A,9", 1),
        "MSP-PODCAST_0001_0000.wav: 9.* is off the scale from 1 to 7",
    ),
    "msp table": (
        "Labels/labels_detailed.csv",
        lambda text: text.replace("EmoDetail", "Detail", 1),
        "is not MSP-Podcast's table of annotators: .*FileName, Detail",
    ),
    "generic zero": (VOTES, "0,0,0,0,3,3,3", "sum to zero"),
    "generic text": (VOTES, "1,x,0,0,3,3,3", "votes_happy: 'x'"),
    "generic less": (VOTES, "1,-1,0,0,3,3,3", "votes_happy: '-"),
    "generic off": (VOTES, "1,0,0,0,3,7,3", "line 2: valence: 7 is off the"),
    "generic word": (VOTES, "1,0,0,0,high,3,3", "arousal: 'high'"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_bad_row_is_named(trees, tmp_path, case):
    corpus = case.split()[0]
    file, change, message = BAD_TABLES[case]
    root = shutil.copytree(trees / corpus, tmp_path / "roots" / corpus)
    text = (root / file).read_text()
    if isinstance(change, str):
        line = text.splitlines()[1]
        path, speaker, *_ = line.split(",")
        changed = text.replace(line, f"{path},{speaker},{change}")
    else:
        changed = change(text)
    assert changed != text
    (root / file).write_text(changed)
    with pytest.raises(ManifestError, match=message):
        prepare(root.parent, corpus, tmp_path / "m", target="distribution")


@pytest.mark.parametrize(
    "corpus, arguments, message",
    [
        ("cremad", {"target": "both"}, "no dimensions .*class or distribution"),
        ("iemocap", {"target": "mood"}, "target='mood' is not offered: choose"),
        (
            "generic",
            {"target": "both", "table": "recordings.csv"},
            "no columns .*target='both' needs them: choose class\\.",
        ),
        (
            "generic",
            {"target": "both", "scale": None},
            "scale=None is no scale",
        ),
        ("generic", {"scale": [5, 1]}, "scale=.5, 1. is no scale"),
    ],
)
def test_what_a_corpus_does_not_have_is_not_learned(
    trees, tmp_path, corpus, arguments, message
):
    with pytest.raises(ManifestError, match=message):
        prepare(trees, corpus, tmp_path / "m", **arguments)
    assert not (tmp_path / "m").exists()


def test_missing_tables_of_votes_are_named(trees, tmp_path):
    for corpus, file in (
        ("cremad", "processedResults/tabulatedVotes.csv"),
        ("msp", "Labels/labels_detailed.csv"),
    ):
        root = shutil.copytree(trees / corpus, tmp_path / "roots" / corpus)
        (root / file).unlink()
        prepare(root.parent, corpus, tmp_path / corpus)
        assert read_summary(tmp_path / corpus)["annotations"]["votes"] == ""
        with pytest.raises(ManifestError, match=f"no votes, {file}"):
            prepare(root.parent, corpus, tmp_path / "m", target="distribution")


def test_a_manifest_without_annotations_is_read_as_before(trees, tmp_path):
    tables = prepare(trees, "iemocap", tmp_path)
    path = tmp_path / "test.csv"
    lines = [line.split(",") for line in path.read_text().splitlines()]
    path.write_text("".join(f"{','.join(x[:-5])}\n" for x in lines))
    older = read_manifest(Source(str(path), str(trees / "iemocap")))
    added = ["votes", "arousal", "valence", "dominance", "intensity"]
    expected = tables["test"].assign(**dict.fromkeys(added, ""))
    assert list(older.columns) == list(expected.columns)
    assert older.to_dict("records") == expected.to_dict("records")


def test_validation_asks_for_what_is_learned():
    def row(name, **values):
        usual = {"duration": 1.0, "wav": f"{name}.wav", "spk_id": "s"}
        return Utterance(ID=name, **{**usual, **values})

    scheme = Scheme(target="distribution", votes="crowd")
    fine = row("a", votes="hap:1|sad:1"), row("b", votes="fru:3|sad:1")
    validate({"test": fine}, ["hap", "sad"], scheme)
    for added, message in (
        (row("c", emotion="hap"), "without what distribution needs: c."),
        (row("c", votes="fru:3"), "without what distribution needs: c."),
        (row("c", votes="hap:x"), r"votes that cannot be read: c \(hap:x\)"),
    ):
        with pytest.raises(ManifestError, match=message):
            validate({"test": [*fine, added]}, ["hap", "sad"], scheme)
    with pytest.raises(ManifestError, match="no utterance of hap"):
        validate({"test": fine[1:]}, ["hap", "sad"], scheme)
    scheme = Scheme(target="dimensions", dimensions=("arousal",), scale=(1, 5))
    validate({"test": [row("a", arousal=2.0)]}, ["hap", "sad"], scheme)
    with pytest.raises(ManifestError, match="without what dimensions needs: b"):
        validate({"test": [row("b", valence=2.0)]}, ["hap", "sad"], scheme)
    assert collections.Counter(scheme.lack(x, ()) for x in fine) == {
        "no dimensions": 2
    }
