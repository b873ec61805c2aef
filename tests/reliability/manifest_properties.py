"""Whatever is in a manifest: read as it was written, or refused."""

import csv
import dataclasses
import io
import math
import os

import hypothesis.strategies as st
import pytest
from data_prep import ManifestError, Source, Utterance, read_manifest
from data_prep.manifests.manifest import COLUMNS, write_manifest
from data_prep.manifests.validation import check_text, validate
from hypothesis import event, given
from wild_inputs import LINE_ENDS, WILD, emptied, write

GOOD_CELLS = [
    "1.5",
    "$data_root/é b.wav",
    "0",
    "32000",
    "s",
    "F",
    "",
    "",
    "",
    "",
    *[""] * 5,  # no votes, no ratings
]


@st.composite
def csv_bytes(draw):
    """A manifest, mostly with something wrong."""
    rows = [[f"u{n}", *GOOD_CELLS] for n in range(draw(st.integers(0, 3)))]
    for row in (
        draw(st.lists(st.sampled_from(rows), max_size=2)) if rows else ()
    ):
        row[draw(st.integers(0, len(row) - 1))] = draw(WILD)
    text = io.StringIO(newline="")
    if draw(st.booleans()):
        writer = csv.writer(text, lineterminator=draw(LINE_ENDS))
        writer.writerows([COLUMNS, *rows])
    else:
        text.writelines(",".join(row) + "\n" for row in [COLUMNS, *rows])
    content = text.getvalue().encode("utf-8", "surrogatepass")
    ends = st.just(b"") | st.sampled_from([b"\xff", b"a,b\n", b'"'])
    return content + draw(ends)


@given(csv_bytes() | st.binary(max_size=200))
def manifest_reader(content):
    """A manifest is read with sane cells, or refused."""
    path = write("manifest/train.csv", content)
    try:
        table = read_manifest(Source(path, "/data/corpus"))
    except ManifestError:
        return
    event(f"read {min(len(table), 2)} rows or more")
    assert tuple(table.columns) == COLUMNS
    assert table["ID"].is_unique
    assert table["duration"].between(0, 1e9).all()
    for row in table.itertuples():
        assert row.wav.startswith("/data/corpus/")
        assert os.path.normpath(row.wav).startswith("/data/corpus")
        assert ".." not in row.wav.split("/")
        assert all(x == "" or int(x) >= 0 for x in (row.start, row.stop))
        assert row.ID and row.spk_id


PLACES = st.builds("{}:{}".format, st.integers(0, 3000), st.integers(0, 3000))
NO_PLACES = [
    "0:",
    ":",
    "1:2:3",
    "-1:5",
    "+1:5",
    "1.0:5",
    "٣:1",
    "0:0x1",
    "0: 1",
]
NO_PLACES += [f"0:{10**15}", "512:100/..", "../a", "/etc", "0:1\n"]


@given(
    st.lists(PLACES | st.sampled_from(NO_PLACES) | WILD, max_size=3),
    st.sampled_from(["a.tar", "A.TAR", "no.tar", "a.wav"]),
)
def member_cells(members, name):
    """A member is bytes of its tar, or refused."""
    for tar in ("a.tar", "A.TAR", "a.wav"):
        write(f"members/{tar}", bytes(2048))
    text = io.StringIO(newline="")
    # Python 3.10 does not write a zero
    written = [x.replace("\0", "\1") for x in members]
    rows = [[f"u{n}", *GOOD_CELLS, x] for n, x in enumerate(written)]
    for row in rows:
        row[2] = f"$data_root/{name}"
    csv.writer(text, lineterminator="\n").writerows(
        [[*COLUMNS, "member"], *rows]
    )
    content = text.getvalue().replace("\1", "\0")
    path = write("members/pool.csv", content.encode())
    root = os.path.dirname(path)
    ends = [sum(map(int, x.split(":"))) for x in members if _is_place(x)]
    fine = len(ends) == len([x for x in members if x])
    if name == "a.wav":
        fine = fine and not ends
    elif name != "no.tar":
        fine = fine and max(ends, default=0) <= 2048
    try:
        table = read_manifest(Source(path, root))
    except ManifestError:
        assert not fine
        return
    event(f"read {min(len(table), 2)} rows or more")
    assert fine
    assert tuple(table.columns) == COLUMNS
    assert table["wav"].tolist() == [
        f"{root}/{name}/{x}" if x else f"{root}/{name}" for x in members
    ]


def _is_place(cell):
    numbers = cell.split(":")
    return len(numbers) == 2 and all(
        x and len(x) <= 15 and set(x) <= set("0123456789") for x in numbers
    )


FLOATS = st.floats(1e-6, 1e6)
SAMPLES = st.none() | st.integers(0, 2**40)
FIELDS = {
    "ID": WILD,
    "duration": FLOATS | st.sampled_from([0.0, -1.0, math.nan, math.inf]),
    "wav": st.sampled_from(["../a.wav", "/a", "a//b.wav"]) | WILD,
    "spk_id": st.sampled_from(["s0", "nan"]) | WILD,
    "session": WILD,
    "sentence": WILD,
    "emotion": st.sampled_from(["", "ang"]) | WILD,
}


@st.composite
def utterances(draw):
    """Good utterances of one speaker each, mostly with something wrong."""
    rows = [
        Utterance(
            ID=f"u {n}",
            duration=draw(FLOATS),
            wav=f"é, b/{n}.wav",
            start=draw(SAMPLES),
            stop=draw(SAMPLES),
            spk_id=f"s{n}",
            emotion=("hap", "sad")[n // 2 % 2],
        )
        for n in range(draw(st.integers(1, 4)))
    ]
    wrong = st.sampled_from([*rows, None])
    for row in draw(st.lists(wrong, max_size=2)):
        if row in rows:
            field = draw(st.sampled_from(list(FIELDS)))
            changed = {field: draw(FIELDS[field])}
            rows[rows.index(row)] = dataclasses.replace(row, **changed)
    return rows


@given(utterances(), st.booleans())
def validator(found, is_pool):
    """What is not refused is read as it was written."""
    rows = sorted(found, key=lambda utterance: utterance.ID)
    tables = {"pool": rows}
    if not is_pool:
        tables = {"train": rows[::2], "test": rows[1::2]}
    try:
        check_text("Tiny", rows)
        validate(tables, ["hap", "sad"])
    except ManifestError:
        return
    event(f"wrote {min(len(rows), 2)} rows or more")
    folder = emptied("written")
    write_manifest(folder, tables, {"fingerprint": "0"})
    for split, expected in tables.items():
        source = Source(f"{folder}/{split}.csv", "/data")
        read = read_manifest(source).to_dict("records")
        for one, two in zip(read, expected, strict=True):
            assert one.pop("duration") == pytest.approx(two.duration, abs=1e-6)
            wanted = dict(zip(COLUMNS, map(str, two.row()), strict=True))
            wanted["wav"] = f"/data/{two.wav}"
            del wanted["duration"]
            assert one == wanted
