"""Every option of every YAML has a kind, which refuses what is no such thing.

What a kind takes and refuses stands here once more, kind by kind.
"""

import pathlib

import pytest
import yaml
from data_prep.corpora import esd, msp_podcast
from data_prep.manifests import folds
from emoclust_lobes.clustering.algorithms import ALGORITHMS
from emoclust_lobes.contrast.losses import CHOICES
from emoclust_lobes.contrast.variants import VARIANTS
from emoclust_lobes.encoders.speaker_encoders import SPEAKER_ENCODERS
from emoclust_lobes.experiment.option_kinds import (
    KINDS,
    NAME,
    NAMES,
    SWITCH,
    TEXT,
    UsageError,
    each,
    either,
    joined,
    number,
    one_of,
    or_null,
    whole,
    word,
)
from emoclust_lobes.experiment.yaml_options import YamlOptions
from emoclust_lobes.ser.class_balance import WAYS

HPARAMS = pathlib.Path(__file__).parents[3] / "hparams"
YAMLS = [x for x in sorted(HPARAMS.glob("*.yaml")) if "seed:" in x.read_text()]
# Kind, what was typed -> what it is; what is refused
TAKEN = [
    (SWITCH, {"True": True, "false": False}, ["no", "off", "yes", "1", "", 0]),
    (
        whole(1, 9),
        {"1": 1, "09": 9, "+3": 3},
        ["0", "10", "2.0", "1e0", "1_0", "x", True, 2.0],
    ),
    (
        number(0, 1, above=True),
        {"1": 1.0, "0.50": 0.5, "1e-3": 0.001, ".5": 0.5},
        ["0", "1.1", "10%", "nan", "inf", "1_0", "-.5", "", False],
    ),
    (number(0, 1, below=True), {"0": 0.0, "0.9": 0.9}, ["1", "-0.1"]),
    (one_of("any", "all"), {"any": "any"}, ["Any", "al", "", True]),
    (joined("a", "b"), {"a": "a", "b+a": "b+a"}, ["a+c", "a+", ""]),
    (
        TEXT,
        {x: x for x in ("~", "007", "1e3", "my #1", "a: b", " x ", "no")},
        ["", 7, None, ["a"]],
    ),
    (NAME, {"a=1 b": "a=1 b", "01": "01"}, ["a/b", ".", "..", "", 1]),
    (
        NAMES,
        {
            "all": "all",
            "[01, happy]": ["01", "happy"],
            "[1, 2, 3]": ["1", "2", "3"],
            "[True, no]": ["True", "no"],
            "['a, b', c]": ["a, b", "c"],
        },
        ["[", "[]", "[a", "", "[{a: b}]", [1]],
    ),
    (each(whole(0)), {"[0, 2]": [0, 2]}, ["1", "[a]", "[-1]", "[]", "[1.0]"]),
    (
        either(whole(2), word("silhouette")),
        {"4": 4, "silhouette": "silhouette"},
        ["1", "silhouettes", "[4]"],
    ),
    (or_null(TEXT), {"null": None, "x": "x"}, ["", 3]),
]


@pytest.mark.parametrize("kind, taken, refused", TAKEN)
def test_a_kind_takes_what_it_is_and_nothing_else(kind, taken, refused):
    for typed, value in taken.items():
        read = kind.read(typed)
        assert read == value and type(read) is type(value)
        assert kind.read(value) == value  # as Python has it
    for typed in refused:
        with pytest.raises(ValueError):
            kind.read(typed)


def test_words_are_those_that_the_code_has():
    def words(name):
        return set(KINDS[name].words)

    assert words("pretraining") == {*VARIANTS, "none"}
    assert words("cluster_algorithm") == set(ALGORITHMS)
    assert words("speaker_encoder") == set(SPEAKER_ENCODERS)
    assert words("class_balance") == set(WAYS)
    assert words("negatives") == set(CHOICES["negatives"])
    assert words("positives_elsewhere") == set(CHOICES["elsewhere"])
    assert words("protocol") == set(folds.PROTOCOLS)
    assert words("language") == set(esd.LANGUAGES)
    assert words("test_set") == set(msp_podcast.TEST_SETS)


# Of each kind a value that it is not, and what is answered
WRONG = {
    SWITCH: ("no", "give True or False"),
    TEXT: ("a<b", "which HyperPyYAML takes for something else"),
    NAME: ("a/b", "give a name, without /"),
    NAMES: ("[a", "give a name, or several"),
}


@pytest.mark.parametrize("path", YAMLS, ids=lambda x: x.stem)
def test_every_option_has_a_kind(path):
    options = YamlOptions(path)
    kinds = options.kinds
    # What has none is made of others, and cannot be given
    made = set(options.nodes) - set(kinds)
    for name in made:
        node = options.nodes[name]
        assert node.id == "mapping" or node.tag.startswith(
            ("!new:", "!name:", "!apply")
        )
        with pytest.raises(UsageError):
            options.read({name: "{seed: 1}"})
    assert len(kinds) > 40
    for name, kind in kinds.items():
        typed, answer = WRONG.get(kind, ("[[", "give "))
        if kind.meant == "text, or null":
            typed, answer = WRONG[TEXT]
        with pytest.raises(UsageError) as error:
            options.read({name: typed})
        assert answer in str(error.value) and f"--{name}=" in str(error.value)


@pytest.mark.parametrize("path", YAMLS, ids=lambda x: x.stem)
def test_own_values_pass_and_need_no_override(path):
    options = YamlOptions(path)
    assert options.overrides({}) == {}
    text = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    given = {
        key.value: value.value
        for key, value in text.value
        if key.value in options.kinds
        and value.id == "scalar"
        and not value.tag.startswith("!")
    }
    assert len(given) > 40
    assert options.overrides(given) == {}


def test_a_misspelt_name_is_answered_with_the_nearest():
    options = YamlOptions(HPARAMS / "ravdess.yaml")
    for given, answer in {
        ("temperatures", ".2"): "did you mean --temperature?",
        ("contrastive", "{temperatures: .2}"): "give --temperature",
        ("ser", "{heads_lr: 1}"): "give --ser_heads_lr",
        ("embedding_model", "{channels: 1}"): "made of other options",
        ("pretraining", "contrastiv"): "did you mean contrastive?",
        ("labels", "10%"): "10% is 0.1",
        ("__set_seed", "1"): "has no option __set_seed",
    }.items():
        with pytest.raises(UsageError, match="^[^\n]*$") as error:
            options.read(dict([given]))
        assert answer in str(error.value)
