"""Fingerprints do not depend on how their content is handed over."""

import hashlib
import json

import hypothesis.strategies as st
from data_prep.storage.files import files_digest, fingerprint
from hypothesis import given

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(VALUES | st.lists(st.lists(VALUES, max_size=3), max_size=3))
def test_a_fingerprint_is_the_digest_of_the_whole_json(content):
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert fingerprint(content) == expected
    if isinstance(content, list):
        parts = [iter(x) if isinstance(x, list) else x for x in content]
        assert fingerprint(parts) == expected


def test_many_rows_have_the_fingerprint_of_their_list():
    rows = [["é", n, None] for n in range(4096 * 2 + 1)]
    for n in (0, 1, 4095, 4096, 4097, 8192, 8193):
        assert fingerprint(["a", iter(rows[:n]), {}]) == fingerprint(
            ["a", rows[:n], {}]
        )


def test_files_are_digested_again_where_they_have_changed(tmp_path):
    paths = [tmp_path / "b.bin", tmp_path / "a.bin"]
    cache = tmp_path / "cache.json"
    for path in paths:
        path.write_bytes(path.name.encode())
    first = files_digest(paths, cache)
    assert first == files_digest(paths) == files_digest(paths[::-1], cache)
    # What is known is not read
    content = json.loads(cache.read_text())
    cache.write_text(json.dumps({**content, "content": "known"}))
    assert files_digest(paths, cache) == "known"
    paths[0].write_bytes(b"something else")
    second = files_digest(paths, cache)
    assert second == files_digest(paths) != first
    assert second != files_digest(paths[:1], cache) == files_digest(paths[:1])
