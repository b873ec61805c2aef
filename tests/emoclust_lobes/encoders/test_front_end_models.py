"""Which model a front end is, and when it is loaded."""

import json
import shutil
import sys

import pytest
import torch
from emoclust_lobes.encoders.front_end_models import (
    FrontEndError,
    front_end_identity,
    load_config,
    read_sizes,
)
from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from tiny_models import front_end, save_model


def hub_copy(folder, save_path, revision):
    """Put a model where the hub's downloads are kept."""
    repository = save_path / "models--somebody--model"
    shutil.copytree(folder, repository / "snapshots" / revision)
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / "main").write_text(revision)


def test_a_downloaded_model_is_not_asked_for_again(tmp_path):
    save_model("hubert", tmp_path / "model")
    save_path, revision = tmp_path / "hub", "0123456789" * 4
    before = front_end_identity("somebody/model", save_path, [1])
    assert before == {"source": "somebody/model", "layers": [1]}
    hub_copy(tmp_path / "model", save_path, revision)
    model = SSLFrontEnd("somebody/model", save_path, layers=[1])
    assert model.identity == {
        **before,
        "model_type": "hubert",
        "revision": revision,
        "level_epsilon": 1e-7,
        "pooled_frames": 1,
    }
    wavs = torch.randn(1, 6000)
    local = front_end(tmp_path / "model", layers=[1])
    assert torch.equal(model(wavs), local(wavs))


def test_the_identity_of_a_folder_is_what_its_features_depend_on(tmp_path):
    save_model("wav2vec2", tmp_path)

    def identity(**settings):
        return front_end_identity(tmp_path, "unused", **settings)

    first = identity()
    assert json.loads(json.dumps(first)) == first
    assert first["model_type"] == "wav2vec2" and len(first["sha256"]) == 64
    for pooled in (1, 2):
        model = front_end(tmp_path, pooled_frames=pooled)
        assert model.identity == {
            **first,
            "layers": [0, 1, 2, 3],  # all of them
            "pooled_frames": pooled,
        }
    assert identity(layers=(1, 2)) == {**first, "layers": [1, 2]}
    (tmp_path / "README.md").write_text("A model")
    assert identity() == first
    digests = {first["sha256"]}
    preprocessor = tmp_path / "preprocessor_config.json"
    preprocessor.write_text(preprocessor.read_text().replace("true", "false"))
    digests.add(identity()["sha256"])
    save_model("wav2vec2", tmp_path, initializer_range=0.1)
    digests.add(identity()["sha256"])
    assert len(digests) == 3


def test_a_model_that_is_not_there_says_what_to_give(tmp_path):
    with pytest.raises(FrontEndError, match="--ssl_hub=FOLDER"):
        front_end(tmp_path / "nowhere")
    with pytest.raises(FrontEndError, match="--ssl_hub=FOLDER"):
        front_end(tmp_path)
    save_model("wavlm", tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(FrontEndError, match="--ssl_hub=FOLDER"):
        front_end(tmp_path, trainable_layers=1)
    with pytest.raises(FrontEndError, match="--ssl_hub=FOLDER"):
        front_end(tmp_path)(torch.randn(1, 6000))


def test_a_frozen_model_is_loaded_when_it_first_computes(tmp_path):
    save_model("wavlm", tmp_path)
    wavs = torch.randn(1, 6000)
    expected = front_end(tmp_path)(wavs)
    model, late = front_end(tmp_path), front_end(tmp_path)
    assert not list(model.parameters())
    model.train()  # as a Brain asks of its modules
    found = model(wavs)
    assert torch.equal(found, expected)
    assert not any(module.training for module in model.modules())
    assert not any(p.requires_grad for p in model.parameters())
    states = model.states
    model.load()
    assert model.states is states
    (tmp_path / "model.safetensors").unlink()
    assert (late.n_layers, late.size, late.trains) == (4, 16, False)
    assert torch.equal(model(wavs), expected)
    with pytest.raises(FrontEndError):
        late(wavs)


def test_other_models_are_refused(tmp_path):
    transformers = pytest.importorskip("transformers")
    transformers.BertConfig().save_pretrained(tmp_path)
    with pytest.raises(FrontEndError, match="'bert'; .* wav2vec2, hubert"):
        front_end(tmp_path)


def test_without_the_library_the_error_says_what_to_install(saved, monkeypatch):
    folder = saved("wav2vec2")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(FrontEndError, match=r"emoclust\[transformers\]"):
        front_end(folder).load()


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert", "wavlm", "whisper"])
@pytest.mark.parametrize("left_out", [(), ("hidden_size", "d_model")])
def test_sizes_are_those_of_the_library(tmp_path, kind, left_out):
    folder = save_model(kind, tmp_path / "model")
    path = folder / "config.json"
    config = json.loads(path.read_text())
    kept = {key: config[key] for key in config if key not in left_out}
    path.write_text(json.dumps(kept))
    known = load_config(str(folder), str(folder))
    sizes = (known.num_hidden_layers, known.hidden_size)
    assert read_sizes(str(folder), str(folder)) == sizes
    assert (sizes[1] == 16) == (not left_out)
