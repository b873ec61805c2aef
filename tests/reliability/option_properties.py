"""Whatever is in an override or on the command line: documented errors."""

import contextlib
import io

import hypothesis.strategies as st
from case import yaml_of
from emoclust_lobes.cli import main
from emoclust_lobes.experiment.steps import NEEDED, UsageError, load_experiment
from hypothesis import event, given
from wild_inputs import WILD, write

YAML = """\
seed: 1
data_folder: !PLACEHOLDER
fold: 1
pools: [own]
size: !ref <fold> * 2
layer: !new:torch.nn.Linear
    in_features: !ref <size>
    out_features: 2
""" + "".join(f"{key}: !name:print\n" for key in NEEDED if "_folder" not in key)
YAML += "".join(f"{key}: results\n" for key in NEEDED if "_folder" in key)
KEYS = st.sampled_from(["fold", "data_folder", "pools", "size", "layer", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WILD,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(WILD, inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(KEYS | WILD, VALUES | st.text(max_size=20), max_size=3))
def overrides(changes):
    """A YAML is loaded with overrides, or there is a UsageError."""
    path = write("experiment.yaml", YAML.encode())
    with contextlib.suppress(UsageError, OSError):
        assert set(NEEDED) <= set(load_experiment(path, changes))
        event("loaded")


WORDS = st.builds("--{}={}".format, KEYS | WILD, VALUES | WILD) | WILD


@given(st.lists(WORDS, max_size=3))
def command_line(words):
    """Words of the command line: an exit code, whatever they are."""
    path = write("ravdess.yaml", yaml_of("ravdess").encode())
    silence = io.StringIO()
    try:
        with (
            contextlib.redirect_stderr(silence),
            contextlib.redirect_stdout(silence),
        ):
            code = main(["prepare", path, *words])
    except SystemExit as error:  # argparse's
        code = error.code
    assert code in (0, 2)
