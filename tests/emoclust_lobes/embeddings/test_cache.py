"""The memory-mapped cache of vectors: what is looked up is what was added."""

import hypothesis.strategies as st
import numpy as np
import pytest
from emoclust_lobes.embeddings.cache import (
    EmbeddingError,
    cache_path,
    encoded,
    read_cache,
)
from emoclust_lobes.embeddings.parts import Embeddings, write_index
from emoclust_lobes.synthetic.embeddings import add_embeddings, cached_ids
from hypothesis import HealthCheck, given, settings

names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=5
)


def block(ids, first=0, identity="e"):
    """Vectors that say when they were added, with signatures likewise."""
    number = np.arange(first, first + len(ids))
    return Embeddings(
        {"name": identity},
        np.array(ids, dtype=str),
        number[:, None] + np.zeros((1, 4), dtype="int64"),
        (number[:, None] + [0, 0.25, 0.5]).astype("float32"),
    )


@given(st.lists(st.lists(names, min_size=1, max_size=8), min_size=1), names)
@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_newest_vector_of_each_id_is_found(tmp_path_factory, blocks, other):
    folder = tmp_path_factory.mktemp("cache")
    expected, count = {}, 0
    for ids in blocks:
        add_embeddings(folder, block(ids, first=count))
        for name in ids:
            expected[name] = count
            count += 1
    cache = read_cache(folder, "e")
    assert len(cache) == len(expected)
    assert cached_ids(cache) == sorted(expected)
    assert cache.vectors.shape == (count, cache.dim) == (count, 3)
    ids = list(expected)
    np.testing.assert_array_equal(
        cache.select(ids)[:, 1], [expected[name] + 0.25 for name in ids]
    )
    for name in (other, ids[0] + other, ids[0][:-1]):
        assert (cache.positions([name])[0] >= 0) == (name in expected)


def test_a_vector_is_current_while_its_signature_is(tmp_path):
    part = block(["a", "b", "c"])
    add_embeddings(tmp_path, part)
    cache = read_cache(tmp_path, "e")
    ids = np.array(["c", "x", "a", "b"])
    signatures = part.signatures[[2, 0, 0, 1]]
    assert cache.is_current(ids, signatures).tolist() == [1, 0, 1, 1]
    for column in range(4):
        changed = signatures.copy()
        changed[2, column] += 1
        found = cache.is_current(ids, changed)
        assert found.tolist() == [True, False, False, True]


def test_missing_vectors_are_counted_and_named(tmp_path):
    add_embeddings(tmp_path, block(["a", "b"]))
    with pytest.raises(EmbeddingError, match="2 of 3 .* e .* x, y: embed"):
        read_cache(tmp_path, "e").select(["x", "a", "y"])
    assert read_cache(tmp_path, "e").select([]).shape == (0, 3)


def test_what_was_opened_before_sees_what_it_saw(tmp_path):
    add_embeddings(tmp_path, block(["a", "b"]))
    cache = read_cache(tmp_path, "e")
    before = cache.select(["a", "b"])
    add_embeddings(tmp_path, block(["a", "c"], first=7))
    np.testing.assert_array_equal(cache.select(["a", "b"]), before)
    assert read_cache(tmp_path, "e").select(["a", "b"])[:, 0].tolist() == [7, 1]
    # And when they are replaced by those of another encoder of that name
    other = block(["a"])._replace(identity={"name": "e", "revision": "2"})
    add_embeddings(tmp_path, other)
    np.testing.assert_array_equal(cache.select(["a", "b"]), before)
    assert cached_ids(read_cache(tmp_path, "e")) == ["a"]
    assert len(list(tmp_path.rglob("*.f32"))) == 1


@pytest.mark.parametrize("name", ["index", "vectors-*"])
def test_a_file_that_was_cut_is_named(tmp_path, name):
    add_embeddings(tmp_path, block(["a", "b"]))
    (path,) = cache_path(tmp_path, "e").glob(name)
    content = path.read_bytes()
    heads = (b"[1]\n", b"null\n", b'{"id_bytes": "x"}\n', bytes(40))
    others = heads if name == "index" else ()
    for damaged in (content[:-5], content[:3], b"", *others):
        path.write_bytes(damaged)
        with pytest.raises(EmbeddingError, match="e are damaged .* again"):
            read_cache(tmp_path, "e")
    path.write_bytes(content)
    assert len(read_cache(tmp_path, "e")) == 2


def test_a_row_is_read_without_the_others(tmp_path):
    # A file of 26 GB, of which only one row is there
    folder, rows, dim = cache_path(tmp_path, "e"), 2**25, 192
    add_embeddings(tmp_path, block(["a"]))
    (path,) = folder.glob("vectors-*")
    ids = encoded([f"u{n}" for n in range(100)])
    signatures = np.zeros((100, 4), dtype="int64")
    places = np.linspace(0, rows - 1, 100).astype(int)
    write_index(folder, {"name": "e"}, dim, ids, signatures, places)
    with open(path, "r+b") as stream:
        stream.truncate(rows * dim * 4)
        stream.seek(int(places[70]) * dim * 4)
        stream.write(np.arange(dim, dtype="float32").tobytes())
    (found,) = read_cache(tmp_path, "e").select(["u70"])
    np.testing.assert_array_equal(found, np.arange(dim))
