"""Whatever is in a file, a name or an option: the documented errors only.

A hundred inputs each, always the same; ten thousand new ones with -m slow.
"""

import contextlib
import csv
import dataclasses
import functools
import io
import math
import os
import pathlib
import shutil
import tempfile

import pytest
from case import yaml_of
from data_prep import ManifestError, Source, Utterance, read_manifest, validate
from data_prep.cremad import scan_cremad
from data_prep.iemocap import scan_iemocap
from data_prep.manifest import COLUMNS, write_manifest
from data_prep.ravdess import scan_ravdess
from data_prep.validation import check_text
from emoclust_lobes.cli import main
from emoclust_lobes.steps import NEEDED, UsageError, load_experiment
from hypothesis import (
    HealthCheck,
    event,
    given,
    settings,
    strategies as st,
)

WILD = st.text(max_size=12) | st.sampled_from(
    ["", "..", "/", "$data_root/a", "a,b", '"', "\0", "\r\n", "nan", "-1", "é"]
)


@functools.cache
def scratch():
    """A folder, in memory where that is possible: so many files are many."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    return tempfile.TemporaryDirectory(dir=memory)


def write(name, content):
    path = os.path.join(scratch().name, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as stream:
        stream.write(content)
    return path


def emptied(name):
    """A new empty folder."""
    path = os.path.join(scratch().name, name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
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


TURNS = st.from_regex(r"Ses0[1-5][FM]_impro0[1-9]_[FM]00[0-9]", fullmatch=True)
LABELS = st.sampled_from(["ang", "neu", "xxx", "oth"])
TEXT = st.text(
    st.characters(exclude_characters="\n", exclude_categories=["Cs"]),
    max_size=40,
)
LINES = st.tuples(TURNS, LABELS) | TEXT | st.builds("[{}".format, TEXT)


@given(st.lists(LINES, max_size=8), LINE_ENDS.filter(lambda x: x != "\r"))
def label_lines(lines, end):
    """Turns are counted and lines of labels that are none are named."""
    labels = {x[0]: x[1] for x in lines if isinstance(x, tuple)}
    others = [x for x in lines if isinstance(x, str) and x.startswith("[")]
    content = "".join(
        x + end
        if isinstance(x, str)
        else f"[0.1 - 1.2]\t{x[0]}\t{x[1]}\t[2]" + end
        for x in lines
    )
    write("Session1/dialog/EmoEvaluation/a.txt", content.encode())
    try:
        scan = scan_iemocap(_path(), {"ang", "neu"}, expect_complete=False)
    except ManifestError as error:
        event("refused")
        assert others and f"has {len(others)} labels" in str(error)
    else:
        # None of the turns has audio
        assert scan.dropped["no audio file"] >= len(labels)
        assert scan.utterances == []


@given(st.binary(max_size=300))
def label_files(content):
    """A label file of any bytes."""
    write("Session1/dialog/EmoEvaluation/a.txt", content)
    with contextlib.suppress(ManifestError):
        scan_iemocap(_path(), {"ang"}, expect_complete=True)


def _path():
    return pathlib.Path(scratch().name)


FILE_NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]),
    min_size=1,
    max_size=40,
).filter(lambda name: name not in (".", ".."))
CREMAD = st.from_regex(
    r"1[0-9]{3}_[A-Z]{3}_(ANG|SAD|JOY)_(X|XX|HI|XYZ)\.(wav|WAV)",
    fullmatch=True,
)
RAVDESS = st.from_regex(
    r"0[1-3](-0[0-9]){5}-[0-9]{2}\.(wav|flac|mp4|txt)", fullmatch=True
)


@given(st.sets(CREMAD | FILE_NAMES, max_size=4))
def cremad_names(names):
    """Every clip is an utterance or counted."""
    folder = emptied("CREMA-D")
    for name in names:
        write(f"CREMA-D/AudioWAV/{name}", b"")
    scan = scan_cremad(_path() / "CREMA-D", {"ang", "sad"}, "intended")
    _check_scan(scan, names, (".wav",), folder)


@given(st.sets(RAVDESS | FILE_NAMES, max_size=4))
def ravdess_names(names):
    """Every clip is an utterance or counted."""
    folder = emptied("RAVDESS")
    for name in names:
        write(f"RAVDESS/Actor_01/{name}", b"")
    scan = scan_ravdess(_path() / "RAVDESS")
    _check_scan(scan, names, (".wav", ".flac", ".mp4"), folder)


def _check_scan(scan, names, suffixes, folder):
    clips = [
        name
        for name in names
        if name.lower().endswith(suffixes) and not name.startswith(".")
    ]
    assert len(scan.utterances) + scan.dropped.total() == len(clips)
    for utterance in scan.utterances:
        assert os.path.isfile(os.path.join(folder, utterance.wav))


YAML = """\
seed: 1
data_folder: !PLACEHOLDER
fold: 1
pools: [own]
size: !ref <fold> * 2
layer: !new:torch.nn.Linear
    in_features: !ref <size>
    out_features: 2
""" + "".join(f"{key}: !name:print\n" for key in NEEDED if "_folder" not in key)
YAML += "".join(f"{key}: results\n" for key in NEEDED if "_folder" in key)
KEYS = st.sampled_from(["fold", "data_folder", "pools", "size", "layer", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WILD,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(WILD, inner, max_size=2),
    max_leaves=4,
)


@given(
    st.text(max_size=40)
    | st.dictionaries(KEYS | WILD, VALUES, max_size=3)
    | st.builds("{}: {}".format, KEYS, st.text(max_size=20))
)
def overrides(changes):
    """A YAML is loaded with overrides, or there is a UsageError."""
    path = write("experiment.yaml", YAML.encode())
    with contextlib.suppress(UsageError, OSError):
        assert set(NEEDED) <= set(load_experiment(path, changes))
        event("loaded")


WORDS = st.builds("--{}={}".format, KEYS | WILD, VALUES | WILD) | WILD


@given(st.lists(WORDS, max_size=3))
def command_line(words):
    """Words of the command line: an exit code, whatever they are."""
    path = write("ravdess.yaml", yaml_of("ravdess").encode())
    silence = io.StringIO()
    try:
        with (
            contextlib.redirect_stderr(silence),
            contextlib.redirect_stdout(silence),
        ):
            code = main(["prepare", path, *words])
    except SystemExit as error:  # argparse's
        code = error.code
    assert code in (0, 2)


PROPERTIES = [
    manifest_reader,
    member_cells,
    validator,
    label_lines,
    label_files,
    cremad_names,
    ravdess_names,
    overrides,
    command_line,
]


def check(holds, **options):
    """Look for an input for which a property does not hold."""
    unhurried = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    settings(
        deadline=None,
        database=None,
        suppress_health_check=unhurried,
        **options,
    )(holds)()


@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda x: x.__name__)
def test_a_hundred_inputs(holds):
    check(holds, max_examples=100, derandomize=True)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda x: x.__name__)
def test_ten_thousand_inputs(holds):
    check(holds, max_examples=10_000)
