"""Models by name: of the package, of a hub's cache, and of no hub."""

import shutil

import pytest
import torch
from data_prep.errors import EmoclustError
from emoclust_lobes.cli import main
from emoclust_lobes.inference import InferenceError, load_model, publish
from emoclust_lobes.inference.find import find_model
from huggingface_hub import constants

REVISIONS = {"main": "0" * 40, "v1": "1" * 40}


@pytest.fixture
def hub(packed, tmp_path, monkeypatch):
    """A hub's cache with a published model, and no net."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    repository = publish(packed, tmp_path / "my-model")
    kept = tmp_path / "hub" / "models--someone--my-model"
    for name, commit in REVISIONS.items():
        shutil.copytree(repository, kept / "snapshots" / commit)
        (kept / "refs").mkdir(exist_ok=True)
        (kept / "refs" / name).write_text(commit)
    return kept / "snapshots"


def test_a_hubs_model_is_found_and_is_the_same(hub, packed):
    found = find_model("someone/my-model")
    assert found == hub / REVISIONS["main"]
    assert find_model("someone/my-model@v1") == hub / REVISIONS["v1"]
    wave = torch.randn(1, 8000)
    expected, *_ = load_model(packed).classify_batch(wave)
    got, *_ = load_model("someone/my-model").classify_batch(wave)
    assert torch.equal(got, expected)


def test_a_hubs_yaml_is_looked_at_before_it_is_loaded(hub, tmp_path):
    path = hub / REVISIONS["main"] / "hyperparams.yaml"
    done = tmp_path / "done"
    path.write_text(path.read_text() + f"\nx: !apply:os.mkdir ['{done}']\n")
    with pytest.raises(InferenceError, match="os.mkdir is not among"):
        load_model("someone/my-model")
    assert not done.exists()


def test_no_hub_is_told_and_what_to_do(hub, capsys):
    with pytest.raises(InferenceError, match="Give the folder `inference`"):
        find_model("someone/no-such-model")
    with pytest.raises(EmoclustError, match="neither a folder nor a model"):
        load_model("someone/my-model@no-such-revision")
    assert main(["predict", "someone/other", "a.wav"]) == 2
    assert "someone/other is neither a folder" in capsys.readouterr().err


def test_half_a_download_is_no_model(hub):
    (hub / REVISIONS["main"] / "hyperparams.yaml").unlink()
    with pytest.raises(InferenceError, match="there is no hyperparams.yaml"):
        load_model("someone/my-model")


def test_a_folder_comes_first(hub, packed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(packed, "someone/my-model")
    shutil.copytree(packed, "starter")
    assert not find_model("someone/my-model").is_absolute()
    assert not find_model("starter").is_absolute()


@pytest.mark.parametrize("name", ["nowhere", "/a/b", "a/b/c", "a/b.csv", "."])
def test_what_is_no_name_of_a_hub_is_not_asked_for(name, hub):
    assert str(find_model(name)) == name
