"""The curves of a training as a run of Weights & Biases, where one is asked for."""

import importlib
import os

from data_prep.errors import EmoclustError

from speechbrain.utils.distributed import if_main_process
from speechbrain.utils.train_logger import WandBLogger


def refuse_missing_wandb(asked):
    """Say how to get wandb where it is asked for and missing.

    Before anything is computed; where it is not asked for, it is not imported.
    """
    if asked:
        try:
            importlib.import_module("wandb")
        except ImportError as error:
            raise EmoclustError(
                f"use_wandb=True needs {error.name}: pip install "
                "'emoclust[wandb]'"
            ) from error


def wandb_logger(hparams):
    """Begin a run, or go on with one that was interrupted.

    It is called after ``hparams.folder``, where wandb keeps its files; the
    settings are the numbers and words of ``hparams``.
    """
    import wandb

    run = None
    if if_main_process():
        settings = vars(hparams).items()
        try:
            run = wandb.init(
                project=os.environ.get("WANDB_PROJECT", "emoclust"),
                name=str(hparams.folder),
                dir=hparams.folder,
                config={
                    k: v
                    for k, v in settings
                    if isinstance(v, str | int | float)
                },
                settings={"console": "off"},  # it names people's files
                resume="auto",
                reinit="create_new",  # one of the caller's own goes on
            )
        except wandb.Error as error:
            raise EmoclustError(
                f"use_wandb=True, but no run of wandb begins: {error} Log in "
                "with wandb login, or set WANDB_MODE=offline."
            ) from error
    # Not made by SpeechBrain's logger, which hides why it could not be
    return WandBLogger(lambda: run)
