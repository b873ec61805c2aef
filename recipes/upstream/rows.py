"""The rows of SpeechBrain's recipe tests, and the sample data they run on."""

import csv
import io
import pathlib
import re
from collections.abc import Callable

import ruamel.yaml
from emoclust_lobes.synthetic.cremad import make_cremad
from emoclust_lobes.synthetic.iemocap import make_iemocap
from hyperpyyaml import resolve_references

FIELDS = (
    "Task,Dataset,Script_file,Hparam_file,Data_prep_file,Readme_file,"
    "Result_url,HF_repo,test_debug_flags,test_debug_checks,performance"
).split(",")

# Sizes at which a run takes seconds; each YAML is given those it has.
SIZES = {
    "expect_complete": False,
    "speaker_encoder": "stats",
    "n_clusters": 2,
    "clusters_per_speaker": 2,
    "utterances_per_cluster": 2,
    "speakers_per_batch": 2,
    "steps_per_epoch": 2,
    "contrastive_epochs": 2,
    "ser_epochs": 2,
    "ser_batch_size": 16,
    "ecapa_channels": 16,
    "hidden_size": 8,
    "attention_channels": 8,
    "embedding_size": 16,
    "num_workers": 0,
}
# Stage 2 is tested without stage 1, so that each row runs by itself.
ALONE = {"train_contrastive": {}, "train_ser": {"pretraining": "none"}}
LEFT = {
    "train_contrastive": ("embedding_model.ckpt", "speakers.txt"),
    "train_ser": ("predictions.csv", "confusion.png"),
}
ALWAYS_LEFT = (
    "hyperparams.yaml",
    "environment.json",
    "log.txt",
    "train_log.txt",
    "metrics.json",
)

# A wav2vec 2.0 of a few thousand random weights, so that no hub is needed
FRONT_END = "tests/tmp/emoclust_wav2vec2"
MAKE_FRONT_END = f"""\
#!/bin/sh
python -c "
from transformers import (
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2Model,
)

config = Wav2Vec2Config(
    hidden_size=16,
    num_hidden_layers=4,
    num_attention_heads=2,
    intermediate_size=32,
    conv_dim=(8,) * 7,
    num_conv_pos_embeddings=16,
    num_conv_pos_embedding_groups=2,
)
Wav2Vec2Model(config).save_pretrained('{FRONT_END}')
Wav2Vec2FeatureExtractor().save_pretrained('{FRONT_END}')
"
"""


def make_row(recipe, script, hparams, text):
    """Make the row (column -> text) of a YAML from its file name and text."""
    flags = {
        "data_folder": recipe.samples,
        **SIZES,
        **ALONE[script],
        "ssl_hub": FRONT_END,
    }
    keys = set(re.findall(r"^(\w+):", text, re.M))
    flags = {name: x for name, x in flags.items() if name in keys}
    # Where the script leaves its results, below the output folder
    resolved = resolve_references(text, {**flags, "output_folder": "OUTPUT"})
    block = ruamel.yaml.YAML().load(resolved)[script.removeprefix("train_")]
    folder = block["folder"].removeprefix("OUTPUT/")
    left = [f"{script}.py", *ALWAYS_LEFT, *LEFT[script]]
    checks = ",".join(f"{folder}/{name}" for name in left)
    return dict.fromkeys(FIELDS, "") | {
        "Task": "Emotion_recognition",
        "Dataset": recipe.dataset,
        "Script_file": f"{recipe.folder}/{script}.py",
        "Hparam_file": f"{recipe.folder}/hparams/{hparams}",
        "Data_prep_file": f"{recipe.folder}/{recipe.prepare}.py",
        "Readme_file": f"{recipe.folder}/README.md",
        "test_debug_flags": " ".join(f"--{k}={x}" for k, x in flags.items()),
        "test_debug_checks": f"file_exists=[{checks}]",
    }


def setup_scripts(rows):
    """Return the scripts that make the front ends of tests: path -> text.

    SpeechBrain looks for them where the names of a row's files say.
    """
    scripts = {}
    for row in rows:
        if f"--ssl_hub={FRONT_END}" in row["test_debug_flags"]:
            script = row["Script_file"].removesuffix(".py")
            folder = script.rpartition("/")[0]
            name = row["Hparam_file"].removeprefix(f"{folder}/")
            name = name.removesuffix(".yaml").replace("/", "_")
            path = f"tests/recipes/setup/{script.replace('/', '_')}/{name}"
            scripts[path] = MAKE_FRONT_END
    return scripts


def with_rows(text, rows):
    """Add rows to the text of a CSV file, in the place of the same YAMLs'.

    Other lines stay as they are; an empty text is given its header.
    """
    ours = {row["Hparam_file"] for row in rows}
    kept = text.splitlines() or [",".join(FIELDS)]
    kept = [line for line in kept if not ours & set(line.split(","))]
    stream = io.StringIO()
    csv.DictWriter(stream, FIELDS, lineterminator="\n").writerows(rows)
    return "\n".join(kept) + "\n" + stream.getvalue()


def read_rows(path):
    """Read the rows of a CSV file."""
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream, skipinitialspace=True))


def write_samples(tree, recipes):
    """Write a small synthetic corpus for each recipe into a tree."""
    # One actor of each fold; three sessions, the fewest that make three splits
    makers: dict[str, tuple[Callable, dict]] = {
        "cremad": (make_cremad, {"n_speakers": 5, "n_sentences": 1}),
        "iemocap": (
            make_iemocap,
            {"n_sessions": 3, "n_per_emotion": 2, "n_outside": 0},
        ),
    }
    for recipe in recipes:
        make, sizes = makers[recipe.name]
        folder = pathlib.Path(tree, recipe.samples)
        # 8 kHz are enough to be resampled, and half as many bytes
        make(folder, **sizes, sample_rate=8000)
        # What only matters to those who make or misread such a corpus
        for hidden in folder.rglob(".*"):
            hidden.unlink()
