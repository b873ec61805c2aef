"""This build and an older one, each started as a user starts it."""

import contextlib
import ctypes
import io
import os
import pathlib
import resource
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
# The commit before the modules were put into rooms
REFERENCE = "49c2d5d"
_PR_SET_CHILD_SUBREAPER = 36


def reference_build():
    """Unpack the reference build below results, once; return its folder."""
    commit = os.environ.get("EMOCLUST_REFERENCE", REFERENCE)
    folder = ROOT / "results" / "builds" / commit
    if not folder.is_dir():
        packed = subprocess.run(
            ["git", "archive", commit], cwd=ROOT, stdout=-1, check=True
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            tar.extractall(folder, filter="data")
    return folder


def cpu_seconds(build, *words):
    """Run Python in a build; return the CPU seconds of all its processes."""
    # Linux: what outlives its parent, as a server of processes, is our child
    ctypes.CDLL("libc.so.6").prctl(_PR_SET_CHILD_SUBREAPER, 1)
    before = _children()
    done = subprocess.run(
        [sys.executable, *words],
        cwd=build,
        env={**os.environ, "PYTHONPATH": str(build)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{words} in {build} failed:\n{done.stderr}")
    with contextlib.suppress(ChildProcessError):  # when none is left
        while True:
            os.wait()
    return _children() - before


def _children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
