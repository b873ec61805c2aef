"""The YAML files: made of few bases, and without dead options."""

import inspect
import pathlib
import re
import runpy
import shutil

import data_prep
import pytest
import ruamel.yaml
from emoclust_lobes.contrast.variants import VARIANTS
from emoclust_lobes.experiment.run_folders import (
    OF_STAGE_1,
    OF_STAGE_2,
    resolved_blocks,
)
from emoclust_lobes.protocol.baseline_runs import run_baseline
from emoclust_lobes.protocol.plan import read_systems
from emoclust_lobes.protocol.report import write_report
from emoclust_lobes.protocol.runs import read_results
from hyperpyyaml import load_hyperpyyaml, resolve_references

ROOT = pathlib.Path(__file__).parents[1]
HPARAMS = ROOT / "hparams"
MADE = runpy.run_path(str(HPARAMS / "make.py"))["make"]()
YAMLS = [HPARAMS / name for name in MADE]
SYSTEMS = HPARAMS / "systems.yaml"
EACH = pytest.mark.parametrize("path", YAMLS, ids=lambda path: path.stem)
# Of each stage: its script, the other's blocks, and what it takes as it is
STAGES = {
    "contrastive": ("train_contrastive.py", OF_STAGE_2, set()),
    "ser": (
        "train_ser.py",
        OF_STAGE_1,
        {"pretraining", "pools", "speaker_encoder", "n_clusters"},
    ),
}
# Where things lie and who does the work, and a name in the results.
MAKES_NO_DIFFERENCE = {
    *("data_folder", "output_folder", "num_workers", "corpus"),
    "full_results",
}


def text_of(path):
    return path.read_text(encoding="utf-8")


def keys_of(path):
    return re.findall(r"^(\w+):", text_of(path), re.M)


@EACH
def test_a_file_is_the_one_that_is_made(path):
    assert text_of(path) == MADE[path.name], "run `make hparams`"


def test_no_other_file_is_there():
    beside = {SYSTEMS, HPARAMS / "crosscorpus.yaml"}
    assert set(HPARAMS.glob("*.yaml")) == {*YAMLS, *beside}


def test_files_stay_short():
    lengths = {path: len(text_of(path).splitlines()) for path in YAMLS}
    assert max(lengths.values()) <= 300, lengths
    by_hand = set(HPARAMS.rglob("*.yaml*")) - set(YAMLS)
    assert sum(len(text_of(path).splitlines()) for path in by_hand) <= 700


@EACH
def test_every_key_is_used(path):
    scripts = [ROOT / script for script, *_ in STAGES.values()]
    modules = (ROOT / "emoclust_lobes").rglob("*.py")
    code = "".join(map(text_of, [*scripts, *modules]))
    yaml = text_of(path)
    for name in keys_of(path):
        used = (
            f"<{name}>" in yaml
            or re.search(rf'hparams(\.get\(|\[)"{name}"', code)
            or re.search(rf'"{name}" in hparams|hparams\.{name}\b', code)
            or name in ("__set_seed", "baselines")
        )
        assert used, f"{path.name}: nothing reads {name}"


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("name", ["ravdess", "cremad_wav2vec2"])
def test_a_setting_that_a_stage_reads_tells_its_runs_apart(stage, name):
    path = HPARAMS / f"{name}.yaml"
    script, of_the_other, taken = STAGES[stage]
    lobes = ROOT / "emoclust_lobes"
    code = text_of(ROOT / script)
    for room in (stage.removesuffix("ive"), "training"):
        code += text_of(lobes / room / "brain.py")
    found = re.findall(r'hparams\["(\w+)"\](?!\[)|hparams\.(\w+)', code)
    read = {"".join(x) for x in found} - MAKES_NO_DIFFERENCE - taken
    values = {
        key: value
        for key, value in ruamel.yaml.YAML().load(text_of(path)).items()
        if key in read and isinstance(value, (bool, int, float, str))
    }
    assert {"eval_batch_size", "seed"} <= set(values)
    first = resolved_blocks(path, {}, of_the_other)
    for key, value in values.items():
        other = {bool: not value, str: "other"}.get(type(value), 3)
        changed = resolved_blocks(path, {key: other}, of_the_other)
        assert changed != first, f"{script} reads {key}, which may change"


def test_systems_are_made_of_settings_that_there_are():
    names = re.findall(r"^(\w[\w.]*):", text_of(SYSTEMS), re.M)
    systems = read_systems(SYSTEMS, names)
    assert {"none", "shuffled", "contrastive", "oracle"} <= set(names)
    arguments = set(inspect.signature(run_baseline).parameters)
    arguments.add("speaker_normalized")  # with each of enrolled_counts
    for system in systems:
        assert set(system.baseline) <= arguments, system.name
        pretraining = system.stage1.get("pretraining", "none")
        assert pretraining in {*VARIANTS, "none"}, system.name
        options = {*system.stage1, *system.stage2}
        front_end = any(option.startswith("ssl_") for option in options)
        for path in YAMLS:
            plain = not path.stem.endswith(("_campplus", "_wav2vec2"))
            if system.name == "speechbrain_ecapa" and not plain:
                continue
            if path.stem.endswith("_wav2vec2") or not front_end:
                assert options <= set(keys_of(path)), system.name


def test_systems_that_are_no_longer_offered_are_still_reported(tmp_path):
    gone = {"memory", "hard_negatives", "confident", "weighted", "reclustered"}
    assert not gone & set(ruamel.yaml.YAML().load(text_of(SYSTEMS)))
    folder = tmp_path / "results"
    shutil.copytree(ROOT / "recipes/RAVDESS/results/whisper_ward", folder)
    assert gone <= set(read_results(folder).runs["system"])
    report = write_report(folder).read_text(encoding="utf-8")
    assert all(f"| 10 % | {system} |" in report for system in gone)


@EACH
def test_the_header_names_the_two_commands(path):
    for script, *_ in STAGES.values():
        assert f"python {script} hparams/{path.name}" in text_of(path)


def test_large_is_the_architecture_of_speechbrains_speaker_model():
    # Widths of speechbrain/spkrec-ecapa-voxceleb, whose weights --init takes.
    overrides = "{data_folder: any, ecapa_channels: 1024}"
    with open(HPARAMS / "ravdess.yaml", encoding="utf-8") as stream:
        encoder = load_hyperpyyaml(stream, overrides)["embedding_model"]
    shapes = {n: tuple(p.shape) for n, p in encoder.named_parameters()}
    assert shapes["blocks.0.conv.conv.weight"] == (1024, 80, 5)
    assert shapes["mfa.conv.conv.weight"] == (3072, 3072, 1)
    assert shapes["asp.tdnn.conv.conv.weight"] == (128, 9216, 1)
    assert shapes["fc.conv.weight"] == (192, 6144, 1)


def test_runs_of_other_labels_folds_and_seeds_have_other_folders():
    folders = set()
    path = HPARAMS / "cremad.yaml"
    for change in ("seed: 1", "fold: 2", "classes: 4", "label_source: voice"):
        with open(path, encoding="utf-8") as stream:
            resolved = resolve_references(
                stream, f"{{data_folder: any, {change}}}"
            ).read()
        folders.add(re.search(r"manifest_folder: (\S+)", resolved)[1])
    assert len(folders) == 4


@EACH
def test_preparation_gets_every_argument_it_has_and_no_other(path):
    block = re.search(
        r"^prepare: !name:data_prep\.(\w+)\n((?:    .+\n)+)",
        text_of(path),
        re.M,
    )
    given = re.findall(r"[{ ](\w+): !ref <(\w+)>[,}]", block[2])
    assert all(argument == key for argument, key in given)
    wanted = inspect.signature(getattr(data_prep, block[1])).parameters
    assert sorted(argument for argument, _ in given) == sorted(wanted)


def test_a_list_of_classes_is_counted_without_the_corpus():
    # A model's folder keeps the resolved block, and is loaded without it.
    overrides = "{data_folder: any, classes: [hot, cold, mild]}"
    with open(HPARAMS / "generic.yaml", encoding="utf-8") as stream:
        resolved = resolve_references(stream, overrides).read()
    assert "torch.nn.Linear [192, 3]" in resolved
    assert re.search(r"[{ ]n_classes: 3[,}]", resolved)
