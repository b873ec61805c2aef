"""Packed front ends give the frames of those they were made of."""

import pytest
import torch
from emoclust_lobes.encoders.front_end_models import FrontEndError
from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.inference import InferenceError
from emoclust_lobes.inference.front_end import PackedFrontEnd, packed_arguments
from emoclust_lobes.synthetic.models import save_tiny
from tiny_models import LARGE

KINDS = {
    "wav2vec2": {},
    "wav2vec2 large": LARGE,
    "hubert": {},
    "wavlm": {},
    "whisper": {"max_source_positions": 100},
}


def make(kind, folder, do_normalize=True, **options):
    """A front end of a tiny random model in a folder."""
    save_tiny(kind.split()[0], folder, do_normalize, **KINDS[kind])
    front_end = SSLFrontEnd(folder, folder, **options)
    front_end.load()
    return front_end


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [[1, 2], [3, 0]])
def test_the_frames_are_the_same(kind, layers, tmp_path):
    front_end = make(kind, tmp_path, layers=layers, pooled_frames=2)
    arguments = packed_arguments(front_end)
    packed = PackedFrontEnd(**arguments)
    packed.load_state_dict(front_end.state_dict())  # and fits exactly
    wave = torch.randn(2, 9000)
    expected = front_end(wave)
    assert torch.equal(packed(wave), expected.half().float())
    exact = PackedFrontEnd(**{**arguments, "rounded": False})
    exact.load_state_dict(front_end.state_dict())
    assert torch.equal(exact(wave), expected)
    for name in ("n_layers", "size", "hop", "beside_size"):
        assert getattr(packed, name) == getattr(front_end, name)


def test_the_input_is_normalized_or_not_as_it_was(tmp_path):
    front_end = make("wavlm", tmp_path, do_normalize=False, layers=[2])
    arguments = packed_arguments(front_end)
    assert arguments["extractor"]["do_normalize"] is False
    packed = PackedFrontEnd(**{**arguments, "rounded": False})
    packed.load_state_dict(front_end.state_dict())
    wave = 3 + torch.randn(1, 9000)
    assert torch.equal(packed(wave), front_end(wave))


def test_settings_are_few_and_lead_nowhere(tmp_path):
    front_end = make("wav2vec2", tmp_path, layers=[1])
    arguments = packed_arguments(front_end)
    assert len(arguments["config"]) < 15
    assert str(tmp_path) not in str(arguments)


def test_one_that_trained_is_not_rounded(tmp_path):
    front_end = make("wav2vec2", tmp_path, trainable_layers=1)
    assert packed_arguments(front_end)["rounded"] is False


@pytest.mark.parametrize(
    "change",
    [
        {"auto_map": {"AutoModel": "modeling.Model"}},
        {"attn_implementation": "someone/kernel"},
        {"_attn_implementation": "someone/kernel"},
        {"quantization_config": {"quant_method": "gptq"}},
        {"_name_or_path": "someone/model"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_settings_that_the_library_would_obey_are_refused(change, tmp_path):
    arguments = packed_arguments(make("wav2vec2", tmp_path, layers=[1]))
    config = {**arguments["config"], **change}
    with pytest.raises(InferenceError, match=next(iter(change))):
        PackedFrontEnd(**{**arguments, "config": config})


def test_other_models_and_extractors_are_refused(tmp_path):
    arguments = packed_arguments(make("wav2vec2", tmp_path, layers=[1]))
    for kind in ("bert", "no such model"):
        with pytest.raises((FrontEndError, InferenceError)):
            PackedFrontEnd(**{**arguments, "config": {"model_type": kind}})
    extractor = {"feature_extractor_type": "SeamlessM4TFeatureExtractor"}
    with pytest.raises(InferenceError, match="Seamless"):
        PackedFrontEnd(**{**arguments, "extractor": extractor})
