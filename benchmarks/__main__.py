"""Time every part of the work beside what others offer, and write a table.

> python -m benchmarks
> python -m benchmarks --parts=loss,sampler --threads=1
> python -m benchmarks --report_only

Each side of each part runs alone in a process of its own, the sides of one
size right after each other. What is measured goes into ``measured.csv`` as it
comes; a part that is measured again takes the place of its old rows. At the
end the tables of the docs and the figure are made from that file. An idle
machine gives the best numbers. Linux only.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

import pandas as pd
from data_prep.storage.files import replacing
from tqdm import tqdm

from benchmarks.measure import find_part
from benchmarks.report import comparison, write_report

ROOT = pathlib.Path(__file__).resolve().parents[1]
COLUMNS = [
    "part",
    "size",
    "side",
    "threads",
    "seconds",
    "fastest",
    "slowest",
    "repeats",
    "peak_mb",
]


def parse_arguments():
    """Return the options of the command line."""
    names = sorted(
        path.stem
        for path in (ROOT / "benchmarks" / "parts").glob("*.py")
        if path.stem != "__init__"
    )
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__.splitlines()[0],
        epilog="EMOCLUST_DATA names a folder of real speech, where there is.",
    )
    parser.add_argument(
        "--parts",
        type=lambda text: text.split(","),
        default=names,
        help=f"some of {','.join(names)}; all when not given",
    )
    parser.add_argument(
        "--threads",
        type=lambda text: [int(x) for x in text.split(",")],
        default=[1, 2],
        help="numbers of threads, as in 1,2",
    )
    parser.add_argument(
        "--repeats", type=int, help="in place of each part's own number"
    )
    parser.add_argument(
        "--output_folder",
        type=pathlib.Path,
        default=ROOT / "benchmarks" / "results",
    )
    parser.add_argument(
        "--report_only",
        action="store_true",
        help="measure nothing, make table and figure again",
    )
    options = parser.parse_args()
    if unknown := sorted(set(options.parts) - set(names)):
        parser.error(f"no part {', '.join(unknown)}: choose from {names}")
    return options


def plan(part, threads):
    """List what is to be measured: (size, side, number of threads)."""
    ours = next(iter(part.sides))
    tasks = [
        (size, side, count)
        for size in part.sizes
        for count in threads
        for side in part.sides
        if size <= part.limits.get(side, size)
    ]
    growth = [
        (size, ours, threads[0])
        for size in part.growth
        if size not in part.sizes
    ]
    return tasks + growth


def run(name, size, side, threads, repeats):
    """Measure one side in a process of its own; return a row."""
    command = [
        *(sys.executable, "-m", "benchmarks.measure", name, side, str(size)),
        *(f"--threads={threads}", f"--repeats={repeats}"),
    ]
    process = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with code {process.returncode}")
    found = json.loads(process.stdout.splitlines()[-1])
    seconds = found["seconds"]
    return {
        "part": name,
        "size": size,
        "side": side,
        "threads": threads,
        "seconds": statistics.median(seconds),
        "fastest": min(seconds),
        "slowest": max(seconds),
        "repeats": len(seconds),
        "peak_mb": found["peak_mb"],
    }


def main():
    """Measure part by part, keep the rows, report."""
    options = parse_arguments()
    path = options.output_folder / "measured.csv"
    parts = [] if options.report_only else options.parts
    for name in parts:
        part = find_part(name)
        repeats = options.repeats or part.repeats
        rows = []
        tasks = tqdm(plan(part, options.threads), desc=name, unit="side")
        for size, side, threads in tasks:
            tasks.set_postfix_str(f"{side}, {part.describe(size)}")
            rows.append(run(name, size, side, threads, repeats))
        table = pd.DataFrame(rows, columns=COLUMNS)
        if path.exists():
            kept = pd.read_csv(path)
            table = pd.concat([kept[kept["part"] != name], table])
        with replacing(path) as stream:
            table.to_csv(stream, index=False, float_format="%.6g")
        print(comparison(table[table["part"] == name]))
    write_report(options.output_folder)


if __name__ == "__main__":
    main()
