"""What a matrix is of, beside its numbers."""

import shlex

from data_prep.storage.files import read_json, write_json
from emoclust_lobes.crosscorpus.cells import FACTS
from emoclust_lobes.crosscorpus.corpora import CrossCorpusError
from emoclust_lobes.protocol.scripts import option_text


def describe_matrix(folder, experiment, settings, classes, corpora, options):
    """Write ``crosscorpus.json``; refuse results of something else.

    Arguments
    ---------
    folder : pathlib.Path
        Of the results.
    experiment : Experiment
        Whose YAML they are made with.
    settings : dict
        The overrides that they depend on.
    classes : list of str
        The shared classes.
    corpora : list of Corpus
        Those of this call; corpora, systems and commands of earlier calls
        stay.
    options : argparse.Namespace
        Of the command.

    Raises
    ------
    CrossCorpusError
        When the folder holds results of another YAML, class set or settings.

    Example
    -------
    >>> import argparse
    >>> from emoclust_lobes.protocol.scripts import Experiment
    >>> folder = getfixture("tmp_path")
    >>> experiment = Experiment("hparams/generic.yaml", {"labels": 0.5})
    >>> options = argparse.Namespace(
    ...     systems=["none"], adapt=["none"], seeds=3, note="A try."
    ... )
    >>> about = [experiment, experiment.settings, ["ang", "sad"], [], options]
    >>> describe_matrix(folder, *about)
    >>> read_json(folder / FACTS)["yaml"]
    'hparams/generic.yaml'
    >>> about[2] = ["ang", "hap"]
    >>> describe_matrix(folder, *about)
    Traceback (most recent call last):
    ...
    emoclust_lobes.crosscorpus.corpora.CrossCorpusError: ... holds results \
with the classes ['ang', 'sad'], not ['ang', 'hap']: give another --results
    """
    before = read_json(folder / FACTS) or {}
    fixed = {
        "yaml": f"{experiment.yaml.parent.name}/{experiment.yaml.name}",
        "settings": settings,
        "classes": classes,
    }
    for name, value in fixed.items():
        if before.get(name, value) != value:
            raise CrossCorpusError(
                f"{folder} holds results with the {name} {before[name]}, not "
                f"{value}: give another --results"
            )
    asked = {
        **settings,
        "systems": ",".join(options.systems),
        "adapt": ",".join(options.adapt),
        "seeds": options.seeds,
    }
    folders = ",".join(f"{x.name}=FOLDER" for x in corpora)
    command = shlex.join(
        [
            "emoclust",
            "crosscorpus",
            fixed["yaml"],
            f"--corpora={folders}",
            *(f"--{key}={option_text(x)}" for key, x in asked.items()),
        ]
    )
    write_json(
        folder / FACTS,
        {
            "corpora": {
                **before.get("corpora", {}),
                **{x.name: x.title for x in corpora},
            },
            "note": options.note or before.get("note", ""),
            **fixed,
            "systems": _joined(before.get("systems", []), options.systems),
            "commands": _joined(before.get("commands", []), [command]),
        },
    )


def _joined(first, second):
    return list(dict.fromkeys([*first, *second]))
