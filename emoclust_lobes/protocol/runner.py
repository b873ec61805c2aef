"""Run the cells of a protocol: each once, several at a time."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import pathlib
import runpy
import subprocess
import sys
import traceback

import pandas
from data_prep.manifest import Source, read_manifest, read_summary
from emoclust_lobes.files import read_json
from emoclust_lobes.labels import labelled_share
from emoclust_lobes.protocol.cells import cell_rows, merge_cells
from emoclust_lobes.references import run_reference
from hyperpyyaml import load_hyperpyyaml
from tqdm import tqdm

SCRIPTS = ("train_contrastive.py", "train_ser.py")


class Experiment:
    """A YAML with overrides: what all cells of a protocol have in common.

    Arguments
    ---------
    yaml : str or pathlib.Path
        The experiment's file, in the folder ``hparams`` beside the scripts.
    overrides : dict
        Keys of its top level.
    """

    def __init__(self, yaml, overrides):
        self.yaml = pathlib.Path(yaml).resolve()
        self.overrides = dict(overrides)
        self.root = self.yaml.parents[1]

    def load(self, **changes):
        """Load the YAML with further overrides."""
        with open(self.yaml, encoding="utf-8") as stream:
            return load_hyperpyyaml(stream, {**self.overrides, **changes})

    def run(self, script, changes):
        """Run a training script in this process, as the command line does."""
        keys = {**self.overrides, **changes}
        options = [f"--{key}={_text(value)}" for key, value in keys.items()]
        sys.argv = [script, str(self.yaml), *options, "--noprogressbar"]
        runpy.run_path(str(self.root / script), run_name="__main__")


def _text(value):
    """Write an override as the command line has it."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return "null" if value is None else str(value)


def run_jobs(experiment, jobs, results_folder, n_jobs, devices, commit):
    """Run jobs in processes of their own; keep each result as it comes.

    Arguments
    ---------
    experiment : Experiment
        What all have in common.
    jobs : list of Job
        From ``plan_jobs``.
    results_folder : str or pathlib.Path
        Where cells are merged into.
    n_jobs : int
        How many run at a time.
    devices : list of str
        Where they compute, in turn.
    commit : str
        Of the code, for the results.

    Returns
    -------
    list of str
        A line for each job that failed; the others have been done.
    """
    failures = []
    # A server imports once what every job needs, and forks off each job.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["emoclust_lobes.protocol.preload"])
    pool = concurrent.futures.ProcessPoolExecutor(
        n_jobs, mp_context=context, max_tasks_per_child=1
    )
    progress = tqdm(
        total=sum(len(job.cells) for job in jobs), desc="cells", unit="cell"
    )
    with pool, progress:
        futures = {
            pool.submit(
                run_job, experiment, job, devices[n % len(devices)], commit
            ): job
            for n, job in enumerate(jobs)
        }
        for future in concurrent.futures.as_completed(futures):
            job = futures[future]
            rows, failure = future.result()
            for cells, speakers in rows:
                merge_cells(results_folder, cells, speakers)
            if failure:
                failures.append(failure)
            progress.update(len(job.cells))
            names = ",".join(sorted({system.name for system, _ in job.cells}))
            progress.set_postfix_str(f"fold {job.fold} seed {job.seed} {names}")
    return failures


def run_job(experiment, job, device, commit):
    """Run the cells of one job in turn.

    Arguments
    ---------
    experiment, job, device, commit
        As for ``run_jobs``.

    Returns
    -------
    rows : list of (pandas.DataFrame, pandas.DataFrame)
        From ``cell_rows``, of each cell that was run.
    failure : str
        Empty, or which job failed, why, and where its log is.
    """
    changes = {"fold": job.fold, "seed": job.seed}
    first = job.cells[0][0]
    hparams = experiment.load(**changes)
    name = "references" if first.reference else first.stage1_name
    log = pathlib.Path(hparams["run_folder"], f"protocol-{name}.log")
    rows = []
    try:
        with _output_to(log):
            for system, share in job.cells:
                if system.reference:
                    rows += _run_reference(hparams, system, share, commit)
                else:
                    settings = {**changes, "device": device}
                    rows += _train(experiment, system, share, settings, commit)
    except Exception as error:  # another job must not end with this one
        with open(log, "a", encoding="utf-8") as stream:
            traceback.print_exc(file=stream)
        reason = str(error).splitlines() or [repr(error)]
        return rows, (
            f"fold {job.fold}, seed {job.seed}, {name}: {reason[0]} (see {log})"
        )
    return rows, ""


@contextlib.contextmanager
def _output_to(path):
    """Send all output of this process to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
        yield


def _train(experiment, system, share, settings, commit):
    """Train and test one cell; what is finished is not done again."""
    settings = {
        **settings,
        **system.stage1,
        "stage1_name": system.stage1_name,
        "system": system.name,
        "labels": share,
    }
    hparams = experiment.load(
        **{k: v for k, v in settings.items() if k != "device"}, **system.stage2
    )
    stage1, stage2 = SCRIPTS
    if hparams["init"] != "none":
        experiment.run(
            stage1, {k: v for k, v in settings.items() if k != "labels"}
        )
    experiment.run(stage2, {**settings, **system.stage2})
    folder = pathlib.Path(hparams["ser"]["folder"])
    metrics = read_json(folder / "metrics.json")
    predictions = pandas.read_csv(
        folder / "predictions.csv", dtype={"ID": str}, keep_default_na=False
    )
    speakers = _speakers(hparams)
    return [
        cell_rows(
            rows,
            speakers,
            metrics["classes"],
            system=system.name,
            labels=share,
            enrolled=str(enrolled),
            fold=settings["fold"],
            seed=settings["seed"],
            n_train=metrics["n_train"],
            valid_uar=metrics["valid_uar"],
            commit=commit,
        )
        for enrolled, rows in predictions.groupby("enrolled", sort=False)
    ]


def _speakers(hparams):
    """Speaker of each test utterance, by ID."""
    csv = pathlib.Path(hparams["manifest_folder"], "test.csv")
    table = read_manifest(Source(str(csv), hparams["data_folder"]))
    return table.set_index("ID")["spk_id"]


def _run_reference(hparams, system, share, commit):
    """Fit and test one reference system."""
    hparams["prepare"]()
    folder = pathlib.Path(hparams["manifest_folder"])
    train = read_manifest(
        Source(str(folder / "train.csv"), hparams["data_folder"])
    )
    train = labelled_share(train, share, hparams["seed"])
    arguments = {**hparams["references"], **system.reference}
    normalised = arguments.get("speaker_normalised", False)
    counts = hparams["enrolled_counts"] if normalised else [None]
    rows = []
    for count in counts:
        predictions, valid_uar = run_reference(
            manifest_folder=folder,
            data_folder=hparams["data_folder"],
            embedding_folder=hparams["embedding_folder"],
            labelled_ids=train["ID"].tolist(),
            n_enrolled=None if count == "all" else count,
            seed=hparams["seed"],
            **arguments,
        )
        rows.append(
            cell_rows(
                predictions,
                _speakers(hparams),
                read_summary(folder)["classes"],
                system=system.name,
                labels=share,
                enrolled="" if count is None else str(count),
                fold=hparams["fold"],
                seed=hparams["seed"],
                n_train=len(train),
                valid_uar=valid_uar,
                commit=commit,
            )
        )
    return rows


def commit_of(folder):
    """Tell the commit of a checkout: short, with a + for changes since.

    Arguments
    ---------
    folder : str or pathlib.Path
        Inside the checkout.

    Returns
    -------
    str
        Empty outside of one.
    """

    def git(*words):
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    changed = git("status", "--porcelain", "--untracked-files=no", "*.py")
    return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")
