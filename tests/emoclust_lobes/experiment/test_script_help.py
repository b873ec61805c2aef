"""What --help of the training scripts tells."""

import pathlib

import pytest
import yaml
from emoclust_lobes.experiment.script_help import (
    answer_help,
    describe_options,
    run_options,
)

from speechbrain.utils.run_opts import RunOptions

ROOT = pathlib.Path(__file__).parents[3]
YAMLS = sorted(
    x for x in (ROOT / "hparams").glob("*.yaml") if "seed:" in x.read_text()
)


class Loader(yaml.SafeLoader):
    """Takes objects for what they are not: nothing."""


Loader.add_multi_constructor("!", lambda *_: None)


def test_there_are_yamls():
    assert len(YAMLS) >= 15


@pytest.mark.parametrize("path", YAMLS, ids=lambda x: x.stem)
def test_every_option_that_holds_a_value_is_told(path):
    text = path.read_text()
    told = describe_options(text)
    values = yaml.load(text, Loader)
    given = [
        key
        for key, value in values.items()
        if not isinstance(value, dict | type(None)) and f"{key}: !" not in text
    ]
    assert len(given) > 30
    assert [x for x in given if f"--{x}=" not in told] == []


def test_an_option_has_its_comments():
    told = describe_options(
        "# what\n# it is\nfold: 1  # 1 to 5\nmodel: !new:torch.nn.Linear\n"
    )
    assert told.split() == "--fold=1 what it is; 1 to 5".split()


def test_speechbrains_own_options_are_those_of_its_parser():
    known = {x.dest for x in RunOptions._create_parser()._actions}
    assert set(run_options()) <= known and "precision" in run_options()


def test_without_help_nothing_is_said(capsys):
    answer_help("Stage 2", ["train_ser.py", "any.yaml", "--fold=2"])
    assert capsys.readouterr().out == ""


def test_help_ends_the_script_well(capsys):
    path = str(YAMLS[0])
    with pytest.raises(SystemExit) as end:
        answer_help("Stage 2", ["train_ser.py", path, "--help"])
    assert not end.value.code
    told = capsys.readouterr().out
    assert "--data_folder=" in told and "--precision" in told
