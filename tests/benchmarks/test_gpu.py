"""The script for a GPU runs, on a CPU with a tiny front end."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).parents[2] / "benchmarks" / "gpu.sh"


@pytest.mark.slow
def test_both_stages_are_timed():
    done = subprocess.run(
        [SCRIPT, "--tiny"],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["stage"] for row in found] == [1, 2]
    for row in found:
        assert row["processes"] == 1
        assert row["step_s"] > 0 and row["forward_backward_s"] > 0
        ratio = row["step_s"] / row["forward_backward_s"]
        assert row["ratio"] == pytest.approx(ratio)
        assert row["largest_batch"] == 2 * row["batch"]
