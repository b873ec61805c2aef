"""``emoclust prepare``, ``embed`` and ``clusters``."""

from emoclust_lobes.experiment.steps import load_experiment, run_steps


def add_arguments(parser):
    """Add nothing: the overrides of the YAML say it all."""


def run(options):
    """Take the steps up to that which the command is called after."""
    hparams = load_experiment(options.yaml, options.overrides)
    return run_steps(options.command, hparams, options.device)
