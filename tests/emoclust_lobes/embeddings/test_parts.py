"""From parts to the cache: nothing lost, nothing mixed, wherever it ends."""

import shutil

import numpy as np
import pytest
from emoclust_lobes.embeddings.cache import cache_path, read_cache
from emoclust_lobes.embeddings.parts import Embeddings, PartWriter, merge_parts
from emoclust_lobes.synthetic.embeddings import cached_ids

IDS = np.array([f"u{n}" for n in range(7)])
SIGNATURES = np.arange(28).reshape(7, 4)
VECTORS = np.random.default_rng(0).normal(size=(7, 5)).astype("float32")


def write_parts(folder, rows, revision="1", save_every=2):
    """Write parts of these rows, one row after the other."""
    identity = {"name": "e", "revision": revision}
    with PartWriter(folder, identity, IDS, SIGNATURES, save_every) as parts:
        for row in rows:
            parts.add([row], VECTORS[[row]])


def assert_cache_has(folder, rows):
    """Compare the cache with what was written."""
    cache = read_cache(folder, "e")
    assert cached_ids(cache) == sorted(IDS[rows])
    assert cache.is_current(IDS[rows], SIGNATURES[rows]).all()
    np.testing.assert_array_equal(cache.select(IDS[rows]), VECTORS[rows])


def test_parts_are_saved_every_so_often_and_at_the_end(tmp_path):
    write_parts(tmp_path, [3, 1, 4, 0, 6])
    paths = sorted((tmp_path / "e/parts").iterdir())
    found = [Embeddings.load(path).ids.tolist() for path in paths]
    assert found == [["u3", "u1"], ["u4", "u0"], ["u6"]]
    merge_parts(tmp_path, "e")
    assert_cache_has(tmp_path, [3, 1, 4, 0, 6])
    assert not (tmp_path / "e/parts").exists()


def test_nothing_that_is_added_is_nothing_that_is_saved(tmp_path):
    write_parts(tmp_path, [])
    with PartWriter(tmp_path, {"name": "e"}, IDS, SIGNATURES, 1) as parts:
        parts.add(np.array([], dtype=int), VECTORS[:0])
    merge_parts(tmp_path, "e")
    assert not list(tmp_path.rglob("*.npz")) + list(tmp_path.rglob("index"))


def test_the_newest_part_says_whose_the_cache_is(tmp_path):
    write_parts(tmp_path, [0, 1, 2], revision="1")
    merge_parts(tmp_path, "e")
    write_parts(tmp_path, [2, 3], revision="1")
    write_parts(tmp_path, [4, 5], revision="2")
    merge_parts(tmp_path, "e")
    assert read_cache(tmp_path, "e").identity["revision"] == "2"
    assert_cache_has(tmp_path, [4, 5])


@pytest.mark.parametrize("place", ["appending", "index", "removing parts"])
def test_a_merge_that_is_killed_is_made_again(place, tmp_path):
    write_parts(tmp_path, [0, 1, 2])
    merge_parts(tmp_path, "e")
    write_parts(tmp_path, [3, 4, 5])
    folder = cache_path(tmp_path, "e")
    (vectors,) = folder.glob("vectors-*")
    if place == "removing parts":  # all were merged, one was removed
        shutil.copytree(folder / "parts", tmp_path / "kept")
        merge_parts(tmp_path, "e")
        shutil.copytree(tmp_path / "kept", folder / "parts")
        min((folder / "parts").iterdir()).unlink()
    else:
        with open(vectors, "ab") as stream:
            stream.write(VECTORS[3:5].tobytes()[:-3])
    if place == "index":
        (folder / ".index.77.tmp").write_bytes(b'{"identity": {"na')
    (folder / "parts").mkdir(exist_ok=True)
    (folder / "parts/.8.npz.77.tmp").write_bytes(b"PK half")

    known = 6 if place == "removing parts" else 3
    assert_cache_has(tmp_path, list(range(known)))
    merge_parts(tmp_path, "e")
    assert_cache_has(tmp_path, [0, 1, 2, 3, 4, 5])
    assert not list(folder.rglob("*.tmp")) + list(folder.rglob("parts"))
    write_parts(tmp_path, [6])
    merge_parts(tmp_path, "e")
    assert_cache_has(tmp_path, list(range(7)))


def test_a_start_that_is_killed_leaves_no_vectors_to_mix_with(tmp_path):
    write_parts(tmp_path, [0, 1])
    merge_parts(tmp_path, "e")
    cache_path(tmp_path, "e").joinpath("index").unlink()
    write_parts(tmp_path, [4, 5, 6])
    merge_parts(tmp_path, "e")
    assert_cache_has(tmp_path, [4, 5, 6])
    assert len(read_cache(tmp_path, "e").vectors) == 3
