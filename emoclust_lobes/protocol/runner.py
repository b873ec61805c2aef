"""Run the jobs of a protocol: each once, several at a time."""

import collections
import contextlib
import multiprocessing
import multiprocessing.connection
import os
import pathlib
import signal
import threading
import traceback

import pandas
from data_prep.manifests.manifest import Source, read_manifest
from data_prep.manifests.summary import read_summary
from data_prep.storage.files import read_json
from data_prep.storage.locks import locked
from emoclust_lobes.encoders.sources import encoder_source
from emoclust_lobes.encoders.utterance_vectors import split_layer
from emoclust_lobes.experiment.run_folders import Interrupted, interruptible
from emoclust_lobes.protocol.annotators import annotator_rows
from emoclust_lobes.protocol.baseline_runs import run_baseline
from emoclust_lobes.protocol.cluster_decoding import decode_folder, decode_run
from emoclust_lobes.protocol.runs import merge_runs, run_rows
from emoclust_lobes.protocol.schema import CLUSTERS, KEY
from emoclust_lobes.protocol.scripts import SCRIPTS
from emoclust_lobes.ser.labels import labeled_share
from emoclust_lobes.ser.results import read_predictions
from emoclust_lobes.training.seen_speakers import (
    refuse_seen_speakers,
    speakers_in,
)
from tqdm import tqdm

# Keys of the YAML that clusters follow from, beside what names their folder
OF_CLUSTERS = {
    "n_clusters",
    "cluster_algorithm",
    "cluster_restarts",
    "cluster_without_sentences",
}


def run_jobs(experiment, jobs, results_folder, n_jobs, devices, commit):
    """Run jobs in processes of their own; keep each result as it comes.

    Each of the devices is given to as many at a time. Returns a line for each
    failure; everything else has been done, and is merged into the results.
    Ctrl-C and SIGTERM end the jobs, too.
    """
    # A server imports once what every job needs, and forks off each job.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["emoclust_lobes.protocol.preload"])
    failures = []
    running: dict = {}  # receiver -> process, job and device
    waiting = collections.deque(jobs)
    free = [devices[n % len(devices)] for n in reversed(range(n_jobs))]
    n_runs = sum(len(job.runs) for job in jobs)
    with (
        interruptible(),
        locked(results_folder),
        tqdm(total=n_runs, desc="runs", unit="run") as bar,
        contextlib.ExitStack() as at_the_end,
    ):
        at_the_end.callback(_terminate, running)
        while waiting or running:
            while waiting and free:
                job, device = waiting.popleft(), free.pop()
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(
                    target=_run_and_send,
                    args=(sender, experiment, job, device, commit),
                )
                process.start()
                sender.close()
                running[receiver] = process, job, device
            ready = multiprocessing.connection.wait(list(running))
            for receiver in [x for x in running if x in ready]:
                process, job, device = running.pop(receiver)
                free.append(device)
                try:
                    rows, failure = receiver.recv()
                except EOFError:
                    rows, failure = [], None
                process.join()
                if failure is None:  # perhaps for want of memory
                    failure = (
                        f"{job.title}: its process was ended "
                        f"({_name_exit(process.exitcode)})"
                    )
                if rows:  # all at once: none is there without the others
                    tables = zip(*rows, strict=True)
                    merge_runs(results_folder, *map(pandas.concat, tables))
                if failure:
                    failures.append(failure)
                bar.update(len(job.runs))
                bar.set_postfix_str(job.title)
    return failures


def _name_exit(code):
    """Name the signal that ended a process, or its exit code."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _terminate(running):
    for process, *_ in running.values():
        process.terminate()


def _run_and_send(sender, *arguments):
    """Run a job in this process, which ends when its parent does."""
    parent = multiprocessing.parent_process()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    # The scripts' loaders fork their workers, which a server could not give
    multiprocessing.set_start_method("fork", force=True)
    try:
        done = run_job(*arguments)
    except Exception as error:  # before any of its runs has begun
        _, job, *_ = arguments
        done = [], f"{job.title}: {type(error).__name__}: {_reason(error)}"
    sender.send(done)


def _end_with(parent):
    """Wait for the end of the parent; leave its folders to what comes next."""
    parent.join()
    os._exit(1)


def run_job(experiment, job, device, commit):
    """Run a job; return the rows of its runs, and a line for each failure."""
    changes = {"fold": job.fold, "seed": job.seed}
    hparams = experiment.load(**changes)
    log = pathlib.Path(hparams["run_folder"], f"protocol-{job.name}.log")
    rows, failures = [], []
    with _output_to(log):
        for system, share in job.runs:
            try:
                if system.baseline:
                    rows += _run_baseline(hparams, system, share, commit)
                else:
                    settings = {**changes, "device": device}
                    rows += _train(experiment, system, share, settings, commit)
            except Interrupted:
                raise
            # What a script ends with must not end the other runs
            except (Exception, SystemExit) as error:
                traceback.print_exc()
                failures.append(
                    f"{system.name}, labels {share}, fold {job.fold}, seed "
                    f"{job.seed}: {_reason(error)} (see {log})"
                )
    return rows, "\n".join(failures)


def _reason(error):
    return (str(error).splitlines() or [repr(error)])[0]


@contextlib.contextmanager
def _output_to(path):
    """Send all output of this process to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
        yield


def _train(experiment, system, share, settings, commit):
    """Train and test a system; what is finished is not done again."""
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
    if OF_CLUSTERS & system.stage1.keys():
        # Others read the clusters of the YAML's own settings meanwhile
        settings["cluster_folder"] = (
            f"{hparams['cluster_folder']}_{system.stage1_name}"
        )
    if "full_results" in hparams:  # hundreds of models, and few looked at
        asked = experiment.overrides.get("full_results", False)
        settings["full_results"] = asked
    stage1, stage2 = SCRIPTS
    if hparams["init"] != "none":
        experiment.run(
            stage1, {k: v for k, v in settings.items() if k != "labels"}
        )
    experiment.run(stage2, {**settings, **system.stage2})
    folder = pathlib.Path(hparams["ser"]["folder"])
    metrics = read_json(folder / "metrics.json")
    predictions = read_predictions(folder, metrics)
    told = [
        (enrolled, rows, metrics["valid_uar"])
        for enrolled, rows in predictions.groupby("enrolled", sort=False)
    ]
    if system.decode_clusters:
        decoded = decode_folder(hparams, folder, metrics["classes"])
        told.append((CLUSTERS, *decoded))
    return [
        _tables(
            hparams,
            rows,
            metrics["classes"],
            system=system.name,
            labels=share,
            enrolled=str(enrolled),
            fold=settings["fold"],
            seed=settings["seed"],
            n_train=metrics["n_train"],
            valid_uar=valid_uar,
            commit=commit,
        )
        for enrolled, rows, valid_uar in told
    ]


def _tables(hparams, rows, classes, **run):
    """Make the rows of a run in each table, of its predictions.

    Utterances without a class, of a tie of votes, are scored by these alone.
    """
    csv = pathlib.Path(hparams["manifest_folder"], "test.csv")
    test = read_manifest(Source(str(csv), hparams["data_folder"]))
    test = test.set_index("ID")
    key = {name: run[name] for name in KEY}
    return (
        *run_rows(rows[rows["truth"] != ""], test["spk_id"], classes, **run),
        annotator_rows(rows, test, classes, key),
    )


def _run_baseline(hparams, system, share, commit):
    """Fit and test a baseline, with each number of enrolled clips."""
    hparams["prepare"]()
    folder = pathlib.Path(hparams["manifest_folder"])
    train = read_manifest(
        Source(str(folder / "train.csv"), hparams["data_folder"])
    )
    train = labeled_share(train, share, hparams["seed"])
    ssl_source = encoder_source(hparams, "ssl")
    if ssl_source and "ssl" in system.baseline["encoders"]:
        test = Source(str(folder / "test.csv"), hparams["data_folder"])
        refuse_seen_speakers(split_layer(ssl_source)[0], speakers_in([test]))
    arguments = {**hparams["baselines"], **system.baseline}
    normalized = arguments.pop("speaker_normalized", False)
    counts = hparams["enrolled_counts"] if normalized else [""]
    summary = read_summary(folder)
    classes, goal = summary["classes"], hparams["ser"].get("goal")
    told = []
    for count in counts:
        test, valid, valid_uar = run_baseline(
            manifest_folder=folder,
            data_folder=hparams["data_folder"],
            embedding_folder=hparams["embedding_folder"],
            labeled_ids=train["ID"].tolist(),
            n_enrolled=count if normalized else None,
            seed=hparams["seed"],
            goal=goal and goal.of(summary),
            **arguments,
        )
        told.append((str(count), test, valid_uar))
    if system.decode_clusters:  # of the last, with the most enrolled
        told.append((CLUSTERS, *decode_run(hparams, test, valid, classes)))
    return [
        _tables(
            hparams,
            rows,
            classes,
            system=system.name,
            labels=share,
            enrolled=enrolled,
            fold=hparams["fold"],
            seed=hparams["seed"],
            n_train=len(train),
            valid_uar=valid_uar,
            commit=commit,
        )
        for enrolled, rows, valid_uar in told
    ]
