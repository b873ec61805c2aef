"""The rows of SpeechBrain's recipe tests."""

import csv
import io
import re

import ruamel.yaml
from emoclust_lobes.upstream.layout import SETUP
from emoclust_lobes.upstream.samples import sample_folder
from emoclust_lobes.upstream.yaml_parts import pick_keys
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
ALONE = {
    "train_contrastive": {},
    "train_ser": {"pretraining": "none"},
}
FRONT_END = "tests/tmp/emoclust_wav2vec2"
LEFT = {
    "train_contrastive": ("embedding_model.ckpt", "speakers.txt"),
    "train_ser": ("predictions.csv", "confusion.png"),
}
ALWAYS_LEFT = (
    "hyperparams.yaml",
    "env.log",
    "log.txt",
    "train_log.txt",
    "metrics.json",
)

# A wav2vec 2.0 of a few thousand random weights, so that no hub is needed
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
    """Make the row of a YAML.

    Arguments
    ---------
    recipe : Recipe
        Whose it is.
    script : str
        Name of the script, without its ending.
    hparams : str
        File name of the YAML.
    text : str
        The YAML.

    Returns
    -------
    dict
        Column -> text.

    Example
    -------
    >>> from emoclust_lobes.upstream.layout import CREMAD
    >>> text = (
    ...     "output_folder: results\\n"
    ...     "ser_epochs: 50\\n"
    ...     "ser:\\n"
    ...     "    folder: !ref <output_folder>/ser\\n"
    ... )
    >>> row = make_row(CREMAD, "train_ser", "train_ser.yaml", text)
    >>> row["test_debug_flags"]
    '--ser_epochs=2'
    >>> "ser/predictions.csv" in row["test_debug_checks"]
    True
    """
    keys = set(re.findall(r"^(\w+):", text, re.M))
    flags = {"data_folder": sample_folder(recipe.dataset), **SIZES}
    flags |= ALONE[script]
    flags["ssl_hub"] = FRONT_END
    flags = {name: x for name, x in flags.items() if name in keys}
    folder = _folder(text, script, flags)
    left = [f"{script}.py", *ALWAYS_LEFT, *LEFT[script]]
    return {
        "Task": "Emotion_recognition",
        "Dataset": recipe.dataset,
        "Script_file": f"{recipe.folder}/{script}.py",
        "Hparam_file": f"{recipe.folder}/hparams/{hparams}",
        "Data_prep_file": f"{recipe.folder}/{recipe.prepare}.py",
        "Readme_file": f"{recipe.folder}/README.md",
        "Result_url": "",
        "HF_repo": "",
        "test_debug_flags": " ".join(f"--{k}={x}" for k, x in flags.items()),
        "test_debug_checks": "file_exists=["
        + ",".join(f"{folder}/{name}" for name in left)
        + "]",
        "performance": "",
    }


def _folder(text, script, flags):
    """Say where a script leaves its results, from the output folder on."""
    overrides = {**flags, "output_folder": "OUTPUT"}
    block = script.removeprefix("train_")
    picked = pick_keys(text, {(block, "folder")} | {(x, "") for x in flags})
    resolved = resolve_references(io.StringIO(picked), overrides)
    folder = ruamel.yaml.YAML().load(resolved)[block]["folder"]
    return folder.removeprefix("OUTPUT/")


def needs_front_end(row):
    """Tell whether the test of a row needs a wav2vec 2.0 to be made first.

    Arguments
    ---------
    row : dict
        From ``make_row``.

    Returns
    -------
    bool

    Example
    -------
    >>> needs_front_end({"test_debug_flags": f"--ssl_hub={FRONT_END} --debug"})
    True
    """
    return f"--ssl_hub={FRONT_END}" in row["test_debug_flags"]


def setup_script(row):
    """Say how the front end of a row's test is made, and where that stands.

    Arguments
    ---------
    row : dict
        From ``make_row``.

    Returns
    -------
    path : str
        Where SpeechBrain looks for a script that sets a test up.
    text : str
        The script.

    Example
    -------
    >>> row = {"Script_file": "a/train.py", "Hparam_file": "a/hparams/b.yaml"}
    >>> path, script = setup_script(row)
    >>> path, script.splitlines()[0]
    ('tests/recipes/setup/a_train/hparams_b', '#!/bin/sh')
    """
    script = row["Script_file"].removesuffix(".py")
    folder = script.rpartition("/")[0]
    hparams = row["Hparam_file"].removeprefix(f"{folder}/")
    name = hparams.removesuffix(".yaml").replace("/", "_")
    path = f"{SETUP}/{script.replace('/', '_')}/{name}"
    return path, MAKE_FRONT_END


def with_rows(text, rows):
    """Add rows to a file of tests, in the place of those of the same YAML.

    Arguments
    ---------
    text : str
        The file, or "" where there is none.
    rows : list of dict
        From ``make_row``.

    Returns
    -------
    str
        The file with the rows at its end; other lines stay as they are.

    Example
    -------
    >>> row = dict.fromkeys(FIELDS, "") | {"Hparam_file": "a.yaml"}
    >>> print(with_rows("", [row]).splitlines()[-1])
    ,,,a.yaml,,,,,,,
    >>> with_rows(with_rows("", [row]), [row]) == with_rows("", [row])
    True
    """
    ours = {row["Hparam_file"] for row in rows}
    kept = text.splitlines() or [",".join(FIELDS)]
    kept = [line for line in kept if not ours & set(line.split(","))]
    stream = io.StringIO()
    csv.DictWriter(stream, FIELDS, lineterminator="\n").writerows(rows)
    return "\n".join(kept) + "\n" + stream.getvalue()


def read_rows(tree):
    """Read all rows of recipe tests.

    Arguments
    ---------
    tree : pathlib.Path
        Root of the tree.

    Returns
    -------
    list of (str, dict)
        Name of the dataset's file without its ending, and the row.

    Example
    -------
    >>> read_rows(getfixture("tmp_path"))
    []
    """
    rows = []
    for path in sorted(tree.glob("tests/recipes/*.csv")):
        with open(path, newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream, skipinitialspace=True)
            rows += [(path.stem, row) for row in reader]
    return rows
