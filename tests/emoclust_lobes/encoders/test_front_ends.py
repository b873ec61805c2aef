"""What front ends compute, against the transformers library."""

import functools

import hypothesis.strategies as st
import pytest
import torch
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.encoders.front_end_models import FrontEndError
from emoclust_lobes.synthetic.models import WHISPER
from hypothesis import given
from tiny_models import ALL_KINDS, KINDS, front_end, save_model

transformers = pytest.importorskip("transformers")


def hidden_states(folder, wavs):
    """What the library computes itself, a list of [batch, frames, size]."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    if model.config.do_stable_layer_norm:
        # Older versions of the library norm the last state, newer ones do not
        model.encoder.layer_norm = torch.nn.Identity()
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    wavs = extractor(
        list(wavs.numpy()), sampling_rate=16000, return_tensors="pt"
    ).input_values
    with torch.no_grad():
        return model(wavs, output_hidden_states=True).hidden_states


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", [3.0, 0.003, 0.0003])
def test_layers_are_the_librarys_hidden_states(saved, kind, level):
    wavs = level * torch.randn(2, 8000) + min(level, 1)
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


@pytest.mark.parametrize("kind", KINDS)
def test_the_softest_speech_is_heard_as_by_the_library(
    saved, kind, emoclust_data
):
    clips = [
        read_utterance(str(path))
        for path in sorted((emoclust_data / "ravdess").rglob("*.flac"))[:200]
    ]
    assert clips
    clips = sorted(clips, key=lambda clip: clip.std())[:3]
    assert clips[0].std() < 0.003
    for clip in clips:
        expected = torch.cat(hidden_states(saved(kind), clip[None]), dim=-1)
        found = front_end(saved(kind))(clip[None])
        torch.testing.assert_close(found, expected, atol=2e-4, rtol=2e-4)


def test_whisper_computes_what_the_wrapper_does_in_half_a_minute(saved):
    wavs = torch.randn(1, 480_000) * 0.1
    model = front_end(saved("whisper"))
    model.load()
    wrapper = model.states.wrapper
    found = model(wavs).unflatten(-1, (4, 16)).movedim(2, 0)
    with torch.no_grad():
        expected = wrapper(wavs)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("layers", ["all", [1], [2, 3], [0]])
def test_whisper_takes_a_clips_own_length(saved, layers):
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


def test_half_precision_weights_are_computed_with_in_single(tmp_path):
    save_model("wavlm", tmp_path)
    model = transformers.AutoModel.from_pretrained(tmp_path)
    model.half().save_pretrained(tmp_path)
    found = front_end(tmp_path)(torch.randn(1, 6000))
    assert found.dtype == torch.float32


@pytest.mark.parametrize(
    "kind, samples", [("wav2vec2", 399), ("whisper", 399), ("whisper", 480_001)]
)
def test_clips_that_a_model_cannot_take_are_refused(saved, kind, samples):
    model = front_end(saved(kind), layers=[0])
    with pytest.raises(ValueError, match=f"found {samples}"):
        model(torch.zeros(1, samples))
    assert model(torch.randn(1, 400)).shape == (1, 1, 16)


@functools.cache
def unpooled(folder, samples):
    """Waveforms and what the front end makes of them, all layers."""
    wavs = torch.randn(2, samples)
    return wavs, front_end(folder)(wavs)


@given(pooled=st.integers(1, 30), samples=st.sampled_from([400, 2000, 6000]))
def test_pooled_frames_are_means_of_neighbors(saved, pooled, samples):
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


@pytest.mark.parametrize("layers", [[], [4], [-1], [1, 9]])
def test_layers_that_are_not_there_are_refused(saved, layers):
    with pytest.raises(FrontEndError, match="indices from 0 to 3"):
        front_end(saved("wav2vec2"), layers=layers)
