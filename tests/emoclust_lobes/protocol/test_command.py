"""``emoclust protocol`` over a miniature corpus, from the YAML to the report.

The models are tiny and trained for a few steps: what is tested is that each
run is done once, whatever happens, and that the numbers arrive.
"""

import itertools
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from data_prep.storage.files import read_json
from emoclust_lobes.cli import main
from emoclust_lobes.protocol.facts import commit_of
from emoclust_lobes.protocol.schema import KEY
from emoclust_lobes.synthetic import make_ravdess

ROOT = pathlib.Path(__file__).parents[3]
SYSTEMS = """\
none: {stage1: {pretraining: none}}
shuffled: {stage1: {pretraining: shuffled}}
stats-baseline: {baseline: {encoders: [stats]}}
enrolled-baseline: {baseline: {encoders: [stats], speaker_normalized: True}}
wrong-training:
    stage1: {pretraining: none}
    stage2: {class_balance: magic}
wrong-baseline: {baseline: {encoders: [stats], classifier: magic}}
"""
TINY = [
    "--expect_complete=False",
    "--speaker_encoder=stats",
    "--n_clusters=3",
    "--ecapa_channels=8",
    "--attention_channels=8",
    "--embedding_size=8",
    "--projection_size=8",
    "--contrastive_epochs=2",
    "--steps_per_epoch=2",
    "--speakers_per_batch=2",
    "--ser_epochs=2",
    "--ser_batch_size=32",
    "--eval_batch_size=16",
    "--enrolled_counts=[0, 2, all]",
    "--num_workers=0",
    "--device=cpu",
]
COMPARED = ["none", "shuffled", "stats-baseline"]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of what an experiment needs, with few systems; a corpus."""
    tree = tmp_path_factory.mktemp("protocol")
    (tree / "hparams").mkdir()
    for script in ("train_contrastive.py", "train_ser.py"):
        shutil.copy(ROOT / script, tree)
    shutil.copy(ROOT / "hparams" / "ravdess.yaml", tree / "hparams")
    (tree / "hparams" / "systems.yaml").write_text(SYSTEMS)
    make_ravdess(tree / "corpus", n_speakers=6, n_statements=1, n_repetitions=1)
    return tree


def command(tree, *options, output="out"):
    """Words of the command line, without the program; the last counts."""
    keys = {option.split("=")[0]: option for option in [*TINY, *options]}
    return [
        "protocol",
        str(tree / "hparams" / "ravdess.yaml"),
        f"--data_folder={tree / 'corpus'}",
        f"--output_folder={tree / output}",
        *keys.values(),
    ]


def runs_in(folder):
    runs = pd.read_csv(folder / "runs.csv", keep_default_na=False)
    return list(runs[KEY].itertuples(index=False, name=None))


def files_in(*folders):
    """When each file was written."""
    return {
        path: path.stat().st_mtime_ns
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def finished(tree):
    """A protocol that was killed after its first result and went on.

    Its command line, the folder of the results, and the runs that were there
    when it was killed.
    """
    words = command(
        tree,
        f"--systems={','.join(COMPARED)}",
        "--folds=1",
        "--labels=1,0.5",
        "--jobs=2",
    )
    program = (
        "import sys; from emoclust_lobes.cli import main; sys.exit(main())"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    results = tree / "out" / "protocol"
    while process.poll() is None and not (results / "runs.csv").exists():
        time.sleep(0.02)
    process.kill()
    printed = process.communicate()[0]
    assert process.returncode == -signal.SIGKILL, printed[-3000:]
    before = pd.read_csv(results / "runs.csv", keep_default_na=False)
    assert len(before) < 6, "it ended before it was killed"
    assert main(words) == 0
    return words, results, before


@pytest.mark.slow
def test_a_killed_protocol_goes_on_and_has_each_run_once(finished, tree):
    words, results, before = finished
    runs = pd.read_csv(results / "runs.csv", keep_default_na=False)
    wanted = itertools.product(COMPARED, [0.5, 1.0], [""], [1], [1986])
    assert sorted(runs_in(results)) == sorted(wanted)
    kept = runs.merge(before)
    pd.testing.assert_frame_equal(kept[before.columns], before)
    # The numbers are those that the runs left.
    for row in runs[runs["system"] != "stats-baseline"].itertuples():
        run = tree / f"out/fold_1/seed_1986/ser_{row.system}"
        metrics = read_json(run / f"labels_{row.labels}" / "metrics.json")
        assert (metrics["system"], metrics["labels"]) == row[1:3]
        assert (metrics["n_train"], metrics["n"]) == (row.n_train, row.n)
        assert metrics["uar"] == pytest.approx(row.uar, abs=1e-6)
        assert metrics["valid_uar"] == pytest.approx(row.valid_uar, abs=1e-6)
    sizes = runs.set_index(["system", "labels"])["n_train"]
    assert (sizes.xs(1.0, level=1) == 60).all()
    assert (sizes.xs(0.5, level=1) == 30).all()


@pytest.mark.slow
def test_the_report_tells_of_all_systems(finished):
    text = (finished[1] / "report.md").read_text()
    for name in COMPARED:
        assert f"`{name}`" in text
    facts = read_json(finished[1] / "protocol.json")
    assert facts["systems"] == COMPARED
    assert facts["yaml"] == "hparams/ravdess.yaml"
    assert "--systems=none,shuffled,stats-baseline" in facts["commands"][0]
    assert "--labels=1.0,0.5" in facts["commands"][0]
    assert "/" not in facts["commands"][0].replace("hparams/ravdess.yaml", "")


@pytest.mark.slow
def test_a_second_call_runs_nothing(finished, tree):
    words, results, _ = finished
    before = files_in(tree / "out" / "fold_1", tree / "out" / "embeddings")
    runs = (results / "runs.csv").stat().st_mtime_ns
    assert main(words) == 0
    assert before == files_in(*{path.parent for path in before})
    assert (results / "runs.csv").stat().st_mtime_ns == runs


@pytest.mark.slow
def test_results_of_another_experiment_are_refused(finished, tree, capsys):
    words, results, _ = finished
    runs = (results / "runs.csv").read_bytes()
    other = tree / "hparams" / "other.yaml"
    shutil.copy(words[1], other)
    assert main([words[0], str(other), *words[2:]]) == 2
    assert "not hparams/other.yaml" in capsys.readouterr().err
    assert (results / "runs.csv").read_bytes() == runs


@pytest.mark.slow
def test_runs_are_trained_with_the_given_precision(tree):
    results = tree / "bf16" / "protocol"
    options = ["--systems=none", "--folds=1", "--precision=bf16"]
    assert main(command(tree, *options, output="bf16")) == 0
    described = read_json(results / "protocol.json")
    assert described["settings"]["precision"] == "bf16"
    assert "--precision=bf16" in described["commands"][0]
    # bfloat16 has eight bits: the same steps end elsewhere.
    assert main(command(tree, *options[:2], output="fp32")) == 0
    log = "fold_1/seed_1986/ser_none/labels_1.0/train_log.txt"
    logs = [(tree / x / log).read_text() for x in ("bf16", "fp32")]
    assert logs[0] != logs[1]


@pytest.mark.slow
def test_what_fails_is_told_and_stops_nothing_else(finished, tree, capsys):
    systems = "wrong-baseline,enrolled-baseline,wrong-training"
    words = command(tree, f"--systems={systems}", "--folds=1")
    assert main(words) == 2
    error = capsys.readouterr().err
    error = error[error.index("emoclust: error: ") :]
    logs = {}
    for name, reason in {
        "wrong-baseline": "classifier must be logistic or svm",
        "wrong-training": "--class_balance=magic cannot be used",
    }.items():
        (line,) = [x for x in error.splitlines() if x.startswith(name)]
        assert reason in line
        logs[name] = pathlib.Path(line.rpartition("(see ")[2].rstrip(")"))
        assert reason in logs[name].read_text()
    assert len(error.splitlines()) == 3
    found = [x for x in runs_in(finished[1]) if x[0] not in COMPARED]
    assert found == [
        ("enrolled-baseline", 1.0, count, 1, 1986)
        for count in ("0", "2", "all")
    ]


@pytest.mark.slow
def test_a_report_needs_no_corpus(finished, tree, capsys):
    copy = shutil.copytree(finished[1], tree / "copy", dirs_exist_ok=True)
    (copy / "report.md").unlink()
    yaml = str(tree / "hparams" / "ravdess.yaml")
    assert main(["protocol", yaml, "--report_only", f"--results={copy}"]) == 0
    assert (copy / "report.md").exists()
    assert str(copy / "report.md") in capsys.readouterr().out
    # Without --results it is where the experiment's results go.
    output = f"--output_folder={tree / 'out'}"
    assert main(["protocol", yaml, "--report_only", output]) == 0
    assert str(finished[1] / "report.md") in capsys.readouterr().out
    assert main(["protocol", yaml, "--report_only", "--results=nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_baselines_go_from_the_yaml_to_the_report(tree, capsys):
    def call(systems, *options):
        options = [f"--systems={systems}", "--folds=1", *options]
        return main(command(tree, *options, output="baselines"))

    results = tree / "baselines" / "protocol"
    assert call("enrolled-baseline") == 0
    expected = [
        ("enrolled-baseline", 1.0, count, 1, 1986)
        for count in ("0", "2", "all")
    ]
    assert runs_in(results) == expected
    report = (results / "report.md").read_text()
    assert "| enrolled-baseline, enrolled, 2 clips |" in report
    runs = (results / "runs.csv").read_bytes()
    assert call("enrolled-baseline", "--temperature=0.5") == 2
    error = capsys.readouterr().err
    assert "holds results with the settings" in error
    assert "'temperature': 0.5" in error and "another --results" in error
    assert call("enrolled-baseline,wrong-baseline") == 2
    error = capsys.readouterr().err
    assert "wrong-baseline" in error and "must be logistic or svm" in error
    assert (results / "runs.csv").read_bytes() == runs


@pytest.mark.parametrize(
    "options, message",
    [
        ([], "give the systems to compare"),
        (["--systems=none,magic"], "has no system 'magic'"),
        (["--systems=none", "--data_folder=nowhere"], "=nowhere is not a"),
        (["--systems=none", "--magic=1"], "has no option magic"),
        (["--systems=stats-baseline", "--folds=7"], "fold"),
        (["--systems=none", "--debug"], "--debug is an option of the training"),
    ],
)
def test_what_is_wrong_is_one_message(tree, capsys, options, message):
    words = command(tree, *options, output="wrong")
    if "nowhere" in str(options):
        words.remove(f"--data_folder={tree / 'corpus'}")
    assert main(words) == 2
    error = capsys.readouterr().err
    # Progress bars may stand before it.
    assert message in error[error.index("emoclust: error: ") :]
    assert "Traceback" not in error


@pytest.mark.parametrize(
    "option", ["--jobs=0", "--seeds=two", "--labels=half", "--folds=1,x"]
)
def test_an_option_that_cannot_be_is_named(tree, capsys, option):
    with pytest.raises(SystemExit) as end:
        main(command(tree, "--systems=none", option))
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert f"argument {option.partition('=')[0]}" in error


def test_scripts_must_stand_beside_the_folder_of_the_yaml(
    tree, tmp_path, capsys
):
    (tmp_path / "hparams").mkdir()
    yaml = tmp_path / "hparams" / "ravdess.yaml"
    shutil.copy(tree / "hparams" / "ravdess.yaml", yaml)
    words = command(tree, "--systems=none")
    assert main([words[0], str(yaml), *words[2:]]) == 2
    error = capsys.readouterr().err
    assert "holds no train_contrastive.py, train_ser.py" in error


def test_a_commit_is_that_of_the_checkout(tmp_path):
    def git(*words):
        who = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
        done = subprocess.run(
            ["git", "-C", tmp_path, *who, *words],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert commit_of(tmp_path) == ""
    git("init", "-q")
    (tmp_path / "code.py").write_text("1")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    head = git("rev-parse", "--short", "HEAD")
    assert commit_of(tmp_path) == head
    (tmp_path / "notes.txt").write_text("not code")
    assert commit_of(tmp_path) == head
    (tmp_path / "code.py").write_text("2")
    assert commit_of(tmp_path) == head + "+"


@pytest.mark.slow
def test_folds_and_seeds_and_the_same_numbers_by_hand(tree):
    words = command(
        tree,
        f"--systems={','.join(COMPARED)}",
        "--folds=1,2",
        "--seeds=2",
        "--labels=1,0.5",
        "--jobs=2",
        output="large",
    )
    assert main(words) == 0
    runs = runs_in(tree / "large" / "protocol")
    assert sorted(runs) == sorted(
        (name, share, "", fold, seed)
        for name in COMPARED
        for share, fold in itertools.product([1.0, 0.5], [1, 2])
        for seed in (1986, 1987)
        # Of a baseline with all labels another seed would change nothing
        if (name, share, seed) != ("stats-baseline", 1.0, 1987)
    )
    options = command(tree, "--fold=2", "--seed=1987", output="hand")[1:]
    for script in ("train_contrastive.py", "train_ser.py"):
        subprocess.run(
            [sys.executable, script, *options, "--pretraining=shuffled"],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=True,
        )
    run = "fold_2/seed_1987/ser_shuffled/labels_1.0/predictions.csv"
    assert (tree / "large" / run).read_bytes() == (
        tree / "hand" / run
    ).read_bytes()
