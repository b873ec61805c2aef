"""Adapters of a front end: what trains, what is saved, what is merged."""

import pytest
import torch
from emoclust_lobes.encoders.front_end_models import FrontEndError
from emoclust_lobes.encoders.lora import merged_state
from emoclust_lobes.inference.front_end import PackedFrontEnd, packed_arguments
from emoclust_lobes.training.front_end_export import export_front_end
from tiny_models import ALL_KINDS, front_end

from speechbrain.utils.checkpoints import Checkpointer
from speechbrain.utils.parameter_transfer import Pretrainer

WAVS = torch.randn(2, 6000, generator=torch.Generator().manual_seed(1))
RANK = 2


def adapted(source, seed=None, **options):
    """A front end with adapters; with a seed, they have learned something."""
    model = front_end(source, lora_rank=RANK, **options)
    generator = torch.Generator().manual_seed(seed or 0)
    for weight in model.parameters():
        if weight.requires_grad and seed is not None:
            weight.data = 0.3 * torch.randn(weight.shape, generator=generator)
    return model.eval()


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_adapters_train_and_nothing_else(saved, kind):
    plain, model = front_end(saved(kind)).eval(), adapted(saved(kind))
    with torch.no_grad():
        torch.testing.assert_close(model(WAVS), plain(WAVS))  # at first
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    for _ in range(2):  # of two zero factors, one would never move
        model.train()
        frames = model(WAVS)
        optimizer.zero_grad()
        (frames * torch.randn_like(frames)).sum().backward()
        optimizer.step()
    after = model.state_dict()
    changed = {x for x in after if not torch.equal(before[x], after[x])}
    trainable = {n for n, p in model.named_parameters() if p.requires_grad}
    assert changed == trainable
    assert all(".adapter_" in name for name in trainable)
    # Two layers of each of the three, each with two factors
    assert len(trainable) == 3 * 2 * 2
    sizes = {min(dict(model.named_parameters())[x].shape) for x in trainable}
    assert sizes == {RANK}


@pytest.mark.parametrize("kind", ["wav2vec2", "wavlm", "whisper"])
def test_what_is_computed_is_weight_and_product(saved, kind):
    """In every adapted layer, by the formula."""
    model = adapted(saved(kind), seed=3)
    state, merged = model.state_dict(), merged_state(model)
    names = [
        x.removesuffix(".adapter_up_proj.weight")
        for x in state
        if x.endswith(".adapter_up_proj.weight")
    ]
    assert len(names) == 6
    for name in names:
        up, down = (
            state[f"{name}.adapter_{x}_proj.weight"].double()
            for x in ("up", "down")
        )
        base = state[f"{name}.pretrained_module.weight"].double()
        module = model.get_submodule(name)
        rows = torch.randn(5, base.shape[1])
        with torch.no_grad():
            found = module(rows)
        expected = rows.double() @ (base + up @ down).T
        expected = expected + state[f"{name}.pretrained_module.bias"]
        torch.testing.assert_close(found.double(), expected, atol=1e-4, rtol=0)
        torch.testing.assert_close(
            merged[f"{name}.weight"].double(), base + up @ down
        )


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_merged_layers_need_no_adapters(saved, kind, tmp_path):
    model = adapted(saved(kind), seed=3, layers=[1, 2])
    packed = PackedFrontEnd(**packed_arguments(model))
    packed.load_state_dict(merged_state(model))  # and fits exactly
    export_front_end(model, tmp_path / "kept", ["anna"])
    kept = front_end(str(tmp_path / "kept"), layers=[1, 2])
    plain = front_end(saved(kind), layers=[1, 2])
    with torch.no_grad():
        expected = model(WAVS)
        assert not torch.allclose(plain(WAVS), expected, atol=0.01)
        for other in (packed, kept):
            torch.testing.assert_close(
                other.eval()(WAVS), expected, atol=1e-4, rtol=1e-4
            )


def checkpoint_of(model, folder):
    """Save a front end as a training does; return its file."""
    saved = Checkpointer(folder, {"compute_features": model}).save_checkpoint()
    return saved.paramfiles["compute_features"]


def test_a_checkpoint_holds_adapters_alone(saved, tmp_path):
    model = adapted(saved("whisper"), seed=3)
    small = checkpoint_of(model, tmp_path / "lora")
    whole = checkpoint_of(
        front_end(saved("whisper"), trainable_layers=1), tmp_path / "whole"
    )
    n_adapted = sum(p.numel() for p in model.parameters() if p.requires_grad)
    state = torch.load(small)
    assert sum(x.numel() for x in state.values()) == n_adapted + 3
    assert small.stat().st_size < whole.stat().st_size / 3
    again = adapted(saved("whisper"))
    Checkpointer(
        tmp_path / "lora", {"compute_features": again}
    ).recover_if_possible()
    with torch.no_grad():
        assert torch.equal(again(WAVS), model(WAVS))
    third, pretrainer = adapted(saved("whisper")), Pretrainer(tmp_path / "x")
    pretrainer.add_loadables({"compute_features": third})
    pretrainer.set_collect_in(small.parent)
    pretrainer.load_collected()
    with torch.no_grad():
        assert torch.equal(third(WAVS), model(WAVS))


def test_adapters_of_another_model_are_refused(saved, tmp_path):
    state = torch.load(checkpoint_of(adapted(saved("whisper"), 3), tmp_path))
    other = saved("whisper", attention_dropout=0.2)
    with pytest.raises(RuntimeError, match="another model .* ssl_hub"):
        adapted(other).load_trained(state)
    with pytest.raises(RuntimeError, match="same ssl_lora_rank"):
        adapted(saved("whisper"), layers=[1]).load_trained(state)
    with pytest.raises(RuntimeError, match="size mismatch"):
        front_end(saved("whisper"), lora_rank=3).load_trained(state)
    whole = front_end(saved("whisper"), trainable_layers=1).state_dict()
    with pytest.raises(RuntimeError, match="same ssl_lora_rank"):
        adapted(saved("whisper")).load_trained(whole)


def test_layers_and_adapters_do_not_train_together(saved):
    with pytest.raises(FrontEndError, match="set one of the two to 0"):
        front_end(saved("whisper"), lora_rank=2, trainable_layers=1)
