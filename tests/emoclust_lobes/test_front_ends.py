"""Front ends against the transformers library, on small random models."""

import functools
import json
import shutil
import sys

import numpy as np
import pytest
import torch
from emoclust_lobes.front_end_models import FrontEndError, front_end_identity
from emoclust_lobes.front_ends import NoNormalization, SSLFrontEnd
from emoclust_lobes.layer_mix import AttentiveEncoder, MixedEncoder
from hypothesis import (
    given,
    settings,
    strategies as st,
)

from speechbrain.inference.classifiers import EncoderClassifier

transformers = pytest.importorskip("transformers")

SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    "initializer_range": 0.2,
    "layerdrop": 1.0,  # a front end skips no layer
}
WHISPER = {
    "d_model": 16,
    "encoder_layers": 3,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_layers": 1,
    "decoder_attention_heads": 2,
    "decoder_ffn_dim": 32,
    "vocab_size": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
    "init_std": 0.2,
}
KINDS = ["wav2vec2", "hubert", "wavlm", "wav2vec2-layer", "wavlm-layer"]
ALL_KINDS = [*KINDS, "whisper"]


def save_model(kind, folder, normalize=True, **settings):
    """Leave a small random model of a kind in a folder.

    ``-layer`` stands for layer norms in the convolutions and before each
    sublayer, as the large models have; the others are as the base models.
    """
    torch.manual_seed(0)
    name, _, layer = kind.partition("-")
    if name == "whisper":
        config = transformers.WhisperConfig(**WHISPER, **settings)
        extractor = transformers.WhisperFeatureExtractor()
    else:
        config = transformers.AutoConfig.for_model(
            name,
            **{**SMALL, **settings},
            feat_extract_norm="layer" if layer else "group",
            do_stable_layer_norm=bool(layer),
        )
        extractor = transformers.Wav2Vec2FeatureExtractor(
            do_normalize=normalize
        )
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    extractor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """Function that gives the folder of a small model, which stays as it is."""

    @functools.cache
    def make(kind, **settings):
        return save_model(kind, tmp_path_factory.mktemp("model"), **settings)

    return make


def front_end(folder, **settings):
    return SSLFrontEnd(folder, save_path=folder, **settings)


def hidden_states(folder, wavs):
    """What the library computes itself, a list of [batch, frames, size]."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    wavs = (wavs - wavs.mean(1, True)) / (
        wavs.var(1, False, keepdim=True)
    ).sqrt()
    with torch.no_grad():
        return model(wavs, output_hidden_states=True).hidden_states


@pytest.mark.parametrize("kind", KINDS)
def test_layers_are_the_librarys_hidden_states(saved, kind):
    wavs = torch.randn(2, 8000) * 3 + 1
    states = hidden_states(saved(kind), wavs)
    frames = (8000 - 400) // 320 + 1
    for layers in ("all", [3], [1, 2], [2, 0], [0]):
        chosen = range(4) if layers == "all" else layers
        expected = torch.cat([states[i] for i in chosen], dim=-1)
        model = front_end(saved(kind), layers=layers)
        found = model(wavs)
        assert found.shape == (2, frames, 16 * len(chosen))
        assert (model.n_layers, model.size) == (len(chosen), 16)
        assert model.hop == 320
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_whisper_hears_what_the_wrapper_hears_in_half_a_minute(saved):
    wavs = torch.randn(1, 480_000) * 0.1
    model = front_end(saved("whisper"))
    model.load()
    wrapper = model.states.wrapper
    found = model(wavs).unflatten(-1, (4, 16)).movedim(2, 0)
    with torch.no_grad():
        expected = wrapper(wavs)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("layers", ["all", [1], [2, 3], [0]])
def test_whisper_hears_a_clips_own_length(saved, layers):
    """Against the library's encoder, made for clips of this length."""
    wav = torch.randn(16_320) * 0.1
    frames = 51
    mels = transformers.WhisperFeatureExtractor()(
        wav.numpy(),
        sampling_rate=16000,
        padding="do_not_pad",
        return_tensors="pt",
    ).input_features
    weights = transformers.AutoModel.from_pretrained(
        saved("whisper")
    ).state_dict()
    encoder = transformers.WhisperModel(
        transformers.WhisperConfig(**WHISPER, max_source_positions=frames)
    ).encoder.eval()
    weights = {
        name.removeprefix("encoder."): value
        for name, value in weights.items()
        if name.startswith("encoder.")
    }
    positions = weights["embed_positions.weight"]
    weights["embed_positions.weight"] = positions[:frames]
    encoder.load_state_dict(weights)
    states = encoder(mels, output_hidden_states=True).hidden_states
    chosen = range(4) if layers == "all" else layers
    expected = torch.cat([states[i] for i in chosen], dim=-1)
    model = front_end(saved("whisper"), layers=layers)
    assert model.hop * frames == len(wav)
    torch.testing.assert_close(model(wav[None]), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_vector_does_not_depend_on_its_batch(saved, kind):
    model = front_end(saved(kind))
    # A silent utterance beside a loud one
    wavs = torch.randn(3, 9000) * torch.tensor([[1e-4], [1.0], [0.1]])
    together = model(wavs)
    for wav, frames in zip(wavs, together, strict=True):
        torch.testing.assert_close(
            model(wav[None])[0], frames, atol=1e-4, rtol=1e-4
        )


@pytest.mark.parametrize("kind", ["wav2vec2-layer", "wavlm-layer"])
def test_frames_do_not_attend_to_padding(saved, kind):
    model = front_end(saved(kind, normalize=False))
    wavs = torch.randn(2, 16000)
    found = model(wavs, torch.tensor([0.5, 1.0]))
    alone = model(wavs[:1, :8000])
    torch.testing.assert_close(
        found[:1, : alone.shape[1]], alone, atol=1e-4, rtol=1e-4
    )
    without_lengths = model(wavs)[:1, : alone.shape[1]]
    assert not torch.allclose(without_lengths, alone, atol=1e-2)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_layers_above_the_highest_chosen_one_are_dropped(saved, kind):
    whole = front_end(saved(kind))
    model = front_end(saved(kind), layers=[0, 2])
    whole.load()
    model.load()
    assert len(whole.states.transformer) == 3
    assert len(model.states.transformer) == 2
    assert len(model.states.wrapper.model.encoder.layers) == 2


TRANSFORMER = "states.wrapper.model.encoder.layers"


def with_gradients(model):
    """Names of the parameters that get a gradient in training."""
    model.train()
    wavs = torch.randn(2, 6000)
    frames = model(wavs)
    if frames.requires_grad:
        (frames * torch.randn_like(frames)).sum().backward()
    names = {n for n, p in model.named_parameters() if p.grad is not None}
    trainable = {n for n, p in model.named_parameters() if p.requires_grad}
    return names, trainable


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_topmost_computed_layers_train(saved, kind, count):
    model = front_end(saved(kind), layers=[0, 1, 2], trainable_layers=count)
    names, trainable = with_gradients(model)
    prefixes = [f"{TRANSFORMER}.{i}." for i in (1, 0)[:count]]
    expected = {
        name
        for name, _ in model.named_parameters()
        if name.startswith(tuple(prefixes))
    }
    assert names == trainable == expected
    assert bool(expected) == (count > 0)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_all_trains_everything_but_the_convolutions(saved, kind):
    model = front_end(saved(kind), trainable_layers="all")
    names, trainable = with_gradients(model)
    fixed = ["conv1", "conv2", "embed_positions", "feature_extractor"]
    unused = ["masked_spec_embed"]
    expected = {
        name
        for name, _ in model.named_parameters()
        if not set(name.split(".")) & {*fixed, *unused}
    }
    assert names == trainable == expected
    assert any("layer_norm" in name for name in names)


def test_nothing_below_what_trains_is_on_the_graph(saved):
    model = front_end(saved("wav2vec2"), trainable_layers=1).train()
    on_graph = []
    for layer in model.states.transformer:
        layer.register_forward_hook(
            lambda _, inputs, output: on_graph.append(
                (inputs[0].requires_grad, output.requires_grad)
            )
        )
    assert model(torch.randn(1, 6000)).requires_grad
    assert on_graph == [(False, False), (False, False), (False, True)]


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_frozen_front_end_is_bit_identical_after_training(saved, kind):
    model = front_end(saved(kind))
    model.load()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    assert len(before) > 20
    wavs = torch.randn(2, 6000)
    features = model(wavs)
    head = torch.nn.Linear(features.shape[-1], 2)
    both = torch.nn.ModuleList([model, head])
    parameters = [p for p in both.parameters() if p.requires_grad]
    assert len(parameters) == 2
    optimizer = torch.optim.AdamW(parameters, lr=0.1)
    for _ in range(2):
        both.train()
        found = model(wavs)
        assert torch.equal(found, features)
        assert not found.requires_grad
        head(found).square().mean().backward()
        optimizer.step()
    assert not any(module.training for module in model.modules())
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_only_what_trains_is_in_training_mode(saved):
    model = front_end(saved("hubert"), trainable_layers=1)
    training = {n for n, m in model.named_modules() if m.training}
    expected = {
        name
        for name, _ in model.named_modules()
        if name.startswith(f"{TRANSFORMER}.2")
    }
    assert training == expected
    wavs = torch.randn(1, 6000)
    assert not torch.equal(model(wavs), model(wavs))  # dropout
    model.eval()
    assert torch.equal(model(wavs), model(wavs))


@pytest.mark.parametrize("kind", ["wav2vec2", "wavlm-layer", "whisper"])
@pytest.mark.parametrize("trainable", [1, 2, "all"])
def test_gradient_checkpointing_gives_the_same_gradients(
    saved, kind, trainable
):
    quiet = {"attention_dropout": 0.0, "activation_dropout": 0.0}
    if kind != "whisper":
        quiet.update(hidden_dropout=0.0, feat_proj_dropout=0.0)
    wavs = torch.randn(2, 6000)
    gradients = []
    for checkpointing in (False, True):
        model = front_end(
            saved(kind, **quiet),
            trainable_layers=trainable,
            gradient_checkpointing=checkpointing,
        ).train()
        model(wavs).square().mean().backward()
        gradients.append(
            {n: p.grad for n, p in model.named_parameters() if p.requires_grad}
        )
        layer = model.states.transformer[-1]
        assert layer.gradient_checkpointing is checkpointing
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name])


def test_half_precision_weights_are_computed_with_in_single(tmp_path):
    save_model("wavlm", tmp_path)
    model = transformers.AutoModel.from_pretrained(tmp_path)
    model.half().save_pretrained(tmp_path)
    found = front_end(tmp_path)(torch.randn(1, 6000))
    assert found.dtype == torch.float32


@pytest.mark.parametrize(
    "kind, samples",
    [("wav2vec2", 399), ("whisper", 399), ("whisper", 480_001)],
)
def test_clips_that_a_model_cannot_hear_are_refused(saved, kind, samples):
    model = front_end(saved(kind), layers=[0])
    with pytest.raises(ValueError, match=f"found {samples}"):
        model(torch.zeros(1, samples))
    assert model(torch.randn(1, 400)).shape == (1, 1, 16)


def test_a_front_end_can_compute_the_features_of_a_classifier(saved):
    model = front_end(saved("wav2vec2"), layers=[1, 2])
    encoder = MixedEncoder(
        front_end=model,
        encoder=functools.partial(
            AttentiveEncoder,
            hidden_size=8,
            embedding_size=5,
            attention_channels=4,
        ),
    )
    classifier = EncoderClassifier(
        modules={
            "compute_features": model,
            "mean_var_norm": NoNormalization(),
            "embedding_model": encoder,
            "classifier": torch.nn.Linear(5, 2),
        },
        hparams={},
    )
    wavs = torch.randn(3, 6000)
    features = model(wavs)
    torch.testing.assert_close(
        classifier.encode_batch(wavs),
        encoder.eval()(features),
        atol=1e-4,
        rtol=1e-4,
    )
    assert torch.equal(model(wavs), features)


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


def test_a_frozen_model_is_loaded_when_it_is_first_heard(tmp_path):
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


def test_a_model_that_trains_is_loaded_at_once(saved):
    model = front_end(saved("wavlm"), trainable_layers=1)
    assert model.trains
    assert any(p.requires_grad for p in model.parameters())


@functools.cache
def unpooled(folder, samples):
    """Waveforms and what the front end makes of them, all layers."""
    wavs = torch.randn(2, samples)
    return wavs, front_end(folder)(wavs)


@settings(max_examples=30, deadline=None)
@given(pooled=st.integers(1, 30), samples=st.sampled_from([400, 2000, 6000]))
def test_pooled_frames_are_means_of_neighbours(saved, pooled, samples):
    folder = saved("wav2vec2")
    wavs, frames = unpooled(folder, samples)
    found = front_end(folder, pooled_frames=pooled)(wavs)
    firsts = range(0, frames.shape[1] - pooled + 1, pooled)
    expected = [
        sum(frames[:, first + i] for i in range(pooled)) / pooled
        for first in firsts
    ]
    if not expected:  # an utterance of fewer frames
        expected = [frames.mean(dim=1)]
    torch.testing.assert_close(found, torch.stack(expected, dim=1))


@pytest.mark.parametrize("kind", ["wav2vec2", "whisper"])
def test_pooled_frames_lie_farther_apart(saved, kind):
    assert front_end(saved(kind), pooled_frames=3).hop == 3 * 320


def test_gradients_reach_what_trains_through_the_pooling(saved):
    model = front_end(saved("wavlm"), trainable_layers=1, pooled_frames=2)
    names, trainable = with_gradients(model)
    assert names == trainable != set()


def test_no_normalization_leaves_the_mean_of_the_features():
    features = torch.randn(2, 5, 3) + 4
    assert NoNormalization()(features) is features


def test_other_models_are_refused(tmp_path):
    transformers.BertConfig().save_pretrained(tmp_path)
    with pytest.raises(FrontEndError, match="'bert'; .* wav2vec2, hubert"):
        front_end(tmp_path)


@pytest.mark.parametrize("layers", [[], [4], [-1], [1, 9]])
def test_layers_that_are_not_there_are_refused(saved, layers):
    with pytest.raises(FrontEndError, match="indices from 0 to 3"):
        front_end(saved("wav2vec2"), layers=layers)


@pytest.mark.parametrize("count", [3, -1, "some"])
def test_no_more_layers_train_than_are_computed(saved, count):
    with pytest.raises(FrontEndError, match="all or from 0 to 2"):
        front_end(saved("wav2vec2"), layers=[2], trainable_layers=count)


def test_without_the_library_the_error_says_what_to_install(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(FrontEndError, match=r"emoclust\[transformers\]"):
        front_end(saved("wav2vec2"))


def test_front_ends_of_one_folder_agree_to_the_bit(saved):
    wavs = torch.randn(1, 6000)
    one, other = (front_end(saved("whisper"))(wavs).numpy() for _ in range(2))
    np.testing.assert_array_equal(one, other)
