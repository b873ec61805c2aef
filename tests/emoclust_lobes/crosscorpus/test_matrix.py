"""Runs are pooled over cases: the numbers again, from the predictions."""

import numpy as np
import pandas as pd
import pytest
from data_prep.storage.files import read_json, write_json
from emoclust_lobes.crosscorpus.matrix import (
    FACTS,
    KEY,
    gather_runs,
    read_matrix,
)
from emoclust_lobes.crosscorpus.report import README_TABLES, write_report
from emoclust_lobes.crosscorpus.tables import matrix_table, pairs_text
from emoclust_lobes.protocol.runs import merge_runs, run_rows
from emoclust_lobes.protocol.schema import write_table
from sklearn.metrics import accuracy_score, f1_score, recall_score

CLASSES = ["ang", "hap", "neu", "sad"]
YAML, SETTINGS = "generic.yaml", {"ser_epochs": 2}
# (train, test, adapt) -> folds of its cases
CASES = {
    ("a", "a", "none"): [1, 2, 3],
    ("a", "b", "none"): [0],
    ("a", "b", "other"): [1, 2],
    ("b", "a", "none"): [0],
    ("b", "b", "none"): [1, 2],
}
FOLDS = {"a": [1, 2, 3], "b": [1, 2]}
SYSTEMS = {"none": 0.3, "contrastive": 0.6}


def predict(rng, names, right):
    """Made-up predictions for some utterances of each of some speakers."""
    ids = [f"{name}/{n}" for name in names for n in range(15)]
    truth = rng.choice(CLASSES, len(ids), p=[0.5, 0.2, 0.2, 0.1])
    truth[:4] = CLASSES
    guess = rng.choice(CLASSES, len(ids))
    sure = rng.random(len(ids)) < right
    return pd.DataFrame(
        {"ID": ids, "truth": truth, "prediction": np.where(sure, truth, guess)}
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Cases as runs leave them, and all predictions of each run."""
    output, rng = tmp_path_factory.mktemp("made"), np.random.default_rng(3)
    predictions = {}
    for pair, folds in CASES.items():
        for fold in folds:
            folder = output / f"{pair[0]}-to-{pair[1]}" / f"{pair[2]}_{fold}"
            case = dict(zip(("train", "test", "adapt"), pair), fold=fold)
            write_json(
                folder / "protocol.json",
                {
                    "title": "",
                    "yaml": YAML,
                    "settings": SETTINGS,
                    "classes": CLASSES,
                    "case": case,
                    "cases": len(folds),
                },
            )
            rows = []
            for system, right in SYSTEMS.items():
                for seed in (1, 2):
                    parts = [fold] if fold else FOLDS[pair[1]]
                    names = [f"{pair[1]}/{x}{n}" for x in parts for n in "xyz"]
                    found = predict(rng, names, right)
                    key = (*pair, system, "", seed)
                    predictions.setdefault(key, []).append(found)
                    speakers = found["ID"].str.rpartition("/")[0]
                    rows.append(
                        run_rows(
                            found,
                            pd.Series(speakers.to_numpy(), found["ID"]),
                            CLASSES,
                            system=system,
                            labels=1.0,
                            enrolled="",
                            fold=1,
                            seed=seed,
                            n_train=100 + fold,
                            valid_uar=0.5 + fold / 10,
                            commit="abc",
                        )
                    )
            merge_runs(folder, *map(pd.concat, zip(*rows)))
    return output, predictions


@pytest.fixture(scope="module")
def results(made, tmp_path_factory):
    """A folder of results."""
    folder = tmp_path_factory.mktemp("results")
    write_json(
        folder / FACTS,
        {
            "corpora": {"a": "Alpha", "b": "Beta"},
            "note": "Nobody spoke.",
            "yaml": f"hparams/{YAML}",
            "settings": SETTINGS,
            "classes": CLASSES,
            "systems": list(SYSTEMS),
            "commands": ["emoclust crosscorpus hparams/generic.yaml"],
        },
    )
    for name, table in zip(
        ("runs", "speakers"), gather_runs(made[0], YAML, SETTINGS)
    ):
        write_table(folder / f"{name}.csv", table)
    return folder


def test_a_run_is_scored_over_all_its_utterances(made, results):
    runs = read_matrix(results).runs.set_index(KEY)
    assert set(runs.index) == set(made[1])
    for key, found in made[1].items():
        pooled, row = pd.concat(found), runs.loc[key]
        truth, guess = pooled["truth"], pooled["prediction"]
        recalls = recall_score(truth, guess, labels=CLASSES, average=None)
        assert row["uar"] == pytest.approx(recalls.mean(), abs=1e-6)
        assert row["wa"] == pytest.approx(accuracy_score(truth, guess), 1e-5)
        macro = f1_score(truth, guess, average="macro")
        assert row["macro_f1"] == pytest.approx(macro, abs=1e-6)
        told = [float(x) for x in row["recalls"].split()]
        assert told == pytest.approx(recalls, abs=1e-6)
        folds = CASES[key[:3]]
        assert (row["n"], row["folds"]) == (len(pooled), len(folds))
        assert row["valid_uar"] == pytest.approx(0.5 + np.mean(folds) / 10)
        assert row["n_train"] == round(100 + np.mean(folds))


def test_the_matrix_is_the_mean_of_the_seeds(results):
    matrix = read_matrix(results)
    means = matrix.runs.groupby(["train", "test", "adapt", "system"])["uar"]
    means, table = means.mean(), matrix_table(matrix)
    assert len(table) == 8
    for row in table.to_dict("records"):
        for test in "ab":
            key = (row["train"], test, row["adapt"], row["system"])
            told = np.nan_to_num(row[test], nan=-1)
            assert told == pytest.approx(means.get(key, -1), abs=1e-6)


def test_a_run_without_all_its_cases_does_not_count(made, tmp_path):
    output = tmp_path / "out"
    for path in made[0].glob("*/*/*"):
        copy = output / path.relative_to(made[0])
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (output / "a-to-a" / "none_2" / "runs.csv").unlink()
    path = output / "b-to-b" / "none_1" / "protocol.json"
    write_json(path, {**read_json(path), "settings": {"ser_epochs": 3}})
    runs, speakers = gather_runs(output, YAML, SETTINGS)
    pairs = {"a b none", "a b other", "b a none"}
    assert set(runs[KEY[:3]].agg(" ".join, axis=1)) == pairs
    assert set(speakers[KEY[:3]].agg(" ".join, axis=1)) == pairs
    runs, speakers = gather_runs(tmp_path / "nowhere", YAML, SETTINGS)
    assert len(runs) == len(speakers) == 0


def test_tables_that_do_not_agree_are_refused(results, tmp_path):
    for name in (FACTS, "runs.csv", "speakers.csv"):
        (tmp_path / name).write_bytes((results / name).read_bytes())
    read_matrix(tmp_path)
    path = tmp_path / "speakers.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(ValueError, match="hits of its speakers"):
        read_matrix(tmp_path)
    path.write_text("one,column\n")
    with pytest.raises(ValueError, match="has the columns"):
        read_matrix(tmp_path)
    with pytest.raises(FileNotFoundError, match="no results"):
        read_matrix(tmp_path / "nowhere")


def test_a_report_tells_every_number_and_is_the_same_again(results):
    report = write_report(results)
    files = [
        report,
        results / "matrix.csv",
        results / "figures" / "matrix.png",
        results / "figures" / "matrix.svg",
    ]
    before = [path.read_bytes() for path in files]
    text = report.read_text()
    for uar in matrix_table(read_matrix(results))[["a", "b"]].stack().dropna():
        assert f"{uar:.3f}".lstrip("0") in text
    assert "contrastive, adapted" in text and "Nobody spoke." in text
    assert "Chance is .250" in text.replace("\n", " ")
    # Two rows for each of the five pairs
    assert text.count("| Alpha | Alpha |") == 2
    assert text.count("| Alpha | Beta |") == 4 + 1  # and a heading
    assert text.count("| Beta | Alpha |") == 2
    write_report(results)
    assert before == [path.read_bytes() for path in files]


def test_tables_in_a_readme_follow_the_results(results):
    readme = results.parent / "README.md"
    block = "<!-- crosscorpus: {} {} -->\nstale\n<!-- /crosscorpus -->"
    name = results.name
    texts = [
        "# Mine",
        block.format(name, "matrix"),
        block.format(name, "pairs"),
    ]
    readme.write_text("\n\n".join([*texts, "The end.\n"]))
    assert README_TABLES.stale(readme) == [f"{name} matrix", f"{name} pairs"]
    README_TABLES.rebuild(readme)
    assert README_TABLES.stale(readme) == []
    text = readme.read_text()
    assert text.startswith("# Mine\n") and text.endswith("\nThe end.\n")
    assert "| trained on | Alpha | Beta |" in text and "stale" not in text


def test_what_no_seed_changes_meets_the_mean_over_seeds(results):
    """As a baseline, which has the first seed only."""
    matrix = read_matrix(results)
    runs, speakers = (
        x[(x["system"] != "contrastive") | (x["seed"] == 1)]
        for x in (matrix.runs, matrix.speakers)
    )
    uses = {"contrastive": "training speakers", "none": "labels alone"}
    facts = {**matrix.facts, "deterministic": ["contrastive"], "uses": uses}
    fixed = type(matrix)(facts, runs, speakers)
    lines = [
        [x.strip() for x in line.strip("|").split("|")]
        for line in pairs_text(fixed).split("\n")
        if line.startswith("|")
    ]
    rows = [dict(zip(lines[0], line)) for line in lines[2:]]
    titles = {title: name for name, title in facts["corpora"].items()}
    checked = 0
    for row in rows:
        system, _, adapted = row["system"].partition(", ")
        assert (row["seeds"] == "1") == (system == "contrastive")
        told = uses[system] if system != "none" else "labels alone"
        other = ", other speakers of the test corpus" if adapted else ""
        if system != "contrastive":
            continue
        assert row["uses"] == told + other
        pair = tuple(titles[row[x]] for x in ("trained on", "tested on"))
        keyed = runs.set_index(["train", "test", "adapt", "system"])["uar"]
        adapt = "other" if adapted else "none"
        own = keyed.loc[[(*pair, adapt, "contrastive")]].mean()
        none = keyed.loc[[(*pair, "none", "none")]].mean()
        text = row["to `none` (95 % interval)"]
        assert float(text.split()[0]) == pytest.approx(own - none, abs=5.1e-4)
        assert " to " in row["to `none`: speakers, seeds"]
        checked += 1
    assert checked == len(CASES)
