"""Optimizers that leave PyTorch's compiler alone."""

import functools
import inspect

import torch

# Marked in PyTorch as nothing to compile, which imports the compiler
MARKED = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")


def without_compiler(make):
    """Spare a run that compiles nothing the import of ``torch._dynamo``.

    PyTorch 2.11 to 2.14 import their compiler, a second of CPU, when the first
    optimizer is made. The methods below the marks compute the same.

    Arguments
    ---------
    make : functools.partial
        Of an optimizer's class, as a YAML's ``!name:`` gives it.

    Returns
    -------
    functools.partial
        Of a class of the same name that derives from it.
    """
    kind = make.func
    methods = {name: inspect.unwrap(getattr(kind, name)) for name in MARKED}
    methods["step"] = torch.no_grad()(inspect.unwrap(kind.step))
    light = type(kind.__name__, (kind,), methods)
    return functools.partial(light, *make.args, **make.keywords)
