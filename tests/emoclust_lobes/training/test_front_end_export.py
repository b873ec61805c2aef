"""A front end that has trained is taken up elsewhere as it was left."""

import pytest
import torch
from emoclust_lobes.encoders.front_end_models import load_whole_model
from emoclust_lobes.training.front_end_export import export_front_end
from emoclust_lobes.training.seen_speakers import read_seen_speakers
from tiny_models import ALL_KINDS, front_end


def moved(source, layers, trainable_layers):
    """A front end whose trained weights are no longer the source's."""
    model = front_end(source, layers=layers, trainable_layers=trainable_layers)
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data.add_(0.1 * torch.randn_like(weight))
    return model.eval()


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize(
    "layers, trainable", [([1], 1), ([1, 2], 1), ([2], "all"), ([3], 2)]
)
def test_its_features_are_those_of_the_trained_one(
    saved, tmp_path, kind, layers, trainable
):
    source = saved(kind)
    trained = moved(source, layers, trainable)
    export_front_end(trained, tmp_path / "front_end", ["anna"])
    folder = str(tmp_path / "front_end")
    again = front_end(folder, layers=layers)
    plain = front_end(source, layers=layers)
    wavs = torch.randn(2, 6000)
    with torch.no_grad():
        expected = trained(wavs)
        torch.testing.assert_close(again(wavs), expected)
        assert not torch.allclose(plain(wavs), expected, atol=1e-4)
    assert again.identity["sha256"] != plain.identity["sha256"]


@pytest.mark.parametrize("kind", ["wavlm", "whisper"])
def test_what_did_not_train_is_that_of_its_source(saved, tmp_path, kind):
    source = saved(kind)
    export_front_end(moved(source, [2], 1), tmp_path / "front_end", ["anna"])
    before = load_whole_model(source, source)[0].state_dict()
    after = load_whole_model(tmp_path / "front_end", tmp_path)[0].state_dict()
    changed = {x for x in before if not torch.equal(before[x], after[x])}
    assert before.keys() == after.keys()
    assert changed and all("layers.1." in x for x in changed)


def test_whom_it_has_heard_is_told_of_all_its_lives(saved, tmp_path):
    first, second = str(tmp_path / "first"), tmp_path / "second"
    export_front_end(moved(saved("hubert"), [1], 1), first, ["C/anna", "C/ben"])
    export_front_end(moved(first, [1], 1), second, ["C/cara"])
    assert read_seen_speakers(first) == {"C/anna", "C/ben"}
    assert read_seen_speakers(second) == {"C/anna", "C/ben", "C/cara"}
