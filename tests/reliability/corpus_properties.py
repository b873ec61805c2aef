"""Whatever labels and names a corpus has: counted, or refused."""

import contextlib
import os
import pathlib

import hypothesis.strategies as st
from data_prep import ManifestError
from data_prep.corpora import ravdess
from data_prep.corpora.block_folds import scan_clips
from data_prep.corpora.cremad import cremad
from data_prep.corpora.iemocap import scan_iemocap
from hypothesis import event, given
from wild_inputs import LINE_ENDS, emptied, scratch, write

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
    r"1[0-9]{3}_[A-Z]{3}_(ANG|SAD|JOY)_(X|XX|HI|XYZ)\.(wav|WAV)", fullmatch=True
)
RAVDESS = st.from_regex(
    r"0[1-3](-0[0-9]){5}-[0-9]{2}\.(wav|flac|mp4|txt)", fullmatch=True
)


@given(st.sets(CREMAD | FILE_NAMES, max_size=4))
def cremad_names(names):
    """Every clip is an utterance or counted."""
    folder = pathlib.Path(emptied("CREMA-D"))
    for name in names:
        write(f"CREMA-D/AudioWAV/{name}", b"")
    scan = scan_clips(cremad(folder, "intended"), folder, {"ang", "sad"})
    _check_scan(scan, names, (".wav",), folder)


@given(st.sets(RAVDESS | FILE_NAMES, max_size=4))
def ravdess_names(names):
    """Every clip is an utterance or counted."""
    folder = pathlib.Path(emptied("RAVDESS"))
    for name in names:
        write(f"RAVDESS/Actor_01/{name}", b"")
    scan = scan_clips(ravdess.RAVDESS, folder, ravdess.CLASS_SETS[8])
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
