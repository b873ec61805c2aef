"""The demo: set up, train on a computed corpus, print a table.

Needs nothing but Python to start: ``make demo`` or ``python examples/demo.py``.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
PYTHON = str(pathlib.Path(".venv/bin/python"))  # which make setup makes
OUTPUT = "results/demo"
GIGABYTES = 6  # of .venv, most of it PyTorch
YAML = "hparams/demo.yaml"
MAKE_CORPUS = "-m emoclust_lobes.synthetic ravdess".split()
SIZES = "--speakers=16 --statements=2 --repetitions=1".split()
SHOW = "import sys; from emoclust_lobes.cli import main; sys.exit(main())"
# What is done, the words after ``python``, seconds on two idle cores
STEPS = [
    (
        "Compute a corpus of 16 actors, 480 clips",
        [*MAKE_CORPUS, f"{OUTPUT}/corpus", *SIZES],
        6,
    ),
    (
        "Stage 1: learn the clusters inside each speaker, without labels",
        ["train_contrastive.py", YAML],
        20,
    ),
    (
        "Stage 2: fine-tune that encoder to emotions (contrastive)",
        ["train_ser.py", YAML],
        18,
    ),
    (
        "Stage 2 from nothing, to compare (none)",
        ["train_ser.py", YAML, "--pretraining=none"],
        18,
    ),
    ("What the test speakers say", ["-c", SHOW, "results", OUTPUT], 4),
]


def find_obstacles(version, free_bytes, make_says):
    """List why the demo cannot be set up here, each with what to do.

    ``version`` is that of the Python which makes the environment,
    ``free_bytes`` the room on the disk of the checkout, ``make_says`` what
    ``make --version`` prints, "" where there is none.
    """
    obstacles = []
    if tuple(version) < (3, 10):
        found = ".".join(map(str, version[:2]))
        obstacles.append(
            f"Python 3.10 or newer is needed, this is {found}: make demo "
            "PYTHON=python3.11, or another one that there is"
        )
    if free_bytes < GIGABYTES * 10**9:
        obstacles.append(
            f"{GIGABYTES} GB of disk are needed for PyTorch, "
            f"{free_bytes / 10**9:.1f} GB are free in {ROOT}: make room"
        )
    if not make_says.startswith("GNU Make"):
        obstacles.append(
            "GNU make is needed, found "
            f"{make_says.partition(chr(10))[0] or 'none'}: install it (on "
            "BSD it is gmake: MAKE=gmake python3 examples/demo.py), or set up "
            "by hand as README.md says"
        )
    return obstacles


def ask_make(make):
    """Return what ``make --version`` prints, "" where there is no such make."""
    if not shutil.which(make):
        return ""
    done = subprocess.run(
        [make, "--version"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout.strip()


def main():
    """Set up, then take each step and say how long the others will take."""
    os.chdir(str(ROOT))
    if not os.path.exists(".venv/ready"):
        make = os.environ.get("MAKE", "make")
        obstacles = find_obstacles(
            sys.version_info, shutil.disk_usage(".").free, ask_make(make)
        )
        if obstacles:
            sys.exit("The demo cannot be set up:\n* " + "\n* ".join(obstacles))
        print(
            "Set-up: once, some minutes; pip says what it fetches", flush=True
        )
        setup = [make, "setup", f"PYTHON={sys.executable}"]
        if subprocess.call(setup):
            sys.exit("The set-up has failed; the same command goes on with it")
    environment = {**os.environ}
    environment.setdefault("OMP_NUM_THREADS", "1")
    begun, slower = time.monotonic(), 1.0
    for number, (title, words, _) in enumerate(STEPS):
        left = slower * sum(seconds for *_, seconds in STEPS[number:])
        counted = f"[{number + 1}/{len(STEPS)}]"
        print(f"\n{counted} {title}; about {left:.0f} s left", flush=True)
        if subprocess.call([PYTHON, *words], env=environment):
            sys.exit(
                f"{counted} has failed; the same command goes on from here"
            )
        expected = sum(seconds for *_, seconds in STEPS[: number + 1])
        slower = (time.monotonic() - begun) / expected
    print(f"\nDone in {time.monotonic() - begun:.0f} s; pictures: {OUTPUT}")


if __name__ == "__main__":
    main()
