"""The options of SpeechBrain's Brain, as commands take them that train."""

from emoclust_lobes.experiment.option_kinds import UsageError

# What results depend on. How many steps there are is the YAML's to say, and
# how long they take or what is shown of them changes nothing.
OF_RESULTS = (
    "precision",
    "eval_precision",
    "grad_accumulation_factor",
    "max_grad_norm",
)


def result_options(run_opts, hparams):
    """What a run's results depend on, as its Brain reads it, by name."""
    names = (*OF_RESULTS, "optimizer_step_limit")
    given = run_opts.overridden_args
    return {
        name: run_opts[name]
        if name in given
        else hparams.get(name, run_opts[name])
        for name in names
    }


def given_run_options(run_opts, taken):
    """The given ones of the options that a command takes beside ``device``.

    Another that was given, and would be ignored, is refused.
    """
    given = run_opts.overridden_args - {"device"}
    for name in sorted(given - set(taken)):
        raise UsageError(
            f"--{name} is an option of the training scripts that this command "
            "does not take"
        )
    return {name: run_opts[name] for name in taken if name in given}


def usable_device(run_opts):
    """The device of a run, given or found; a UsageError where it is none."""
    import torch  # which --help does without

    from speechbrain.utils.distributed import infer_device

    device = run_opts["device"] or infer_device()
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(
            f"--device={device} cannot be used: {reason}"
        ) from None
    return device
