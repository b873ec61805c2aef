"""The YAML files: one face for all corpora, and no dead options."""

import inspect
import pathlib
import re

import data_prep
import pytest
from emoclust_lobes.contrast.variants import VARIANTS
from emoclust_lobes.experiment.run_folders import (
    OF_STAGE_1,
    OF_STAGE_2,
    resolved_blocks,
)
from emoclust_lobes.protocol.baselines import run_baseline
from emoclust_lobes.protocol.plan import read_systems
from hyperpyyaml import load_hyperpyyaml, resolve_references
from ruamel.yaml import YAML

ROOT = pathlib.Path(__file__).parents[1]
SYSTEMS = ROOT / "hparams" / "systems.yaml"
# What is read beside an experiment's file.
BESIDE = {SYSTEMS, ROOT / "hparams" / "crosscorpus.yaml"}
YAMLS = sorted(set((ROOT / "hparams").glob("*.yaml")) - BESIDE)
KINDS = ("_campplus", "_wav2vec2")
VARIED = [path for path in YAMLS if path.stem.endswith(KINDS)]
OVERRIDES = (
    "data_folder output_folder seed fold classes label_source expect_complete "
    "pools speaker_encoder n_clusters pretraining init contrastive_epochs "
    "ser_epochs"
).split()
# What may differ between the corpora.
CORPUS_KEYS = (
    "corpus data_folder output_folder label_set run_folder protocol classes "
    "label_source expect_complete prepare n_clusters language test_set"
).split()
# What there is where the classes are anything.
GENERIC_KEYS = {"folds", "table", "n_classes"}
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


def corpus_and_kind(path):
    """Return a file's corpus and what follows it, such as "_wav2vec2"."""
    for kind in KINDS:
        if path.stem.endswith(kind):
            return path.stem.removesuffix(kind), kind
    return path.stem, ""


def differing(path, other):
    """Return the keys whose blocks are not the same in two files."""
    blocks, others = top_level(path), top_level(other)
    for found, file in ((blocks, path), (others, other)):
        if corpus_and_kind(file)[0] == "generic":  # classes are counted
            assert found["ser"].count("out_features: !ref <n_classes>") == 1
            found["ser"] = found["ser"].replace("<n_classes>", "<classes>")
    return {
        name
        for name in {*blocks, *others}
        if blocks.get(name) != others.get(name)
    }


def encoder_keys(path):
    """Return the keys from the heading of the encoder to the encoder."""
    text = text_of(path)
    start = text.index("ncoder, both stages\n")
    end = text.index("\nembedding_model:")
    return {*re.findall(r"^(\w+):", text[start:end], re.M), "embedding_model"}


@pytest.mark.parametrize("path", YAMLS, ids=lambda path: path.stem)
def test_files_of_one_kind_differ_in_the_corpus_only(path):
    corpus, kind = corpus_and_kind(path)
    allowed = {*CORPUS_KEYS, "ser_epochs"}
    if corpus == "demo":
        allowed |= set(SIZES)
    if corpus == "generic":
        allowed |= GENERIC_KEYS
    reference = path.with_name(f"ravdess{kind}.yaml")
    assert differing(path, reference) <= allowed


@pytest.mark.parametrize("path", VARIED, ids=lambda path: path.stem)
def test_files_of_one_corpus_differ_in_the_encoder_only(path):
    corpus, kind = corpus_and_kind(path)
    plain = path.with_name(f"{corpus}.yaml")
    allowed = {"output_folder", *encoder_keys(path), *encoder_keys(plain)}
    if kind == "_campplus":
        allowed |= {"speaker_encoder", "contrastive_encoder_lr"}
        allowed.add("ser_encoder_lr")
    assert differing(path, plain) <= allowed


def test_every_key_is_used():
    lobes = ROOT / "emoclust_lobes"
    code = "".join(
        text_of(path)
        for path in (
            ROOT / "train_contrastive.py",
            ROOT / "train_ser.py",
            lobes / "cli.py",
            lobes / "encoder_sources.py",
            *(lobes / "protocol").glob("*.py"),
        )
    )
    brains = ("brain.py", "contrastive_brain.py", "ser_brain.py")
    brain_code = "".join(text_of(lobes / name) for name in brains)
    for path in YAMLS:
        yaml = text_of(path)
        for name in top_level(path):
            used = (
                f"!ref <{name}" in yaml
                or f"<{name}>" in yaml
                or f'hparams["{name}"]' in code
                or f'"{name}" in hparams' in code
                or f'hparams.get("{name}")' in code
                or f"hparams.{name}" in code + brain_code
                or name == "__set_seed"
            )
            assert used, f"{path.name}: nothing reads {name}"


STAGES = {"train_contrastive.py": OF_STAGE_2, "train_ser.py": OF_STAGE_1}
# Where things lie and who does the work, and a name in the results.
MAKES_NO_DIFFERENCE = {"data_folder", "output_folder", "num_workers", "corpus"}
# Facts of stage 1 and of what is embedded, which stage 2 takes as they are.
OF_STAGE_1 = {"pretraining", "pools", "speaker_encoder", "n_clusters"}


@pytest.mark.parametrize("script", STAGES)
@pytest.mark.parametrize("name", ["ravdess", "cremad_wav2vec2"])
def test_a_setting_that_a_stage_reads_tells_its_runs_apart(script, name):
    path = ROOT / "hparams" / f"{name}.yaml"
    brain = {"train_contrastive.py": "contrastive", "train_ser.py": "ser"}
    code = text_of(ROOT / script) + "".join(
        text_of(ROOT / "emoclust_lobes" / module)
        for module in ("brain.py", f"{brain[script]}_brain.py")
    )
    read = set(re.findall(r'hparams\["(\w+)"\]|hparams\.(\w+)', code))
    read = {a or b for a, b in read} - MAKES_NO_DIFFERENCE
    if script == "train_ser.py":
        read -= OF_STAGE_1
    values = {
        key: value
        for key, value in YAML().load(text_of(path)).items()
        if key in read and isinstance(value, (bool, int, float, str))
    }
    assert {"eval_batch_size", "seed"} <= set(values)
    first = resolved_blocks(path, "", STAGES[script])
    for key, value in values.items():
        other = {bool: not value, str: "other"}.get(type(value), 3)
        changed = resolved_blocks(path, f"{key}: {other}", STAGES[script])
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
        for path in YAMLS:
            keys = set(top_level(path))
            if system.name == "speechbrain_ecapa" and path in VARIED:
                continue  # the architecture of the plain files
            assert {*system.stage1, *system.stage2} <= keys, system.name


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


@pytest.mark.parametrize("path", YAMLS, ids=lambda path: path.stem)
def test_preparation_gets_every_argument_it_has_and_no_other(path):
    heading, *lines = top_level(path)["prepare"].splitlines()
    name = re.fullmatch(r"prepare: !name:data_prep\.(\w+)", heading)[1]
    given = [
        re.fullmatch(r"    (\w+): !ref <(\w+)>", x).groups() for x in lines
    ]
    assert all(argument == key for argument, key in given)
    wanted = inspect.signature(getattr(data_prep, name)).parameters
    assert sorted(argument for argument, _ in given) == sorted(wanted)


def test_a_list_of_classes_is_counted_without_the_corpus():
    # A model's folder keeps the resolved block, and is loaded without it.
    overrides = "{data_folder: any, classes: [hot, cold, mild]}"
    with open(ROOT / "hparams" / "generic.yaml", encoding="utf-8") as stream:
        resolved = resolve_references(stream, overrides).read()
    assert re.search(r"out_features: 3$", resolved, re.M)
    assert re.search(r"  n_classes: 3$", resolved, re.M)
