"""Low-rank adapters in a front end: few weights train, all others stay.

Beside a linear layer of weight ``W`` stands ``W + up @ down``, of a rank far
below that of ``W`` (Hu et al. 2021, arXiv 2106.09685). They are SpeechBrain's.
"""

import functools

import torch
from data_prep.storage.files import fingerprint

from speechbrain.nnet.adapters import AdaptedModel, LoRA
from speechbrain.utils.checkpoints import (
    mark_as_loader,
    mark_as_saver,
    mark_as_transfer,
    register_checkpoint_hooks,
    torch_parameter_transfer,
)

# What the paper adapts: queries and values
_ATTENTION = ("*.q_proj", "*.v_proj")
# WavLM gives the weights of these to a fused attention, past any adapter
_FEED_FORWARD = ("*.intermediate_dense", "*.output_dense")
_TARGETS = {"wavlm": _FEED_FORWARD}
_SOURCE = "adapters_of"


def add_adapters(model, rank):
    """Put adapters into the layers of a transformers model; return these.

    At first they change nothing. Their product is not scaled.
    """
    targets = _TARGETS.get(model.config.model_type, _ATTENTION)
    AdaptedModel(  # changes the model itself, and freezes the rest of it
        model.encoder,
        adapter_class=LoRA,
        target_layers=list(targets),
        adapter_kwargs={"rank": rank, "alpha": float(rank)},
    )
    return tuple(x for x in model.encoder.modules() if isinstance(x, LoRA))


def merged_state(module):
    """Return the state of a module as if its adapters' layers had learned."""
    state = module.state_dict()
    for name, adapter in module.named_modules():
        if not isinstance(adapter, LoRA):
            continue
        up, down = (
            state.pop(f"{name}.adapter_{x}_proj.weight") for x in ("up", "down")
        )
        for part in ("weight", "bias"):
            value = state.pop(f"{name}.pretrained_module.{part}", None)
            if value is not None:
                state[f"{name}.{part}"] = value
        state[f"{name}.weight"] = (
            state[f"{name}.weight"] + adapter.scaling * up @ down
        )
    return state


@register_checkpoint_hooks
class AdaptedModule(torch.nn.Module):
    """A module whose checkpoints hold its adapters alone, where it has any.

    ``lora_rank`` is above 0 where it has; ``identity`` tells its model, of
    which they are.
    """

    lora_rank = 0

    @functools.cached_property
    def identity(self) -> dict:
        """What tells the model from any other."""
        raise NotImplementedError

    @mark_as_saver
    def _save(self, path):
        state = self.state_dict()
        if self.lora_rank:
            state = {name: state[name] for name in self._trained()}
            state[_SOURCE] = _marks(self.identity)
        torch.save(state, path)

    @mark_as_loader
    def _load(self, path, end_of_epoch):
        del end_of_epoch
        state = torch.load(path, map_location="cpu", weights_only=True)
        self.load_trained(state)

    @mark_as_transfer
    def _transfer(self, path):
        if self.lora_rank:  # the default would take nothing, and only warn
            self._load(path, end_of_epoch=True)
        else:
            torch_parameter_transfer(self, path)

    def load_trained(self, state):
        """Take up what a checkpoint holds; a RuntimeError says what is wrong."""
        if not self.lora_rank:
            self.load_state_dict(state)
            return
        found = dict(state)
        marks = found.pop(_SOURCE, None)
        if marks is None or self._trained() != set(found):
            raise RuntimeError(
                "its adapters stand at other places, or it has none: give the "
                "same ssl_lora_rank, ssl_layers and ssl_trainable_layers"
            )
        if not torch.equal(marks.round().long().cpu(), _marks(self.identity)):
            raise RuntimeError(
                "it has adapters of another model than "
                f"{self.identity['source']}: give the ssl_hub that they were "
                "trained with"
            )
        self.load_state_dict(found, strict=False)

    def _trained(self):
        return {n for n, p in self.named_parameters() if p.requires_grad}


def _marks(identity):
    """Tell a model from others by numbers, of which an average is the same."""
    known = (identity.get(x) for x in ("sha256", "revision", "source"))
    digest = fingerprint(next(x for x in known if x))
    return torch.tensor([int(digest[x : x + 5], 16) for x in (0, 5, 10)])
