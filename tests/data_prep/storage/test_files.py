"""Fingerprints do not depend on how their content is handed over."""

import hashlib
import json

import hypothesis.strategies as st
from data_prep.storage.files import fingerprint
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
