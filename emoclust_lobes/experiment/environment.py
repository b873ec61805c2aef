"""What a run was made with: a rerun elsewhere is as good as another seed."""

import os
import pathlib
import platform
import sys

import torch
from data_prep.storage.files import write_json


def write_environment(folder):
    """Write ``environment.json``: versions, processor, threads, GPU.

    SpeechBrain's ``env.log`` takes ``pip freeze``, a second of CPU a run.
    """
    # Of what is imported; metadata of all that is installed take .2 s to read
    packages = {
        name: module.__version__
        for name, module in sorted(sys.modules.items())
        if "." not in name
        and isinstance(getattr(module, "__version__", None), str)
    }
    write_json(
        pathlib.Path(folder) / "environment.json",
        {
            "python": platform.python_version(),
            "system": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "gpu": torch.cuda.get_device_name()
            if torch.cuda.is_available()
            else None,
            "packages": packages,
        },
    )


def _processor():
    """Name of the processor, where the system tells it."""
    path = pathlib.Path("/proc/cpuinfo")
    for line in path.read_text().splitlines() if path.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
