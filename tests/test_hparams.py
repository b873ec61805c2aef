"""The YAML files: one face for all corpora, and no dead options."""

import pathlib
import re

import pytest
from hyperpyyaml import load_hyperpyyaml, resolve_references

ROOT = pathlib.Path(__file__).parents[1]
YAMLS = sorted((ROOT / "hparams").glob("*.yaml"))
OVERRIDES = (
    "data_folder output_folder seed fold classes label_source expect_complete "
    "pools speaker_encoder n_clusters pretraining init contrastive_epochs "
    "ser_epochs"
).split()
# What may differ between the corpora.
CORPUS_KEYS = (
    "corpus data_folder output_folder label_set run_folder protocol classes "
    "label_source expect_complete prepare n_clusters"
).split()
# What the demo makes smaller.
SIZES = (
    "speaker_encoder ecapa_channels attention_channels embedding_size "
    "projection_size contrastive_epochs steps_per_epoch ser_epochs "
    "ser_batch_size"
).split()


def text_of(path):
    return path.read_text(encoding="utf-8")


def top_level(path):
    """Return each top-level key's text, its comments left out."""
    lines = [line for line in text_of(path).splitlines() if line]
    blocks, name = {}, None
    for line in lines:
        line = re.sub(r"(^|\s)#.*", "", line).rstrip()
        key = re.match(r"(\w+):", line)
        if key:
            name = key[1]
        if name and line:
            blocks.setdefault(name, []).append(line)
    return {name: "\n".join(block) for name, block in blocks.items()}


@pytest.mark.parametrize("path", YAMLS, ids=lambda path: path.stem)
def test_the_documented_overrides_are_there(path):
    assert set(OVERRIDES) <= set(top_level(path))


@pytest.mark.parametrize("path", YAMLS, ids=lambda path: path.stem)
def test_files_differ_in_the_corpus_only(path):
    reference = top_level(ROOT / "hparams" / "ravdess.yaml")
    blocks = top_level(path)
    allowed = {*CORPUS_KEYS, "ser_epochs"}
    if path.stem == "demo":
        allowed |= set(SIZES)
    differ = {
        name
        for name in {*reference, *blocks}
        if reference.get(name) != blocks.get(name)
    }
    assert differ <= allowed


@pytest.mark.parametrize("path", YAMLS, ids=lambda path: path.stem)
def test_every_key_is_used(path):
    code = "".join(
        text_of(ROOT / name)
        for name in ("train_contrastive.py", "train_ser.py")
    )
    code += text_of(ROOT / "emoclust_lobes" / "cli.py")
    yaml = text_of(path)
    brain_code = text_of(ROOT / "emoclust_lobes" / "brain.py")
    for name in top_level(path):
        used = (
            f"!ref <{name}" in yaml
            or f"<{name}>" in yaml
            or f'"{name}"' in code
            or f"hparams.{name}" in code + brain_code
            or name == "__set_seed"
        )
        assert used, f"{path.name}: nothing reads {name}"


@pytest.mark.parametrize("path", YAMLS, ids=lambda path: path.stem)
def test_the_header_names_the_two_commands(path):
    for script in ("train_contrastive.py", "train_ser.py"):
        assert f"python {script} hparams/{path.name}" in text_of(path)


def test_large_is_the_architecture_of_speechbrains_speaker_model():
    # Widths of speechbrain/spkrec-ecapa-voxceleb, whose weights --init takes.
    overrides = "{data_folder: any, ecapa_channels: 1024}"
    with open(ROOT / "hparams" / "ravdess.yaml", encoding="utf-8") as stream:
        encoder = load_hyperpyyaml(stream, overrides)["embedding_model"]
    shapes = {n: tuple(p.shape) for n, p in encoder.named_parameters()}
    assert shapes["blocks.0.conv.conv.weight"] == (1024, 80, 5)
    assert shapes["mfa.conv.conv.weight"] == (3072, 3072, 1)
    assert shapes["asp.tdnn.conv.conv.weight"] == (128, 9216, 1)
    assert shapes["fc.conv.weight"] == (192, 6144, 1)


def test_runs_of_other_labels_folds_and_seeds_have_other_folders():
    folders = set()
    path = ROOT / "hparams" / "cremad.yaml"
    for change in ("seed: 1", "fold: 2", "classes: 4", "label_source: voice"):
        with open(path, encoding="utf-8") as stream:
            resolved = resolve_references(
                stream, f"{{data_folder: any, {change}}}"
            ).read()
        folders.add(re.search(r"manifest_folder: (\S+)", resolved)[1])
    assert len(folders) == 4
