"""Trees that are laid out as SpeechBrain's."""

import pytest
from emoclust_lobes.upstream.export import make_tree
from emoclust_lobes.upstream.rows import FIELDS, with_rows

RECIPE = "recipes/Birds/owls"
ROW = dict.fromkeys(FIELDS, "") | {
    "Task": "Hooting",
    "Dataset": "Birds",
    "Script_file": f"{RECIPE}/train.py",
    "Hparam_file": f"{RECIPE}/hparams/train.yaml",
    "Data_prep_file": f"{RECIPE}/birds_prepare.py",
    "Readme_file": f"{RECIPE}/README.md",
    "Result_url": "https://example.org/owls",
    "test_debug_flags": "--volume=2",
    "test_debug_checks": "file_exists=[train.py,log.txt]",
}
SCRIPT = '''"""Trains an owl."""

import pathlib
import sys

flags = [word.lstrip("-").split("=") for word in sys.argv[2:] if "=" in word]
hparams = dict(flags)
folder = pathlib.Path(hparams["output_folder"])
folder.mkdir(parents=True)
(folder / "train.py").write_text("")
(folder / "log.txt").write_text(hparams["volume"] + hparams["device"])
'''
FILES = {
    f"{RECIPE}/train.py": SCRIPT,
    f"{RECIPE}/hparams/train.yaml": (
        "seed: 1\n"
        "__set_seed: !apply:torch.manual_seed [!ref <seed>]\n"
        "output_folder: results\n"
        "volume: 1\n"
        "device: cpu\n"
    ),
    f"{RECIPE}/birds_prepare.py": '"""Prepares birds."""\n',
    f"{RECIPE}/README.md": "# Owls\n\nhttps://example.org/owls\n",
    f"{RECIPE}/extra_requirements.txt": "pandas>=2.2\n",
    "speechbrain/hoot.py": (
        '"""Hooting."""\n\n\ndef hoot():\n    """Hoot once."""\n'
    ),
    "tests/recipes/Birds.csv": with_rows("", [ROW]),
}


@pytest.fixture
def tree(tmp_path):
    """A small tree that keeps every rule."""
    folder = tmp_path / "tree"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "owls").symlink_to(RECIPE)
    return folder


@pytest.fixture(scope="session", params=["cremad", "contrastive"])
def exported(request, tmp_path_factory):
    """Our recipes as exported, without sample data."""
    folder = tmp_path_factory.mktemp(request.param) / "tree"
    make_tree(folder, request.param)
    return folder
