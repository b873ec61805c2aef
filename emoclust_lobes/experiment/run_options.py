"""The options of SpeechBrain's Brain, as commands take them that train."""

from emoclust_lobes.experiment.steps import UsageError
from hyperpyyaml import load_hyperpyyaml

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


def options_of_scripts(overrides, run_options):
    """Return what the training scripts are given beside the device, by key."""
    keys = load_hyperpyyaml(overrides) if overrides else {}
    return {**keys, **run_options}


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
