"""Paths of many files at once, against each of them alone."""

import os

import pandas
import pytest
from data_prep.recordings import paths as module
from data_prep.recordings.paths import (
    are_below_root,
    find_outside,
    is_below_root,
)
from hypothesis import (
    given,
    strategies as st,
)

parts = st.sampled_from(["..", ".", "...", "a", "", "..a", "$data_root", "\n"])


@given(st.lists(st.lists(parts, max_size=4).map("/".join), max_size=8))
def test_many_paths_are_judged_as_one_is(wavs):
    wavs += [f"$data_root/{wav}" for wav in wavs]
    found = are_below_root(pandas.Series(wavs, dtype=str))
    assert found.tolist() == list(map(is_below_root, wavs))


def places(root, paths):
    """Where each path outside the root leads, by asking the system alone."""
    inside = os.path.join(os.path.realpath(root), "")
    found = {path: os.path.realpath(path) for path in paths}
    return {x: to for x, to in found.items() if not to.startswith(inside)}


@pytest.fixture
def tree(tmp_path):
    """A folder with links of all kinds, and paths through all of them."""
    root = tmp_path / "root"
    (root / "a/b").mkdir(parents=True)
    (tmp_path / "out/b").mkdir(parents=True)
    links = {
        "a/in": "b",
        "a/out": "../../out",
        "a/b/up": "..",
        "a/b/gone": "nowhere",
        "a/b/file.wav": "../../../out/file.wav",
        "round": "round",
        "chain": "a/out",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    folders = ["", "a", "a/b", "a/in", "a/out", "a/out/b", "a/b/up", "new"]
    folders += ["a/b/gone", "round", "chain", "chain/b", "a/b/up/out", "a/./b"]
    folders += ["a/b/up/../a", "a//b"]
    return root, [
        os.path.join(root, folder, name)
        for folder in folders
        for name in ("1.wav", "file.wav", "gone")
    ]


@pytest.mark.parametrize("stretch", [1, 7, 1000])
def test_links_are_followed_as_the_system_does(tree, monkeypatch, stretch):
    root, paths = tree
    monkeypatch.setattr(module, "_STRETCH", stretch)
    found = find_outside(root, pandas.Series(paths))
    expected = places(root, paths)
    assert found.keys() == expected.keys() and len(found) > 10
    # A broken link, or one in a circle, has no end that can be named.
    assert {x: os.path.realpath(to) for x, to in found.items()} == expected


def test_the_root_may_be_a_link_or_everything(tree, tmp_path):
    root, paths = tree
    (tmp_path / "alias").symlink_to(root)
    paths = [path.replace(f"{root}/", f"{tmp_path}/alias/") for path in paths]
    found = find_outside(tmp_path / "alias", pandas.Series(paths))
    assert found.keys() == places(root, paths).keys()
    assert find_outside("/", pandas.Series(paths)) == {}
    assert find_outside(root, pandas.Series([], dtype=str)) == {}


def test_a_folder_that_cannot_be_listed_hides_no_link(tree):
    root, paths = tree
    (root / "a").chmod(0o100)
    try:
        found = find_outside(root, pandas.Series(paths))
        assert found.keys() == places(root, paths).keys()
    finally:
        (root / "a").chmod(0o700)
