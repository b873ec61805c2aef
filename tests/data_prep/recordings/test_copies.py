"""Recordings that are there twice, in files and in tars."""

import collections
import itertools
import pathlib
import tempfile

from data_prep.recordings import copies
from data_prep.recordings.copies import find_copies
from data_prep.recordings.tar_shards import list_members
from hypothesis import given, strategies

from tests.data_prep.tars import put

# Of few sizes and few contents, so that many are equal
CONTENTS = strategies.sampled_from(
    [b"a", b"b", b"", b"x" * 9000, b"y" + b"x" * 8999, b"x" * 8999 + b"y"]
)


@given(strategies.lists(strategies.tuples(CONTENTS, strategies.integers(0, 2))))
def test_equal_content_of_several_owners_is_found_by_any_name(files):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        tar = folder / "t.tar"
        put(tar, *((f"{n}.wav", x) for n, (x, _) in enumerate(files[::2])))
        members = [] if not files[::2] else list_members(tar, (".wav",))
        paths = [f"{tar}/{members[x][0]}" for x in members]
        by_content = collections.defaultdict(set)
        for number, (content, owner) in enumerate(files):
            path = f"{folder}/{number}.wav"
            if number % 2:
                pathlib.Path(path).write_bytes(content)
            else:
                path = paths[number // 2]
            by_content[content].add((path, owner))
        owned = itertools.chain(*by_content.values(), [(f"{folder}/no.wav", 9)])
        wanted = [
            sorted(x) for x in by_content.values() if len({y for _, y in x}) > 1
        ]
        assert sorted(map(sorted, find_copies(owned))) == sorted(wanted)


def test_only_what_may_be_equal_is_opened(tmp_path, monkeypatch):
    opened = []
    glance, digest = copies._glance, copies._digest
    monkeypatch.setattr(
        copies, "_glance", lambda x: (opened.append(x), glance(x))[1]
    )
    monkeypatch.setattr(
        copies, "_digest", lambda x: (opened.append(x), digest(x))[1]
    )
    contents = {"a": b"1", "b": b"22", "c": b"33", "d": b"22", "e": b"22"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    owned = [(str(tmp_path / x), x < "d") for x in contents]
    ((one, *others),) = find_copies(owned)
    assert [pathlib.Path(x).name for x, _ in (one, *others)] == ["b", "d", "e"]
    assert sorted(pathlib.Path(x).name for x in opened) == list("bbcddee")
