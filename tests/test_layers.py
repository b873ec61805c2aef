"""Imports go down only, from room to room."""

import ast
import importlib
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
# Whoever stands higher imports those that stand lower; rooms of one line know
# nothing of each other.
LAYERS = """
cli
benchmarks
crosscorpus synthetic robustness
protocol serve evaluate
predict ser export
contrast inference analysis
experiment evaluation
clustering
training embeddings features turns
encoders enrolment audio figures
parallel corpora
pools
manifests
recordings annotations
storage
errors
"""
HEIGHTS = {
    room: -height
    for height, rooms in enumerate(LAYERS.split("\n"))
    for room in rooms.split()
}
PACKAGES = ("data_prep", "emoclust_lobes")
FILES = [
    path
    for package in (*PACKAGES, "benchmarks")
    for path in sorted((ROOT / package).rglob("*.py"))
]


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module):
    first, *rest = module.split(".")
    return rest[0] if first in PACKAGES and rest else first


def imports_of(path):
    """List what a file imports of ours, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        found = []
        if isinstance(node, ast.ImportFrom):
            found = [f"{node.module}.{x.name}" for x in node.names]
        elif isinstance(node, ast.Import):
            found = [x.name for x in node.names]
        for name in found:
            if name.split(".")[0] in (*PACKAGES, "benchmarks"):
                yield name


def test_every_room_has_its_place():
    inner = [x for x in FILES if x.name != "__init__.py"]
    rooms = {room_of(name_of(path)) for path in inner}
    assert rooms == set(HEIGHTS)


def test_imports_go_down():
    arrows = {
        (name_of(path), other) for path in FILES for other in imports_of(path)
    }
    assert len(arrows) > 500
    wrong = [
        f"{module} imports {other}"
        for module, other in sorted(arrows)
        if room_of(module) != room_of(other)
        and HEIGHTS[room_of(module)] <= HEIGHTS[room_of(other)]
    ]
    assert wrong == []


def test_data_prep_stands_on_its_own():
    below = [x for x in FILES if x.is_relative_to(ROOT / "data_prep")]
    others = {y for x in below for y in imports_of(x)}
    assert others and {x.split(".")[0] for x in others} == {"data_prep"}


def test_packages_show_rooms():
    for package in PACKAGES:
        assert len(list((ROOT / package).glob("*.py"))) <= 4
    for path in [*FILES, *ROOT.glob("train_*.py")]:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 300, f"{path} has {lines} lines"


FACES = [name_of(x) for x in FILES if x.name == "__init__.py"]


@pytest.mark.parametrize("face", FACES)
def test_faces_hand_on_what_there_is(face):
    module = importlib.import_module(face)
    for name in getattr(module, "__all__", ()):
        assert getattr(module, name) is not None


@pytest.mark.parametrize(
    "code",
    ["import data_prep", "import emoclust_lobes.cli", "import emoclust_lobes"],
)
def test_entering_is_light(code):
    heavy = "{'torch', 'numpy', 'pandas', 'speechbrain'} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; sys.exit(bool({heavy}))"],
        cwd=ROOT,
        env={**os.environ, "EAGER_IMPORT": ""},
    )
    assert done.returncode == 0
