"""Means and deviations of results against numbers worked out by hand."""

import statistics

import pytest
from data_prep.storage.files import write_json
from emoclust_lobes import cli
from emoclust_lobes.protocol.averages import summarize
from emoclust_lobes.protocol.run_results import (
    PROTOCOL,
    collect_results,
    describe_results,
)

UARS = {(1, 1): 0.40, (1, 2): 0.50, (2, 1): 0.70, (2, 2): 0.60, (3, 1): 0.55}


def leave(folder, system, fold, seed, uar, labels=1.0, **others):
    """Write what a tested run leaves."""
    run = folder / f"fold_{fold}" / f"seed_{seed}"
    write_json(
        run / f"ser_{system}" / f"labels_{labels}" / "metrics.json",
        {
            "corpus": "C",
            "label_source": "voice",
            "fold": fold,
            "seed": seed,
            "system": system,
            "init": "wherever",
            "labels": labels,
            "uar": uar,
            "wa": uar / 2,
            "macro_f1": uar / 4,
            "classes": ["ang", "sad"],
            "n": 10 * fold,
            "valid_uar": None,
            **others,
        },
    )


@pytest.fixture
def runs(tmp_path):
    """Five runs of one system, one of another, one with fewer labels."""
    for (fold, seed), uar in UARS.items():
        leave(tmp_path, "contrastive", fold, seed, uar)
    leave(tmp_path, "none", 1, 1, 0.3)
    leave(tmp_path, "contrastive", 1, 1, 0.2, labels=0.1)
    return tmp_path


def test_seeds_are_averaged_before_folds(runs):
    summary = summarize(collect_results(runs), PROTOCOL)
    row = summary.set_index(["system", "labels"]).loc["contrastive", 1.0]
    fold_means = [0.45, 0.65, 0.55]
    assert (row["folds"], row["runs"]) == (3, 5)
    assert row["uar"] == pytest.approx(statistics.mean(fold_means))
    assert row["wa"] == pytest.approx(statistics.mean(fold_means) / 2)
    assert row["uar_fold_std"] == pytest.approx(statistics.stdev(fold_means))
    # Fold 3 has one seed, hence no deviation.
    assert row["uar_seed_std"] == pytest.approx(statistics.stdev([0.4, 0.5]))
    # Every fold's utterances count once, whatever the number of seeds.
    assert row["n"] == 60


FOLDERS = {
    "crosscorpus/a-to-b/none_all": 0.2,
    "crosscorpus/a-to-b/other_1": 0.3,
    "seed_corpus/8": 0.4,
    "seed_corpus_wav2vec2/8": 0.5,
}


def test_output_folders_are_kept_apart_and_named(tmp_path):
    for name, uar in FOLDERS.items():
        leave(tmp_path / name, "none", 1, 1, uar)
        leave(tmp_path / name, "none", 2, 2, uar)
    summary = summarize(collect_results(tmp_path), PROTOCOL)
    assert dict(zip(summary["output_folder"], summary["uar"])) == FOLDERS
    assert set(summary["runs"]) == {2}
    runs, means = describe_results(tmp_path).split("\n\n")[:2]
    for name in FOLDERS:
        assert (runs.count(name + " "), means.count(name + " ")) == (2, 1)


@pytest.mark.parametrize("below", ["", "8", "8/fold_1", "8/fold_1/seed_1"])
def test_a_single_output_folder_is_not_named(tmp_path, below):
    leave(tmp_path / "8", "none", 1, 1, 0.5)
    leave(tmp_path / "8", "contrastive", 1, 1, 0.6)
    runs, means = describe_results(tmp_path / below).split("\n\n")[:2]
    for table in (runs, means):
        assert table.splitlines()[1].split()[0] == "corpus"


def test_enrolled_tests_have_rows_of_their_own(tmp_path):
    leave(tmp_path, "none", 1, 1, 0.3)
    uars = {"0": 0.4, "2": 0.5, "10": 0.55, "all": 0.6}
    was = {count: uar / 2 for count, uar in uars.items()}
    others = {"enrolled_wa": was, "enrolled_macro_f1": uars}
    for seed in (1, 2):
        given = others if seed == 1 else {}  # of an older version
        leave(tmp_path, "enrolled", 1, seed, 0.6, enrolled_uar=uars, **given)
    table = collect_results(tmp_path)
    rows = table[table["system"] == "enrolled"].groupby("seed")
    for seed, each in rows:
        assert dict(zip(each["enrolled"], each["uar"])) == uars
        assert each["enrolled"].tolist() == list(uars)
        if seed == 1:
            assert dict(zip(each["enrolled"], each["wa"])) == was
            assert each["macro_f1"].tolist()[:3] == list(uars.values())[:3]
        else:  # the other scores are those of the last test
            assert each["wa"].isna().tolist() == [True, True, True, False]
    runs, means = describe_results(tmp_path).split("\n\n")[:2]
    for text, n_plain in ((runs, 1), (means, 1)):
        assert "enrolled" in text.splitlines()[1].split()
        plain = [x for x in text.splitlines() if " none " in x]
        assert len(plain) == n_plain
    assert len(means.splitlines()) == 2 + 1 + len(uars)
    text = describe_results(tmp_path)
    assert text.count("*.png") == 3


def test_a_run_that_lies_in_two_folders_is_one_seed(tmp_path):
    leave(tmp_path, "none", 1, 1, 0.3, labels=1)
    leave(tmp_path, "none", 1, 1, 0.4, labels=1.0)
    assert len(list(tmp_path.rglob("metrics.json"))) == 2
    assert collect_results(tmp_path)["uar"].tolist() == [0.4]


def test_the_command_prints_every_run_and_its_folder(runs, capsys):
    assert cli.main(["results", str(runs)]) == 0
    text = capsys.readouterr().out
    assert text.strip() == describe_results(runs)
    for value in UARS.values():
        assert f"{value:.3f}" in text
    assert text.count("*.png") == 7


def test_the_command_ends_in_one_line_when_there_is_nothing(tmp_path, capsys):
    assert cli.main(["results", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("emoclust: error: no ser_*")


@pytest.mark.parametrize("damage", ["", "{", "[1]", '{"uar": 0.5}', "\0\1"])
def test_damaged_scores_are_named_with_what_to_do(runs, damage, capsys):
    path = sorted(runs.rglob("metrics.json"))[2]
    path.write_text(damage)
    assert cli.main(["results", str(runs)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"emoclust: error: {path} ")
    assert "remove it" in line
