"""Optimizers that leave PyTorch's compiler alone."""

import functools
import inspect

import torch

# Marked in PyTorch as nothing to compile, which imports the compiler
MARKED = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")


def without_compiler(make):
    """Spare a run that compiles nothing the import of ``torch._dynamo``.

    PyTorch 2.11 to 2.14 import it, a second of CPU, for the first optimizer.
    ``make`` is a ``functools.partial``; what is returned computes the same.
    """
    kind = make.func
    methods = {name: inspect.unwrap(getattr(kind, name)) for name in MARKED}
    methods["step"] = torch.no_grad()(inspect.unwrap(kind.step))
    light = type(kind.__name__, (kind,), methods)
    return functools.partial(light, *make.args, **make.keywords)
