"""Means and deviations of results against numbers worked out by hand."""

import statistics

import pytest
from emoclust_lobes import cli
from emoclust_lobes.files import write_json
from emoclust_lobes.results import (
    collect_results,
    describe_results,
    summarize_results,
)

UARS = {(1, 1): 0.40, (1, 2): 0.50, (2, 1): 0.70, (2, 2): 0.60, (3, 1): 0.55}


@pytest.fixture
def runs(tmp_path):
    """Five runs of one system, one of another, one with fewer labels."""

    def leave(system, fold, seed, uar, labels=1.0):
        run = tmp_path / f"fold_{fold}" / f"seed_{seed}"
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
            },
        )

    for (fold, seed), uar in UARS.items():
        leave("contrastive", fold, seed, uar)
    leave("none", 1, 1, 0.3)
    leave("contrastive", 1, 1, 0.2, labels=0.1)
    return tmp_path


def test_seeds_are_averaged_before_folds(runs):
    summary = summarize_results(collect_results(runs))
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


@pytest.mark.parametrize(
    "system, labels, uar", [("none", 1.0, 0.3), ("contrastive", 0.1, 0.2)]
)
def test_systems_and_shares_are_kept_apart(runs, system, labels, uar):
    summary = summarize_results(collect_results(runs))
    row = summary.set_index(["system", "labels"]).loc[system, labels]
    assert (row["uar"], row["runs"]) == (uar, 1)


def test_the_command_prints_every_run_and_its_folder(runs, capsys):
    assert cli.main(["results", str(runs)]) == 0
    text = capsys.readouterr().out
    assert text.strip() == describe_results(runs)
    for value in UARS.values():
        assert f"{value:.3f}" in text
    assert text.count("*.png") == 7


def test_nothing_tested_says_what_to_run(tmp_path):
    with pytest.raises(FileNotFoundError, match="run train_ser.py first"):
        collect_results(tmp_path)


def test_the_command_ends_in_one_line_when_there_is_nothing(tmp_path, capsys):
    assert cli.main(["results", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("emoclust: error: no ser_*")
