"""The notebook is its script, and runs from a folder of clips to an emotion."""

import shutil
import subprocess
import sys

import pytest
from pages import ROOT

SCRIPT = ROOT / "examples" / "notebook.py"
BOOK = SCRIPT.with_name("emoclust.ipynb")
nbformat = pytest.importorskip("nbformat")


def test_what_is_committed_is_what_the_script_makes(tmp_path):
    script = shutil.copy(SCRIPT, tmp_path)
    subprocess.run([sys.executable, script], check=True)
    made = (tmp_path / BOOK.name).read_text(encoding="utf-8")
    assert made == BOOK.read_text(encoding="utf-8")
    cells = nbformat.reads(made, as_version=4).cells
    assert {cell.cell_type for cell in cells} == {"code", "markdown"}
    for cell in cells:
        if cell.cell_type == "code":
            assert cell.source in SCRIPT.read_text(encoding="utf-8")
    assert not any(cell.get("outputs") for cell in cells)


@pytest.mark.slow
def test_it_ends_with_an_emotion(tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    for name in ("train_contrastive.py", "train_ser.py", "hparams"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "examples").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    book = nbformat.read(BOOK, as_version=4)
    place = {"metadata": {"path": str(tmp_path / "examples")}}
    nbclient.NotebookClient(
        book, timeout=600, kernel_name="python3", resources=place
    ).execute()
    outputs = [x for cell in book.cells for x in cell.get("outputs", ())]
    pictures = [x for x in outputs if "image/png" in x.get("data", {})]
    told = "".join(x.get("text", "") for x in outputs)
    assert len(pictures) == 2 and "AMI with emotion" in told
    name, emotion, sure = told.split()[-3:]
    assert list(tmp_path.rglob(name)) and 0 < float(sure) <= 1
    folder = next(tmp_path.rglob("predictions.csv")).parent
    assert f'"{emotion}"' in (folder / "metrics.json").read_text()
