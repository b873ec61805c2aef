"""What the YAML of a stranger may not do."""

import pytest
from emoclust_lobes.inference import InferenceError, load_model
from emoclust_lobes.inference.trust import check_yaml
from hyperpyyaml import load_hyperpyyaml

ATTACKS = {
    "apply": "a: !apply:os.system ['touch {mark}']",
    "applyref": "a: !applyref:os.system\n  _args: ['touch {mark}']\n  _kwargs: {{}}",
    "new": "a: !new:subprocess.Popen [[touch, {mark}]]",
    "python tag": "a: !!python/object/apply:os.system ['touch {mark}']",
    "tag in full": "a: !<!apply:os.system> ['touch {mark}']",
    "renamed tag": "%TAG !x! !apply:os.\n---\na: !x!system ['touch {mark}']",
    "tuple": "a: (!!python/object/apply:os.system ['touch {mark}'])",
    "tuple in quotes": (
        "a: \"(!!python/object/apply:os.system ['touch {mark}'])\""
    ),
    "in a list": "a: [1, {{b: !apply:os.system ['touch {mark}']}}]",
    "in a key": "? !apply:os.system ['touch {mark}']\n: 1",
    "in an argument": (
        "a: !new:torch.nn.Sequential\n- !apply:os.system ['touch {mark}']"
    ),
    "removed afterwards": "__a: !apply:os.system ['touch {mark}']",
}
REFUSED = {
    "module": "a: !module:os",
    "name": "a: !name:os.system",
    "name with arguments": "a: !name:os.system ['true']",
    "include": "a: !include:other.yaml",
    "copy": "b: 1\na: !copy <b>",
    "attribute": "b: !new:torch.nn.Sequential\na: !ref <b.forward>",
    "arithmetic": "b: 9\na: !ref <b> ** <b>",
    "text made of references": "b: x\na: !ref (<b>)",
    "placeholder": "a: !PLACEHOLDER",
    "tuple": "a: (1, 2)",
    "front end of a hub": "a: !new:emoclust_lobes.encoders.SSLFrontEnd [x, y]",
    "near miss": "a: !new:torch.nn.Linear.forward",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_programs_are_not_run(attack, tmp_path):
    mark = tmp_path / "ran"
    path = tmp_path / "hyperparams.yaml"
    path.write_text(ATTACKS[attack].format(mark=mark))
    with pytest.raises(InferenceError, match="line [1-3]: .* is not among"):
        check_yaml(path)
    with pytest.raises(InferenceError):
        load_model(tmp_path)
    assert not mark.exists()


@pytest.mark.parametrize("attack", ["apply", "new", "tuple", "tag in full"])
def test_these_programs_would_run(attack, tmp_path):
    # If this fails, the attacks above show nothing.
    mark = tmp_path / "ran"
    path = tmp_path / "hyperparams.yaml"
    path.write_text(ATTACKS[attack].format(mark=mark))
    with open(path) as stream:
        made = load_hyperpyyaml(stream)["a"]
    if attack == "new":
        made.wait()
    assert mark.exists()


@pytest.mark.parametrize("content", REFUSED)
def test_what_no_model_of_ours_needs_is_refused(content, tmp_path):
    path = tmp_path / "hyperparams.yaml"
    path.write_text(f"first: 1\n{REFUSED[content]}\n")
    with pytest.raises(InferenceError, match=r"hyperparams.yaml, line [23]"):
        check_yaml(path)


@pytest.mark.parametrize(
    "text", ["", "[1, 2]", "a: [", "a: 1\n---\na: 2", "a: !ref <b>"]
)
def test_what_is_no_settings_is_refused(text, tmp_path):
    path = tmp_path / "hyperparams.yaml"
    path.write_text(text)
    with pytest.raises(InferenceError):
        check_yaml(path)


def test_our_own_are_not_refused(packed):
    check_yaml(packed / "hyperparams.yaml")


def test_trusted_files_are_loaded_whatever_they_name(packed, tmp_path):
    path, mark = packed / "hyperparams.yaml", tmp_path / "ran"
    with open(path, "a") as stream:
        stream.write(f"mine: !apply:os.system ['touch {mark}']\n")
    with pytest.raises(InferenceError, match="trust=True"):
        load_model(packed)
    assert not mark.exists()
    load_model(packed, trust=True)
    assert mark.exists()
