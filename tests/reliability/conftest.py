"""Processes that can be killed, a corpus to work on, and disks that fill."""

import multiprocessing
import os
import pathlib
import subprocess
import sys

import pytest
from emoclust_lobes.synthetic import make_ravdess

# Other processes import what they are to do from there
sys.path.insert(0, str(pathlib.Path(__file__).parent))
# What holds no test_ in its name tells values of a failed assert, too
pytest.register_assert_rewrite(
    "corpus_properties", "manifest_properties", "option_properties"
)


@pytest.fixture(scope="session")
def context():
    """Server that has imported what all need: a start takes no time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["emoclust_lobes.protocol.preload"])
    first = context.Process(target=pathlib.Path)  # waits until it is there
    first.start()
    first.join()
    return context


@pytest.fixture
def start(context):
    """Function that starts a function in a process of its own."""
    processes = []

    def start_one(function, *arguments):
        process = context.Process(target=function, args=arguments)
        process.start()
        processes.append(process)
        return process

    yield start_one
    for process in processes:
        process.kill()
        process.join()


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """Folder of the smallest corpus with three splits."""
    folder = tmp_path_factory.mktemp("corpus") / "ravdess"
    make_ravdess(folder, n_speakers=6, n_statements=1, n_repetitions=1)
    return folder


@pytest.fixture
def mount(tmp_path):
    """Function that mounts a disk in memory with some options."""
    mounted = []

    def mount_one(name, options):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
        if os.geteuid() != 0 or subprocess.run(command).returncode != 0:
            pytest.skip("needs the right to mount a disk: run as root")
        mounted.append(folder)
        return folder

    yield mount_one
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
