"""Run the cases of a matrix: each once, whatever happened before."""

import os
import pathlib

from data_prep.storage.files import fingerprint, read_json, write_json
from emoclust_lobes.crosscorpus.cases import case_table, plan_cases, write_table
from emoclust_lobes.crosscorpus.corpora import CrossCorpusError
from emoclust_lobes.protocol.plan import plan_jobs
from emoclust_lobes.protocol.prepare import finished_cells, prepare_jobs
from emoclust_lobes.protocol.runner import run_jobs
from emoclust_lobes.protocol.scripts import Experiment

from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)

# Of an experiment's YAML: what a case says, and nobody else.
OWN_KEYS = ("corpus", "data_folder", "table", "fold", "classes")


def prepare_corpora(corpora, output_folder):
    """Write the manifests of all folds of all corpora that are not current.

    Arguments
    ---------
    corpora : dict
        Name -> Corpus.
    output_folder : pathlib.Path
        They go to ``manifests/NAME/fold_K``.

    Returns
    -------
    folds : dict
        Name -> folders of the manifests of its folds, in order.
    root : pathlib.Path
        The lowest folder above all corpora. Recordings are known by their
        paths from there, and random crops follow from these names.

    Raises
    ------
    CrossCorpusError, ManifestError
        As ``Corpus.prepare_folds``.

    Example
    -------
    >>> from functools import partial
    >>> from data_prep import prepare_ravdess, read_manifest
    >>> from emoclust_lobes.crosscorpus.corpora import Corpus
    >>> from emoclust_lobes.synthetic import make_ravdess
    >>> folder = getfixture("tmp_path")
    >>> sizes = {"n_speakers": 3, "n_statements": 1, "n_repetitions": 1}
    >>> counts = make_ravdess(folder / "corpus", **sizes)
    >>> emotions = dict.fromkeys("ang cal dis fea hap neu sad sur".split())
    >>> prepare = partial(prepare_ravdess, expect_complete=False)
    >>> tiny = Corpus("tiny", "Tiny", prepare, emotions, folder / "corpus")
    >>> folds, root = prepare_corpora({"tiny": tiny}, folder)
    >>> len(folds["tiny"]), root.name
    (3, 'corpus')
    """
    folds = {
        name: corpus.prepare_folds(output_folder / "manifests" / name)
        for name, corpus in corpora.items()
    }
    folders = [corpus.data_folder for corpus in corpora.values()]
    return folds, pathlib.Path(os.path.commonpath(folders))


def run_matrix(
    *,
    yaml,
    overrides,
    settings,
    classes,
    corpora,
    systems,
    adapt,
    seeds,
    output_folder,
    n_jobs,
    devices,
    commit,
):
    """Run every case that has no results yet.

    Arguments
    ---------
    yaml : str or pathlib.Path
        An experiment on a table of recordings, such as ``generic.yaml``.
    overrides : dict
        Keys of its top level, none of ``OWN_KEYS``.
    settings : dict
        What of it the results depend on.
    classes : list of str
        The shared classes.
    corpora : dict
        Name -> Corpus.
    systems : list of System
        What is trained; where a case adapts, those that have a stage 1.
    adapt : list of str
        Of ``ADAPT``.
    seeds : list of int
        Which runs.
    output_folder : pathlib.Path
        Where all of it goes.
    n_jobs : int
        How many runs of a case at a time.
    devices : list of str
        Where they compute; embeddings and features on the first.
    commit : str
        Of the code, for the results.

    Returns
    -------
    list of str
        What failed; everything else has been done.

    Raises
    ------
    CrossCorpusError
        When the results of a case are there, made with other settings.

    Example
    -------
    >>> from emoclust_lobes.crosscorpus.corpora import read_corpora
    >>> from emoclust_lobes.synthetic import make_emodb
    >>> from emoclust_lobes.synthetic.experiment import tiny_ravdess
    >>> folder = getfixture("tmp_path")
    >>> ravdess = tiny_ravdess(folder)["data_folder"]
    >>> emodb = str(folder / "emodb")
    >>> _ = make_emodb(emodb)
    >>> classes, corpora = read_corpora(
    ...     "hparams/crosscorpus.yaml",
    ...     {"ravdess": ravdess, "emodb": emodb},
    ...     expect_complete=False,
    ... )
    >>> run_matrix(
    ...     yaml="hparams/generic.yaml",
    ...     overrides={"speaker_encoder": "stats"},
    ...     settings={},
    ...     classes=classes,
    ...     corpora={corpus.name: corpus for corpus in corpora},
    ...     systems=[],  # nothing is trained, and all is made ready
    ...     adapt=["none"],
    ...     seeds=[1],
    ...     output_folder=folder / "across",
    ...     n_jobs=1,
    ...     devices=["cpu"],
    ...     commit="abc1234",
    ... )
    []
    >>> len(list((folder / "across").glob("ravdess-to-emodb/*.csv")))
    1
    """
    folds, root = prepare_corpora(corpora, output_folder)
    n_folds = {name: len(folders) for name, folders in folds.items()}
    cases = plan_cases(n_folds, adapt)
    failures = []
    for number, case in enumerate(cases, start=1):
        chosen = systems
        if case.adapt != "none":
            chosen = [x for x in systems if x.needs_clusters]
        folder = output_folder / case.name
        table = case_table(case, corpora, folds, root)
        csv = folder.with_suffix(".csv")
        write_table(csv, table)
        title = f"{corpora[case.train].title} to {corpora[case.test].title}"
        _claim(
            folder / "protocol.json",
            {
                "yaml": pathlib.Path(yaml).name,
                "settings": settings,
                "table": fingerprint(csv.read_text(encoding="utf-8")),
            },
            title=title,
            classes=classes,
            case=case._asdict(),
            cases=[x[:3] for x in cases].count(case[:3]),
        )
        jobs = plan_jobs(chosen, [1], seeds, [1.0], finished_cells(folder))
        if not jobs:
            continue
        logger.info(f"Case {number} of {len(cases)}: {case.name}")
        experiment = Experiment(
            yaml,
            {
                **overrides,
                "corpus": f"{case.train} to {case.test}",
                "data_folder": str(root),
                "table": os.path.relpath(csv, root),
                "classes": classes,
                "output_folder": str(folder),
                # Seeds have the same; looking at all audio takes a while
                "manifest_folder": str(folder / "manifest"),
            },
        )
        prepare_jobs(experiment, jobs, devices[0])
        failed = run_jobs(experiment, jobs, folder, n_jobs, devices, commit)
        failures += [f"{case.name}: {x}" for x in failed]
    return failures


def _claim(path, settings, **facts):
    """Say what a case's results are of; refuse those of something else."""
    before = read_json(path) or {}
    held = {name: before.get(name, x) for name, x in settings.items()}
    if held != settings:
        differ = [name for name in settings if held[name] != settings[name]]
        raise CrossCorpusError(
            f"{path.parent} holds results of another {' and '.join(differ)}: "
            "give another --output_folder, or remove it to run the case anew"
        )
    write_json(path, {**before, **facts, **settings})
