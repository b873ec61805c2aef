"""``emoclust crosscorpus`` over two miniature corpora, to the report.

The models are tiny and trained for a few steps: what is tested is who trains,
who is tested, that each case is run once, and that the numbers arrive.
"""

import argparse
import pathlib
import shutil

import pandas as pd
import pytest
import soundfile
from data_prep.storage.files import read_json
from emoclust_lobes.crosscorpus.command import add_arguments, run_crosscorpus
from emoclust_lobes.crosscorpus.matrix import KEY, read_matrix
from emoclust_lobes.experiment.option_kinds import UsageError
from emoclust_lobes.protocol.plan import ProtocolError
from emoclust_lobes.training.seen_speakers import read_seen_speakers
from sklearn.metrics import recall_score

ROOT = pathlib.Path(__file__).parents[3]
TINY = {
    "speaker_encoder": "stats",
    "n_clusters": 2,
    "ecapa_channels": 8,
    "attention_channels": 8,
    "embedding_size": 8,
    "projection_size": 8,
    "contrastive_epochs": 1,
    "steps_per_epoch": 1,
    "speakers_per_batch": 2,
    "ser_epochs": 1,
    "eval_batch_size": 32,
    "num_workers": 0,
    "expect_complete": False,
}
# Corpora with one split each: as few runs as can be
CORPORA = """\
classes: [ang, sad]
expect_complete: True
corpora:
"""
CORPUS = """\
    {name}:
        title: The {name}
        prepare: !name:data_prep.prepare_generic
            table: all.csv
            classes: [A, S, N]
        emotions: {{A: ang, S: sad, N: null}}
"""
SYSTEMS = """\
none: {stage1: {pretraining: none}}
contrastive: {stage1: {pretraining: contrastive}}
wrong: {stage1: {pretraining: none}, stage2: {class_balance: magic}}
"""
SPLITS = {"t1": "train", "t2": "train", "v": "valid", "x": "test"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory, corpora_folder):
    """What an experiment needs, and two corpora of four speakers each."""
    tree = tmp_path_factory.mktemp("crosscorpus")
    (tree / "hparams").mkdir()
    for script in ("train_contrastive.py", "train_ser.py"):
        shutil.copy(ROOT / script, tree)
    for name in ("generic.yaml", "ravdess.yaml"):
        shutil.copy(ROOT / "hparams" / name, tree / "hparams")
    (tree / "hparams" / "systems.yaml").write_text(SYSTEMS)
    names = ("east", "west")
    (tree / "hparams" / "crosscorpus.yaml").write_text(
        CORPORA + "".join(CORPUS.format(name=name) for name in names)
    )
    clips = sorted((corpora_folder / "emodb" / "wav").glob("*.wav"))
    for name in names:
        rows = ["path,speaker,emotion,split"]
        for place, (speaker, split) in enumerate(SPLITS.items()):
            own = clips[14 * place : 14 * place + 14]
            for clip in own:
                emotion = {"W": "A", "T": "S", "N": "N"}.get(clip.name[5])
                if emotion:
                    path = f"{speaker}/{clip.name}"
                    (tree / name / speaker).mkdir(parents=True, exist_ok=True)
                    audio, rate = soundfile.read(clip)  # none is a copy
                    loudness = {"east": 1.0, "west": 0.9}[name]
                    soundfile.write(tree / name / path, loudness * audio, rate)
                    rows.append(f"{path},{speaker},{emotion},{split}")
        (tree / name / "all.csv").write_text("\n".join(rows) + "\n")
    return tree


def call(tree, *words, yaml="generic.yaml", **changes):
    """Do what the command line does."""
    parser = argparse.ArgumentParser()
    parser.add_argument("yaml")
    add_arguments(parser)
    options = parser.parse_args([str(tree / "hparams" / yaml), *words])
    overrides = {**TINY, "output_folder": str(tree / "out"), **changes}
    return run_crosscorpus(options, overrides, "cpu")


def corpora(tree):
    return f"--corpora=east={tree / 'east'},west={tree / 'west'}"


@pytest.fixture(scope="module")
def finished(tree):
    """The words of a matrix that was run, and the folder of its results."""
    words = [
        corpora(tree),
        "--systems=contrastive",
        "--adapt=none,other",
        "--jobs=2",
        "--titles=west=The far west",
    ]
    printed = call(tree, *words)
    results = tree / "out" / "report"
    assert printed == f"report: {results / 'report.md'}"
    return words, results


@pytest.mark.slow
def test_every_run_is_there_and_its_numbers_are_the_runs(finished, tree):
    runs = read_matrix(finished[1]).runs.set_index(KEY)
    within = {("east", "east"), ("west", "west")}
    across = {("east", "west"), ("west", "east")}
    assert set(runs.index) == {
        (*pair, "none", "contrastive", "", 1986) for pair in within | across
    } | {(*pair, "other", "contrastive", "", 1986) for pair in across}
    for key, row in runs.iterrows():
        train, test, adapt, system = key[:4]
        part = "all" if (train != test and adapt == "none") else "1"
        home = tree / "out" / f"{train}-to-{test}" / f"{adapt}_{part}"
        folder = home / "fold_1" / "seed_1986" / f"ser_{system}" / "labels_1.0"
        found = pd.read_csv(folder / "predictions.csv")
        # Two clips of each emotion, spoken by the one test speaker
        assert all(x.startswith(f"{test}/x/") for x in found["ID"])
        assert sorted(found["truth"]) == ["ang", "ang", "sad", "sad"]
        uar = recall_score(found["truth"], found["prediction"], average="macro")
        assert row["uar"] == pytest.approx(uar, abs=1e-6)
        metrics = read_json(folder / "metrics.json")
        assert metrics["uar"] == pytest.approx(row["uar"], abs=1e-6)
        assert metrics["n_train"] == row["n_train"] == 8


@pytest.mark.slow
def test_stage_1_sees_whom_it_should(finished, tree):
    seen = {
        path.relative_to(tree / "out").parts[:2]: read_seen_speakers(
            path.parent
        )
        for path in (tree / "out").rglob("contrastive/speakers.txt")
    }
    assert len(seen) == 6
    for (pair, kind), speakers in seen.items():
        train, test = pair.split("-to-")
        wanted = {f"{train}/{x}" for x in ("t1", "t2", "v")}
        if kind == "other_1":
            wanted |= {f"{test}/t1", f"{test}/t2"}
        assert speakers == {f"{train} to {test}/{x}" for x in wanted}


@pytest.mark.slow
def test_the_report_names_the_corpora_and_how_to_make_it_again(finished):
    text = (finished[1] / "report.md").read_text()
    assert "| trained on | The east | The far west |" in text
    facts = read_json(finished[1] / "crosscorpus.json")
    (command,) = facts["commands"]
    assert "--corpora=east=FOLDER,west=FOLDER" in command
    assert "--adapt=none,other" in command and "--ser_epochs=1" in command
    assert str(finished[1].parent) not in command


@pytest.mark.slow
def test_a_second_call_runs_nothing_and_a_report_needs_no_corpus(
    finished, tree
):
    def times():
        return {
            path: path.stat().st_mtime_ns
            for path in (tree / "out").rglob("*")
            if path.suffix in (".ckpt", ".npz") or path.name == "metrics.json"
        }

    words, results = finished
    before, runs = times(), (results / "runs.csv").read_bytes()
    assert before
    call(tree, *words)
    assert times() == before
    assert (results / "runs.csv").read_bytes() == runs
    copy = shutil.copytree(results, tree / "copy")
    (copy / "report.md").unlink()
    printed = call(tree, "--report_only", f"--results={copy}")
    assert printed == f"report: {copy / 'report.md'}"
    assert (copy / "report.md").read_bytes() == (
        results / "report.md"
    ).read_bytes()


@pytest.mark.slow
def test_results_of_other_settings_are_refused(finished, tree):
    words, results = finished
    runs = (results / "runs.csv").read_bytes()
    with pytest.raises(ProtocolError, match="give another --results"):
        call(tree, *words, temperature=0.5)
    with pytest.raises(ProtocolError, match="another --output_folder"):
        elsewhere = f"--results={tree / 'elsewhere'}"
        call(tree, *words, elsewhere, temperature=0.5)
    assert (results / "runs.csv").read_bytes() == runs


@pytest.mark.slow
def test_what_fails_is_told_and_the_rest_is_kept(finished, tree):
    # Without a stage 1 there is nothing that could adapt
    words = [corpora(tree), "--systems=wrong,contrastive", "--adapt=none,other"]
    with pytest.raises(ProtocolError) as error:
        call(tree, *words)
    lines = str(error.value).splitlines()
    assert len(lines) == 1 + 4  # of each pair
    assert lines[1].startswith("east-to-east/none_1: wrong, labels 1.0, fold 1")
    assert "class_balance=magic cannot be used" in lines[1]
    assert len(read_matrix(finished[1]).runs) == 6


def test_a_matrix_goes_from_the_corpora_to_the_report(tree):
    words = [corpora(tree), "--systems=none", "--adapt=none"]
    out = tree / "untrained"
    printed = call(tree, *words, output_folder=str(out))
    assert printed == f"report: {out / 'report' / 'report.md'}"
    runs = read_matrix(out / "report").runs.set_index(KEY)
    names = ("east", "west")
    assert set(runs.index) == {
        (train, test, "none", "none", "", 1986)
        for train in names
        for test in names
    }
    for (train, test, *_), row in runs.iterrows():
        part = "1" if train == test else "all"
        home = out / f"{train}-to-{test}" / f"none_{part}"
        (path,) = home.rglob("predictions.csv")
        found = pd.read_csv(path)
        assert all(x.startswith(f"{test}/x/") for x in found["ID"])
        uar = recall_score(found["truth"], found["prediction"], average="macro")
        assert row["uar"] == pytest.approx(uar, abs=1e-6)


@pytest.mark.parametrize(
    "words, changes, message",
    [
        ([], {}, "give two corpora or more"),
        (["--corpora=east=/data"], {}, "give two corpora or more"),
        (["--corpora=east=/a,north=/b"], {}, "no corpus 'north'"),
        (["--corpora=east=/a,west=/b"], {"magic": 1}, "no option magic"),
        (["--corpora=east=/a,west=/b"], {"fold": 2}, "--fold is not for you"),
        (
            ["--corpora=east=/a,west=/b", "--mapping=nowhere.yaml"],
            {},
            "there is no nowhere.yaml",
        ),
    ],
    ids=["none", "one", "unknown", "override", "fold", "mapping"],
)
def test_what_is_wrong_is_one_message(tree, words, changes, message):
    with pytest.raises((ProtocolError, UsageError), match=message):
        call(tree, *words, **changes)


def test_without_a_stage_1_there_is_nothing_to_adapt(tree):
    words = [corpora(tree), "--systems=wrong", "--adapt=other"]
    with pytest.raises(ProtocolError, match="nothing to run"):
        call(tree, *words, output_folder=str(tree / "nothing"))


@pytest.mark.parametrize(
    "word",
    ["--corpora=east", "--corpora=a=/a,a=/b", "--adapt=target", "--seeds=0"],
)
def test_an_option_that_cannot_be_is_named(tree, capsys, word):
    with pytest.raises(SystemExit):
        call(tree, word)
    assert f"argument {word.partition('=')[0]}" in capsys.readouterr().err
