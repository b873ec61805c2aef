"""Run the cases of a matrix: each once, whatever happened before."""

import os
import pathlib

from data_prep.storage.files import fingerprint, replacing
from emoclust_lobes.crosscorpus.cases import case_table, plan_cases
from emoclust_lobes.protocol.facts import claim
from emoclust_lobes.protocol.prepare import run_missing
from emoclust_lobes.protocol.scripts import Experiment

from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)

# Of an experiment's YAML: what a case says, and nobody else.
OWN_KEYS = ("corpus", "data_folder", "table", "fold", "classes")


def prepare_corpora(corpora, output_folder):
    """Write the manifests of all folds of all corpora that are not current.

    Returns their folders by corpus, and the lowest folder above all corpora: recordings
    are known by their paths from there, from which random crops follow.
    """
    folds = {
        name: corpus.prepare_folds(output_folder / "manifests" / name)
        for name, corpus in corpora.items()
    }
    folders = [corpus.data_folder for corpus in corpora.values()]
    return folds, pathlib.Path(os.path.commonpath(folders))


def run_matrix(
    experiment,
    *,
    classes,
    corpora,
    systems,
    adapt,
    seeds,
    output_folder,
    n_jobs,
    devices,
):
    """Run every case that has no results yet; tell what failed, line by line.

    Where a case adapts, only systems that hear unlabeled speech are trained.
    """
    folds, root = prepare_corpora(corpora, output_folder)
    n_folds = {name: len(folders) for name, folders in folds.items()}
    cases = plan_cases(n_folds, adapt)
    failures = []
    for number, case in enumerate(cases, start=1):
        logger.info(f"Case {number} of {len(cases)}: {case.name}")
        folder = output_folder / case.name
        csv = folder.with_suffix(".csv")
        rows = case_table(case, corpora, folds, root)
        with replacing(csv) as stream:
            rows.to_csv(stream, index=False)
        claim(
            folder / "protocol.json",
            {
                "yaml": experiment.yaml.name,
                "settings": experiment.settings,
                "table": fingerprint(csv.read_text(encoding="utf-8")),
            },
            {
                "title": " to ".join(corpora[x].title for x in case[:2]),
                "classes": classes,
                "case": case._asdict(),
                "cases": [x[:3] for x in cases].count(case[:3]),
            },
            instead="give another --output_folder, or remove it to run the "
            "case anew",
        )
        changes = {
            "corpus": f"{case.train} to {case.test}",
            "data_folder": str(root),
            "table": os.path.relpath(csv, root),
            "classes": classes,
            "output_folder": str(folder),
            # Seeds have the same; looking at all audio takes a while
            "manifest_folder": str(folder / "manifest"),
        }
        failed = run_missing(
            Experiment(experiment.yaml, {**experiment.overrides, **changes}),
            folder,
            systems=[x for x in systems if x.runs_with(case.adapt)],
            folds=[1],
            seeds=seeds,
            labels=[1.0],
            n_jobs=n_jobs,
            devices=devices,
        )
        failures += [f"{case.name}: {x}" for x in failed]
    return failures
