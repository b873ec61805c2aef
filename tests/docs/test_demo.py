"""The demo: what stands in its way is told, and its commands do what it says."""

import os
import re
import runpy
import shutil
import subprocess
import sys

import pytest
from data_prep.storage.files import read_json
from emoclust_lobes.cli import COMMANDS
from emoclust_lobes.synthetic import __main__ as synthetic
from hyperpyyaml import load_hyperpyyaml
from pages import ROOT
from reader import keys_of

import speechbrain

DEMO = runpy.run_path(str(ROOT / "examples" / "demo.py"))
ENOUGH = {
    "version": (3, 10),
    "free_bytes": 6 * 10**9,
    "make_says": "GNU Make 4",
}


@pytest.mark.parametrize(
    "found, told",
    [
        ({}, []),
        ({"version": (3, 9)}, ["3.10 or newer is needed, this is 3.9"]),
        ({"free_bytes": 10**9}, ["6 GB of disk .* 1.0 GB are free in /"]),
        (
            {"make_says": "usage: make [-BeikNnqrstWwX]\nmore"},
            ["found usage: "],
        ),
        ({"version": (2, 7), "make_says": ""}, ["is 2.7", "found none"]),
    ],
)
def test_what_stands_in_the_way_is_told_with_what_to_do(found, told):
    obstacles = DEMO["find_obstacles"](**{**ENOUGH, **found})
    assert len(obstacles) == len(told)
    for obstacle, words in zip(obstacles, told):
        assert re.search(words, obstacle) and ": " in obstacle


def test_nothing_is_installed_where_it_cannot_be(tmp_path):
    (tmp_path / "examples").mkdir()
    script = tmp_path / "examples" / "demo.py"
    script.write_text((ROOT / "examples" / "demo.py").read_text())
    done = subprocess.run(
        [sys.executable, script],
        env={"MAKE": "nowhere", "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The demo cannot be set up:\n* ")
    assert "GNU make is needed, found none" in done.stderr
    assert [x.name for x in tmp_path.iterdir()] == ["examples"]


def test_its_lines_name_what_there_is(monkeypatch):
    monkeypatch.chdir(ROOT)
    (_, corpus, _), *trainings, (_, results, _) = DEMO["STEPS"]
    assert f"{corpus[1]}.__main__" == synthetic.__name__
    assert corpus[2] in synthetic.MAKERS
    yaml = (ROOT / DEMO["YAML"]).read_text(encoding="utf-8")
    assert f"\ndata_folder: {corpus[3]} " in yaml
    sizes = {x.partition("=")[0].removeprefix("--") for x in corpus[4:]}
    assert sizes <= {name.removeprefix("n_") for name in synthetic.HELP}
    for _, (script, *words), _ in trainings:
        assert (ROOT / script).is_file()
        file, _, overrides = speechbrain.parse_arguments(words)
        assert file == DEMO["YAML"]
        given = load_hyperpyyaml(overrides) if overrides else {}
        assert set(given) <= set(keys_of(file))
    assert len(trainings) == 3 and results[2] in COMMANDS


@pytest.mark.slow
def test_it_ends_with_a_table_of_what_was_learned(tmp_path):
    for name in ("train_contrastive.py", "train_ser.py", "hparams"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "examples").mkdir()
    script = shutil.copy(ROOT / "examples" / "demo.py", tmp_path / "examples")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (tmp_path / ".venv" / "ready").touch()
    done = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = re.findall(r"^\[(\d)/5\] .*; about (\d+) s left$", done.stdout, re.M)
    assert [int(number) for number, _ in told] == [1, 2, 3, 4, 5]
    uars = {}
    for path in tmp_path.rglob("labels_1.0/metrics.json"):
        metrics = read_json(path)
        uars[metrics["system"]] = metrics["uar"]
        assert f"{metrics['uar']:.3f}" in done.stdout
    assert set(uars) == {"contrastive", "none"}
    assert min(uars.values()) > 2 / 8  # twice of chance
    assert list(tmp_path.glob(f"{DEMO['OUTPUT']}/**/confusion.png"))
