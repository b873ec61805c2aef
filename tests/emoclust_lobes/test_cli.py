"""The emoclust command: steps, overrides, summaries, errors."""

import json
import subprocess
import sys

import pytest
from emoclust_lobes.cli import COMMANDS, main
from emoclust_lobes.embeddings import extraction as embeddings
from emoclust_lobes.synthetic import make_ravdess

# Commands on a model take no overrides.
MISTYPED = ["predict", "model", "a.wav", "--segment", "--hops=1"]
YAML = """\
seed: 1
data_folder: !PLACEHOLDER
output_folder: results
fold: 1
classes: 8
label_source: intended
expect_complete: True
pools: [own]
speaker_encoder: stats
speaker_encoder_source: null
n_clusters: 3
run_folder: !ref <output_folder>/fold_<fold>/seed_<seed>
manifest_folder: !ref <run_folder>/manifest
embedding_folder: !ref <output_folder>/embeddings
cluster_folder: !ref <run_folder>/clusters_<speaker_encoder>

prepare: !name:data_prep.prepare_ravdess
    data_folder: !ref <data_folder>
    manifest_folder: !ref <manifest_folder>
    fold: !ref <fold>
    classes: !ref <classes>
    label_source: !ref <label_source>
    expect_complete: !ref <expect_complete>
sources: !new:data_prep.Sources
    pools: !ref <pools>
    data_folder: !ref <data_folder>
    manifest_folder: !ref <manifest_folder>
embed: !name:emoclust_lobes.embeddings.embed_utterances
    embedding_folder: !ref <embedding_folder>
    encoder: !ref <speaker_encoder>
    encoder_source: !ref <speaker_encoder_source>
cluster: !name:emoclust_lobes.clustering.cluster_utterances
    embedding_folder: !ref <embedding_folder>
    encoder: !ref <speaker_encoder>
    cluster_folder: !ref <cluster_folder>
    n_clusters: !ref <n_clusters>
    seed: !ref <seed>
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Twelve synthetic actors with fifteen clips each."""
    folder = tmp_path_factory.mktemp("data") / "RAVDESS"
    make_ravdess(folder, n_speakers=12, n_statements=1, n_repetitions=1)
    return folder


@pytest.fixture
def emoclust(corpus, tmp_path, capsys):
    """Function that runs a command; returns exit code, stdout, stderr."""
    yaml = tmp_path / "experiment.yaml"
    yaml.write_text(YAML)

    def run(command, **overrides):
        overrides = {
            "data_folder": corpus,
            "output_folder": tmp_path / "results",
            "expect_complete": False,
            "device": "cpu",
            **overrides,
        }
        options = [f"--{key}={value}" for key, value in overrides.items()]
        return main([command, str(yaml), *options]), *capsys.readouterr()

    return run


def test_prepare_prints_the_classes_of_each_split(emoclust, tmp_path):
    code, printed, _ = emoclust("prepare")
    assert code == 0
    header, train, valid, test, pool = printed.splitlines()[1:6]
    assert header.split()[:3] == ["ang", "cal", "dis"]
    # Two intensities of seven emotions and one of neutral by each actor.
    for row, actors in ((train, 8), (valid, 2), (test, 2), (pool, 8)):
        counts = [2 * actors] * 5 + [actors] + [2 * actors] * 2
        counts += [0, sum(counts), actors]
        assert row.split()[1:-1] == [str(count) for count in counts]
    assert str(tmp_path / "results/fold_1/seed_1/manifest") in printed
    assert not (tmp_path / "results/embeddings").exists()


def test_embed_runs_prepare_and_says_what_is_where(emoclust, tmp_path):
    code, printed, _ = emoclust("embed")
    assert code == 0
    assert "180 utterances embedded in 160 dimensions" in printed
    assert "name stats" in printed
    assert str(tmp_path / "results/embeddings/stats") in printed
    assert not (tmp_path / "results/fold_1/seed_1/clusters_stats").exists()


def test_clusters_runs_all_steps_and_prints_the_report(emoclust, tmp_path):
    code, printed, _ = emoclust("clusters")
    assert code == 0
    folder = tmp_path / "results/fold_1/seed_1/clusters_stats"
    report = json.loads((folder / "clusters.json").read_text())
    rows = {
        line[:28].strip(): line[28:].split() for line in printed.splitlines()
    }
    for name in ("AMI", "ARI", "NMI", "purity"):
        mean = report["mean"]["emotion"]
        value, chance, speakers = rows[f"{name} with emotion"]
        assert value == f"{mean[name.lower()]:.3f}"
        assert chance == f"{mean['chance'][name.lower()]:.3f}"
        assert speakers == "12"
    assert rows["AMI with gender"] == ["-", "-", "0"]
    assert str(folder / "clusters.csv") in printed


def test_steps_that_are_up_to_date_are_skipped(emoclust, tmp_path, monkeypatch):
    emoclust("clusters")
    files = [x for x in (tmp_path / "results").rglob("*") if x.is_file()]
    # An older filelock empties a lock that it takes
    files = [x for x in files if x.name != ".lock"]
    assert len(files) >= 8
    before = {path: path.stat().st_mtime_ns for path in files}
    monkeypatch.setattr(
        embeddings, "load_speaker_encoder", lambda *_: pytest.fail("loaded")
    )
    assert emoclust("clusters")[0] == 0
    assert {path: path.stat().st_mtime_ns for path in files} == before


def test_overrides_reach_the_steps(emoclust, tmp_path):
    code, _, _ = emoclust("clusters", fold=2, n_clusters="silhouette")
    assert code == 0
    folder = tmp_path / "results/fold_2/seed_1/clusters_stats"
    report = json.loads((folder / "clusters.json").read_text())
    assert report["n_clusters"] == "silhouette"


def test_overrides_take_both_forms_and_each_key_once(corpus, tmp_path, capsys):
    yaml = tmp_path / "experiment.yaml"
    yaml.write_text(YAML)
    base = ["prepare", str(yaml), "--expect_complete=False"]
    folders = ["--output_folder", str(tmp_path), "--data_folder", str(corpus)]
    assert main([*base, *folders]) == 0
    assert (tmp_path / "fold_1/seed_1/manifest/manifest.json").exists()
    assert main([*base, *folders, "--fold=1", "--fold=2"]) == 2
    assert "--fold is given twice" in capsys.readouterr().err


def test_other_folds_and_seeds_share_the_embeddings(
    emoclust, tmp_path, monkeypatch
):
    emoclust("embed")
    monkeypatch.setattr(
        embeddings, "load_speaker_encoder", lambda *_: pytest.fail("loaded")
    )
    assert emoclust("clusters", fold=2, seed=7)[0] == 0
    assert (tmp_path / "results/fold_2/seed_7/clusters_stats").exists()


@pytest.mark.parametrize(
    "overrides, message",
    [
        ({"expect_complete": "no"}, "no cannot be used: give True or False"),
        ({"expect_complete": True}, "RAVDESS is not complete"),
        ({"fold": 9}, "fold"),
        ({"n_cluster": 3}, "no option n_cluster; did you mean --n_clusters?"),
        ({"n_clusters": 1}, "give a whole number from 2, or silhouette"),
        ({"speaker_encoder": "stat"}, "did you mean stats?"),
        ({"speaker_encoder_source": "x"}, "takes no source"),
        ({"seed": "["}, "--seed=[ cannot be used"),
    ],
)
def test_what_is_wrong_is_one_message_and_exit_code_2(
    emoclust, overrides, message
):
    code, printed, errors = emoclust("clusters", **overrides)
    assert code == 2
    assert printed == ""
    # The last line; progress bars may stand before it.
    assert message in errors[errors.index("emoclust: error: ") :]
    assert errors.endswith("\n") and "\n" not in errors[:-1].split("error: ")[1]
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    "text, message",
    [
        (None, "there is no "),
        ("seed: [", "experiment.yaml, line "),
        ("seed: 1\nfold: 1\nseed: 2", "experiment.yaml, line 3: a second seed"),
        ("seed: 1", "has no prepare, sources, embed"),
        (YAML, "needs --data_folder=FOLDER"),
        (YAML.replace("fold: 1", "fold: no"), "fold: no cannot be used"),
    ],
)
def test_an_unusable_yaml_is_named(tmp_path, capsys, text, message):
    path = tmp_path / "experiment.yaml"
    if text is not None:
        path.write_text(text)
    assert main(["prepare", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("emoclust: error: ") and message in error


def test_a_corpus_that_is_not_there_is_told_with_what_to_do(emoclust):
    code, _, error = emoclust("prepare", data_folder="nowhere")
    assert code == 2
    first, second = error.splitlines()
    assert "--data_folder=nowhere is not a folder" in first
    assert "make demo" in second


def test_options_of_training_are_refused_where_nothing_trains(emoclust):
    code, _, error = emoclust("prepare", precision="bf16")
    assert code == 2
    assert "--precision is an option of the training scripts" in error


ON_EXPERIMENTS = [name for name, command in COMMANDS.items() if command.on_yaml]


@pytest.mark.parametrize("command", ON_EXPERIMENTS)
def test_help_of_commands_on_a_yaml_lists_the_overrides(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    printed = capsys.readouterr().out
    which = "data_folder fold classes label_source pools".split()
    for key in which:  # crosscorpus says itself which
        assert (f"--{key}=" in printed) == (command != "crosscorpus")
    for key in "output_folder seed expect_complete n_clusters".split():
        assert f"--{key}=" in printed
    assert f"emoclust {command} hparams/" in printed


def test_help_of_protocol_tells_its_own_options_first(capsys):
    with pytest.raises(SystemExit):
        main(["protocol", "--help"])
    printed = capsys.readouterr().out
    own = "systems seeds jobs devices folds labels results note".split()
    places = [printed.index(f"  --{name} ") for name in own]
    places.append(printed.index("  --report_only"))
    assert max(places) < printed.index("overrides, as for the training scripts")
    # The examples can be typed: they say what to run, or to run nothing.
    for example in printed.split("examples:")[1].split("emoclust protocol")[1:]:
        assert "--systems=" in example or "--report_only" in example


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {*ON_EXPERIMENTS}))
def test_help_of_other_commands_tells_their_options(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    printed = capsys.readouterr().out
    assert f"usage: emoclust {command} " in printed
    of_tables = ("evaluate", "robustness")
    assert ("--data_folder" in printed) == (command in of_tables)


def test_encode_names_a_model_that_is_none(tmp_path, capsys):
    output = f"--output={tmp_path / 'a.npz'}"
    assert main(["encode", str(tmp_path), "a.wav", output]) == 2
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize("argv", [[], ["train", "x.yaml"], ["embed"], MISTYPED])
def test_a_wrong_command_line_explains_itself(argv, capsys):
    with pytest.raises(SystemExit) as end:
        main(argv)
    assert end.value.code == 2
    assert "usage: emoclust" in capsys.readouterr().err


def test_an_error_ends_the_process_without_a_traceback(tmp_path):
    program = (
        "import sys; from emoclust_lobes.cli import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "embed", str(tmp_path / "no.yaml")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "emoclust: error:" in done.stderr
    assert "Traceback" not in done.stderr
