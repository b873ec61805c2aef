"""A stage-1 folder as a speaker encoder, trained and untrained."""

import pytest
import torch
from emoclust_lobes.analysis.checkpoint import (
    STAGE_1,
    UNTRAINED,
    split_checkpoint,
)
from emoclust_lobes.encoders.speaker_encoders import load_speaker_encoder
from emoclust_lobes.synthetic.models import save_tiny
from emoclust_lobes.training.seen_speakers import (
    read_seen_speakers,
    write_seen_speakers,
)
from hyperpyyaml import load_hyperpyyaml

SETTINGS = """\
seed: 3
__set_seed: !apply:torch.manual_seed [3]
data_folder: /nowhere
n_mels: 16
prepare: !name:data_prep.prepare_ravdess
    data_folder: !ref <data_folder>
compute_features: !new:speechbrain.lobes.features.Fbank
    n_mels: !ref <n_mels>
mean_var_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False
embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
    input_size: !ref <n_mels>
    channels: [16, 16, 16, 16, 48]
    attention_channels: 8
    res2net_scale: 4
    se_channels: 8
    lin_neurons: 8
"""
FRONT_END = """\
ssl_hub: {folder}
compute_features: !new:emoclust_lobes.encoders.SSLFrontEnd
    source: !ref <ssl_hub>
    save_path: !ref <ssl_hub>
    layers: [1, 2]
    trainable_layers: 1
mean_var_norm: !new:emoclust_lobes.encoders.NoNormalization
embedding_model: !new:emoclust_lobes.encoders.MixedEncoder
    front_end: !ref <compute_features>
    encoder: !name:emoclust_lobes.encoders.layer_mix.AttentiveEncoder
        hidden_size: 16
        embedding_size: 8
        attention_channels: 8
"""


@pytest.fixture
def stage_1(tmp_path):
    """A finished stage-1 folder and its model."""
    folder = tmp_path / "contrastive"
    folder.mkdir()
    (folder / "hyperparams.yaml").write_text(SETTINGS)
    modules = load_hyperpyyaml(SETTINGS)
    torch.manual_seed(11)
    for parameter in modules["embedding_model"].parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    weights = modules["embedding_model"].state_dict()
    torch.save(weights, folder / "embedding_model.ckpt")
    return folder, modules


def embed(modules, waveforms):
    """Embed as stage 1 does, once its training is over."""
    for name in ("compute_features", "embedding_model"):
        modules[name].eval()
    with torch.no_grad():
        features = modules["compute_features"](waveforms)
        lengths = torch.ones(len(waveforms))
        features = modules["mean_var_norm"](features, lengths)
        vectors = modules["embedding_model"](features, lengths).squeeze(1)
    return torch.nn.functional.normalize(vectors, dim=-1)


def test_both_folders_embed_as_their_weights_do(stage_1, tmp_path):
    folder, modules = stage_1
    models = split_checkpoint(folder, tmp_path / "models", seed=5)
    assert list(models) == [UNTRAINED, STAGE_1]
    waveforms = 0.1 * torch.randn(2, 16000)
    trained, untrained = (
        load_speaker_encoder("ecapa", models[name])(waveforms)
        for name in (STAGE_1, UNTRAINED)
    )
    expected = embed(modules, waveforms)
    torch.testing.assert_close(trained, expected, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(trained, untrained, atol=1e-2)


def test_a_front_end_that_trained_is_that_of_stage_1_alone(tmp_path):
    settings = FRONT_END.format(folder=save_tiny("wavlm", tmp_path / "wavlm"))
    published, modules = (load_hyperpyyaml(settings) for _ in range(2))
    folder = tmp_path / "contrastive"
    folder.mkdir()
    (folder / "hyperparams.yaml").write_text(settings)
    (trained,) = modules["compute_features"].trained
    for parameter in trained.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    for name in ("compute_features", "embedding_model"):
        torch.save(modules[name].state_dict(), folder / f"{name}.ckpt")
    models = split_checkpoint(folder, tmp_path / "models", seed=5)
    weights = torch.load(models[UNTRAINED] / "embedding_model.ckpt")
    published["embedding_model"].load_state_dict(weights)
    waveforms = 0.1 * torch.randn(2, 16000)
    for name, expected in ((STAGE_1, modules), (UNTRAINED, published)):
        vectors = load_speaker_encoder("ecapa", models[name])(waveforms)
        expected = embed(expected, waveforms)
        torch.testing.assert_close(vectors, expected, atol=1e-4, rtol=1e-4)
    # The front end tells: the trained encoder alone gives something else.
    without = {**published, "embedding_model": modules["embedding_model"]}
    both, encoder = (embed(x, waveforms) for x in (modules, without))
    assert not torch.allclose(both, encoder, atol=1e-2)


def test_untrained_weights_depend_on_the_seed_alone(stage_1, tmp_path):
    folder, _ = stage_1
    torch.manual_seed(0)
    before = torch.get_rng_state()
    weights = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        models = split_checkpoint(folder, tmp_path / name, seed)
        path = models[UNTRAINED] / "embedding_model.ckpt"
        weights.append(torch.load(path)["fc.conv.weight"])
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert torch.equal(torch.get_rng_state(), before)


def test_who_was_seen_is_read(stage_1, tmp_path):
    names = {"RAVDESS/Actor_01", "RAVDESS/Actor_02"}
    write_seen_speakers(stage_1[0], names)
    assert read_seen_speakers(stage_1[0]) == names
    assert read_seen_speakers(tmp_path) == set()


@pytest.mark.parametrize("name", ["embedding_model.ckpt", "hyperparams.yaml"])
def test_an_unfinished_folder_is_refused(stage_1, tmp_path, name):
    (stage_1[0] / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"there is no {name}"):
        split_checkpoint(stage_1[0], tmp_path / "models", seed=1)


def test_settings_without_an_encoder_are_refused(stage_1, tmp_path):
    (stage_1[0] / "hyperparams.yaml").write_text("seed: 1\n")
    with pytest.raises(FileNotFoundError, match="has no compute_features"):
        split_checkpoint(stage_1[0], tmp_path / "models", seed=1)
