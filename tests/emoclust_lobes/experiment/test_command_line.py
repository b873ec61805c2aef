"""The command line of the scripts: values arrive as they were typed."""

import pathlib

import hypothesis.strategies as st
import pytest
from emoclust_lobes.experiment import system_name
from emoclust_lobes.experiment.command_line import read_command_line
from emoclust_lobes.experiment.option_kinds import UsageError
from emoclust_lobes.experiment.yaml_options import YamlOptions
from emoclust_lobes.protocol.scripts import option_text
from hyperpyyaml import load_hyperpyyaml
from hypothesis import assume, example, given

from speechbrain.utils.run_opts import RunOptions

YAML = """\
seed: 1
output_folder: results
corpus: speech
labels: 1.0
pools: [own]
run_folder: !ref <output_folder>/fold_<seed>
init: !ref <corpus>
copy: !ref <corpus>
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A small YAML with options of every kind that holds text."""
    path = tmp_path_factory.mktemp("yaml") / "small.yaml"
    path.write_text(YAML)
    return path


def load(path, *words):
    """Load the YAML as the scripts do."""
    file, _, overrides = read_command_line([str(path), *words])
    with open(file, encoding="utf-8") as stream:
        return load_hyperpyyaml(stream, overrides)


ODD = "runs/lr=0.001|my #1|007|1e3|~|corpora/corpus #2|a: b| x |01|2026|no"
ODD += "|2026-12-01|1:30|(a)|'a'|[a|{a|null|-|é|!new:x|&a|*a|%a|1_0|0o7|.5|#"


@pytest.mark.parametrize("text", ODD.split("|"))
def test_folders_are_what_was_typed(path, text):
    for words in ([f"--output_folder={text}"], ["--output_folder", text]):
        found = load(path, *words)
        assert found["output_folder"] == text
        assert found["run_folder"] == f"{text}/fold_1"
    assert load(path, f"--corpus={text}")["copy"] == text


texts = st.text("abcXYZ019 -_/.:#=~'\"[]{},&*!|>%@é\n", min_size=1, max_size=8)


@given(texts, st.lists(texts, min_size=1, max_size=3), st.floats(1e-9, 1))
@example("09", ["1_0", "0o7", "1:30", ".inf", "no", "[a"], 1e-05)
def test_settings_arrive_as_they_are(path, text, items, share):
    given = {"output_folder": text, "pools": items, "labels": share}
    words = [f"--{key}={option_text(value)}" for key, value in given.items()]
    try:
        found = load(path, *words)
    except UsageError as error:
        assert "takes for something else" in str(error)
        assume(False)
    assert {key: found[key] for key in given} == given
    assert found["run_folder"] == f"{text}/fold_1"
    # In a process or with the command line: the same
    with open(path, encoding="utf-8") as stream:
        again = load_hyperpyyaml(stream, YamlOptions(path).overrides(given))
    assert again == found


@pytest.mark.parametrize("text", ["a<b", "<seed>", "9**9", "2026 #2", "1/0"])
def test_what_cannot_be_carried_is_refused(path, text):
    with pytest.raises(UsageError, match="name it otherwise"):
        load(path, f"--output_folder={text}")


@pytest.mark.parametrize("typed", ["1", "1.0", "1.00", "1e0", "+1."])
def test_numbers_have_one_text(path, typed):
    file, _, overrides = read_command_line([str(path), f"--labels={typed}"])
    assert overrides == {}  # it is the YAML's own


def test_own_values_that_would_be_read_otherwise_are_not(tmp_path):
    path = tmp_path / "own.yaml"
    changes = {"results": "007", "speech": "1:30", "1.0": "1e-3", "own": "no"}
    text = YAML
    for old, new in changes.items():
        text = text.replace(f": {old}", f": {new}").replace("[own", "[no")
    path.write_text(text)
    found = load(path)
    assert found["run_folder"] == "007/fold_1"
    assert (found["corpus"], found["copy"]) == ("1:30", "1:30")
    assert (found["labels"], found["pools"]) == (0.001, ["no"])


def test_speechbrains_options_are_its_own(path):
    words = ["--debug", "--precision", "bf16", "--device=cpu", "--seed", "3"]
    words += ["--jit_module_keys", "a", "b", "--labels=0.5"]
    file, run_opts, overrides = read_command_line([str(path), *words])
    assert isinstance(run_opts, RunOptions) and file == str(path)
    assert run_opts.debug and run_opts.jit_module_keys == ["a", "b"]
    assert (run_opts.precision, run_opts.device) == ("bf16", "cpu")
    given = {"debug", "precision", "device", "jit_module_keys"}
    assert run_opts.overridden_args == given
    assert overrides == {"seed": 3, "labels": 0.5}


@pytest.mark.parametrize(
    "words, answer",
    [
        (["--seed=1", "--seed=2"], "--seed is given twice"),
        (["--precision=bf16", "--precision", "fp32"], "is given twice"),
        (["--p=bf16"], "has no option p"),
        (["--precision=fp8"], "invalid choice: 'fp8'"),
        (["--debug=True"], "--debug"),
        (["--seed"], "--seed has no value"),
        (["--seed=1", "2"], "what is '2'"),
        (["-seed=1"], "what is '-seed=1'"),
    ],
)
def test_a_wrong_command_line_is_refused(path, words, answer):
    with pytest.raises(UsageError, match="^[^\n]*$") as error:
        read_command_line([str(path), *words])
    assert answer in str(error.value)


def test_a_yaml_is_asked_for_and_the_nearest_named(path):
    with pytest.raises(UsageError, match="which YAML"):
        read_command_line([])
    with pytest.raises(UsageError, match=f"did you mean {path}"):
        read_command_line([str(path.with_name("smalls.yaml"))])


@pytest.mark.parametrize(
    "init, name",
    {
        "contrastive": "contrastive",
        "runs/x/": "x",
        "runs/x//.": "x",
        "runs/x/embedding_model.ckpt": "x",
        "speechbrain/spkrec-ecapa-voxceleb": "spkrec-ecapa-voxceleb",
        ".": pathlib.Path.cwd().name,
        "../": pathlib.Path.cwd().parent.name,
        "/": "root",
    }.items(),
)
def test_a_system_is_called_after_its_weights(init, name):
    assert system_name(init) == name
