"""The training scripts, as the runs of a protocol start them."""

import json
import pathlib
import runpy
import sys

from emoclust_lobes.experiment.command_line import loading
from emoclust_lobes.experiment.run_options import OF_RESULTS
from emoclust_lobes.experiment.yaml_options import YamlOptions
from hyperpyyaml import load_hyperpyyaml

SCRIPTS = ("train_contrastive.py", "train_ser.py")
# Where things lie, and what is kept, says nothing about the results.
_PLACES = (
    *("full_results", "use_wandb", "data_folder", "output_folder"),
    *("embedding_folder", "feature_folder", "ssl_save_path"),
)


class Experiment:
    """A YAML, in ``hparams`` beside the scripts, with overrides that all runs share.

    These are keys of its top level, and options of a Brain that results depend on.
    """

    def __init__(self, yaml, overrides):
        self.yaml = pathlib.Path(yaml).resolve()
        self.overrides = dict(overrides)
        self.root = self.yaml.parents[1]

    @property
    def name(self):
        """What results call it: the YAML with its folder."""
        return f"{self.yaml.parent.name}/{self.yaml.name}"

    @property
    def settings(self):
        """The overrides that results depend on, by key."""
        return {
            key: _named(value)
            for key, value in self.overrides.items()
            if key not in _PLACES
        }

    def load(self, **changes):
        """Load the YAML with further overrides."""
        keys = {**self.overrides, **changes}
        for option in OF_RESULTS:
            keys.pop(option, None)
        overrides = YamlOptions(self.yaml).overrides(keys)
        with open(self.yaml, encoding="utf-8") as stream, loading(self.yaml):
            return load_hyperpyyaml(stream, overrides)

    def run(self, script, changes):
        """Run a training script in this process, as the command line does."""
        keys = {**self.overrides, **changes}
        options = [
            f"--{key}={option_text(value)}" for key, value in keys.items()
        ]
        sys.argv = [script, str(self.yaml), *options, "--noprogressbar"]
        runpy.run_path(str(self.root / script), run_name="__main__")


def option_text(value):
    """Write an override as the command line has it: text as it is."""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return "null" if value is None else str(value)


def _named(value):
    """Name a file or folder by itself: where it lies is another matter."""
    if isinstance(value, list):
        return [_named(each) for each in value]
    is_path = isinstance(value, str) and pathlib.Path(value).exists()
    return pathlib.Path(value).name if is_path else value
