"""What a user gets wrong ends both scripts in a line or two, and in code 2."""

import os
import runpy
import shutil
import subprocess
import sys

import pytest

from tests.training.recipe_runs import ROOT, command

SCRIPTS = ("train_contrastive.py", "train_ser.py")
# Of each corpus that must be had from somewhere: where
PLACES = {
    "cremad": "https://github.com/CheyneyComputerScience/CREMA-D",
    "emodb": "http://emodb.bilderbar.info",
    "esd": "https://github.com/HLTSingapore/Emotional-Speech-Data",
    "iemocap": "https://sail.usc.edu/iemocap/",
    "msp_podcast": "University of Texas at Dallas",
    "ravdess": "https://zenodo.org/record/1188976",
    "savee": "http://kahlan.eps.surrey.ac.uk/savee",
    "tess": "https://doi.org/10.5683/SP2/E8H2MF",
}


@pytest.fixture
def refuse(monkeypatch, capsys):
    """Function that runs a script; returns what it says as it gives up."""

    def run(script, *words):
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr(sys, "argv", [script, *map(str, words)])
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(ROOT / script), run_name="__main__")
        assert end.value.code == 2
        said = capsys.readouterr().err
        start = f"{script}: error: "
        assert said.count(start) == 1 and "Traceback" not in said
        return said[said.index(start) + len(start) :].rstrip("\n").split("\n")

    return run


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("name", PLACES)
def test_without_a_corpus_two_lines_say_where_it_is_had(script, name, refuse):
    first, second = refuse(script, f"hparams/{name}.yaml")
    assert f"hparams/{name}.yaml needs --data_folder=FOLDER" in first
    assert PLACES[name] in first
    assert "make demo" in second
    text = (ROOT / f"data_prep/corpora/{name}.py").read_text()
    assert PLACES[name] in " ".join(text.split())  # as the module says


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_corpus_that_is_not_there_is_told_likewise(script, refuse):
    words = ["hparams/ravdess.yaml", "--data_folder=nowhere"]
    first, second = refuse(script, *words)
    assert "--data_folder=nowhere is not a folder" in first
    assert PLACES["ravdess"] in first and "make demo" in second
    first, _ = refuse(script, "hparams/demo.yaml", "--data_folder=nowhere")
    assert "python -m emoclust_lobes.synthetic" in first


LINES = {
    "": "which YAML?",
    "hparams/ravdes.yaml": "did you mean hparams/ravdess.yaml?",
    "ravdess.yaml": "did you mean hparams/ravdess.yaml?",
    "hparams": "Is a directory",
    "hparams/ravdess.yaml --enrolment=no": "--enrolment=no cannot be used: "
    "give True or False",
    "hparams/ravdess.yaml --temperatures=.2": "did you mean --temperature?",
    "hparams/ravdess.yaml --contrastive={temperatures:.2}": "give --temperature",
    "hparams/ravdess.yaml --pretraining=contrastiv": "did you mean contrastive?",
    "hparams/ravdess.yaml --labels=10%": "10% is 0.1",
    "hparams/ravdess.yaml --dropout=1": "give a number from 0 below 1",
    "hparams/ravdess.yaml --fold=1 --fold=2": "--fold is given twice",
    "hparams/ravdess.yaml --precision=fp8": "invalid choice: 'fp8'",
    "hparams/ravdess.yaml --output_folder=<a>": "name it otherwise",
}


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("words", LINES)
def test_a_wrong_line_is_answered_with_a_line(script, words, refuse):
    (line,) = refuse(script, *words.split())
    assert LINES[words] in line


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("seed: 1986", "seed: [1986", "line "),
        ("fold: 1", "fold: 1\nfold: 2", "a second fold"),
        ("freeze_encoder: False", "freeze_encoder: no", "True or False"),
        ("<seed>", "<sede>", 'The reference "sede" is not valid'),
        ("torch.nn.Sequential", "torch.nn.Sequentail", "Sequentail"),
    ],
)
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_damaged_yaml_is_told(script, old, new, said, refuse, tmp_path):
    text = (ROOT / "hparams/ravdess.yaml").read_text()
    assert old in text
    path = tmp_path / "damaged.yaml"
    path.write_text(text.replace(old, new, 1))
    (line,) = refuse(script, path, f"--data_folder={tmp_path}")
    assert said in line and str(path) in line


def test_a_run_that_is_changed_or_impossible_is_told(
    corpora, short, tmp_path, run_here, refuse
):
    def words(*options):
        both = [corpora, tmp_path, *short, *options]
        return command("train_ser.py", "ravdess", *both)[2:]

    none = "--pretraining=none"
    run_here("train_ser.py", "ravdess", corpora, tmp_path, *short, none)
    lines = refuse("train_ser.py", *words(none, "--ser_heads_lr=0.5"))
    assert "holds a run with other settings" in lines[0]
    assert lines[1:3] == ["  was heads_lr: 0.001", "  now heads_lr: 0.5"]
    (log,) = tmp_path.rglob("log.txt")
    (line,) = refuse("train_ser.py", *words("--init=nowhere", "--system=a"))
    assert "Run train_contrastive.py" in line
    # Who looks into it finds where it came from
    (log,) = tmp_path.rglob("ser_a/*/log.txt")
    assert "Traceback" in log.read_text()
    (line,) = refuse("train_ser.py", *words(none, "--device=gramophone"))
    assert "--device=gramophone cannot be used" in line
    shutil.rmtree(tmp_path)
    (line,) = refuse("train_ser.py", *words(none, "--fold=9"))
    assert "fold=9 does not exist" in line


@pytest.mark.parametrize("rank, said", [("0", 2), ("1", 0)])
def test_one_of_several_processes_tells_it(rank, said):
    done = subprocess.run(
        [sys.executable, "train_ser.py", "hparams/iemocap.yaml"],
        cwd=ROOT,
        env={**os.environ, "RANK": rank},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == said


def test_options_that_contradict_each_other_make_nothing(tmp_path, refuse):
    """With pools of others alone, labels have nobody to go to."""
    pool = tmp_path / "calls"
    pool.mkdir()
    words = ["hparams/ravdess.yaml", f"--data_folder={tmp_path}"]
    words += [f"--pools=[{pool}]", "--ser_propagate_labels=True"]
    out = tmp_path / "out"
    (line,) = refuse("train_ser.py", *words, f"--output_folder={out}")
    assert "add own to --pools" in line
    assert not out.exists()
