"""The steps that every corpus and pool goes through.

A corpus module scans its folder and says who belongs to which split; then come
fingerprint, skip, probe, split, validate, write.
"""

import collections
import dataclasses
import os
import pathlib
from typing import NamedTuple

from data_prep.annotations.targets import Scheme
from data_prep.errors import ManifestError, UnusableAudio, name_some
from data_prep.manifests.copies import refuse_copies
from data_prep.manifests.manifest import FORMAT, Utterance, write_manifest
from data_prep.manifests.parts import locate_part
from data_prep.manifests.summary import is_current, read_summary
from data_prep.manifests.validation import check_text, validate
from data_prep.recordings import audio_files
from data_prep.recordings.probe import probe
from data_prep.recordings.silence import speech_ends
from data_prep.storage.files import fingerprint
from data_prep.storage.locks import locked

from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)
_BY_LABEL = Scheme()


class Scan(NamedTuple):
    """What was found in a corpus, and how many by reason.

    These lack what is learned (``unlabeled``), or are no utterance
    (``dropped``).
    """

    utterances: list
    unlabeled: collections.Counter
    dropped: collections.Counter


def label_utterances(rows, classes, label_source, scheme=_BY_LABEL):
    """Make a Scan of rows: dicts of columns, or text: why it is left out.

    What has no emotion of the class set is unlabeled, or what lacks something else
    that is learned. Where the emotion is "", a key ``reason`` may say why.
    """
    utterances = []
    unlabeled: collections.Counter[str] = collections.Counter()
    dropped: collections.Counter[str] = collections.Counter()
    for row in rows:
        if isinstance(row, str):
            dropped[row] += 1
            continue
        reason = row.pop("reason", "no label")
        emotion = row["emotion"]
        if emotion in classes:
            row["label_source"] = label_source
        else:
            reason = f"label {emotion}" if emotion else reason
            row["emotion"] = ""
        utterances.append(Utterance(**row))
        lack = scheme.lack(utterances[-1], classes)
        if lack:
            unlabeled[reason if scheme.target == "class" else lack] += 1
    return Scan(utterances, unlabeled, dropped)


def check_data_folder(corpus, data_folder, contents):
    """Return a folder; a ManifestError unless it looks like that of a corpus.

    ``contents`` are patterns of entries, of which it has at least one.
    """

    def matches(folder):
        return any(any(folder.glob(pattern)) for pattern in contents)

    expected = f"the folder of {corpus} that holds {' or '.join(contents)}"
    refuse_tilde(data_folder)
    # As text, since an option may be anything that YAML has.
    if not data_folder or not pathlib.Path(str(data_folder)).is_dir():
        raise ManifestError(
            f"data_folder={str(data_folder)!r} is not a folder: give "
            f"{expected}."
        )
    folder = pathlib.Path(data_folder)
    if matches(folder):
        return folder
    entries = sorted(entry.name for entry in folder.iterdir())
    message = (
        f"data_folder={folder} is not {expected}; it holds "
        f"{name_some(entries, 5) or 'nothing'}."
    )
    near = [folder.absolute().parent, *sorted(folder.iterdir())]
    for other in near:
        if other.is_dir() and matches(other):
            message += f" Did you mean {other}?"
            break
    raise ManifestError(message)


def refuse_tilde(folder):
    """Raise where a folder would be looked for in one called ~."""
    if str(folder).startswith("~") and not os.path.isdir(str(folder)):
        raise ManifestError(
            f"{folder} would be in a folder called ~: write "
            f"{os.path.expanduser(str(folder))}, as the shell does not in quotes "
            "or behind --option=."
        )


def count_missing(corpus, expected, utterances, expect_complete):
    """Count the utterances that each speaker lacks of the published number.

    When the corpus should be complete, any difference is a ManifestError.
    """
    found = collections.Counter(utterance.spk_id for utterance in utterances)
    differ = {
        speaker: f"{speaker} {found[speaker]:,} of {expected.get(speaker, 0):,}"
        for speaker in sorted({*expected, *found})
        if found[speaker] != expected.get(speaker, 0)
    }
    if expect_complete and differ:
        total = sum(expected.values())
        lacks = any(found[x] < n for x, n in expected.items())
        what, advice = "is not complete", "Add what is missing"
        if not lacks:
            what, advice = "has too many", "Remove what is there twice"
        raise ManifestError(
            f"{corpus} {what}: {found.total():,} of {total:,} utterances were "
            f"found. These speakers differ: {name_some(differ.values())}. "
            f"{advice}, or set expect_complete to False to work with "
            f"{'a part' if lacks else 'all of it'}."
        )
    return {
        speaker: expected[speaker] - found[speaker]
        for speaker in sorted(expected)
        if found[speaker] < expected[speaker]
    }


def prepare_manifest(
    *,
    corpus,
    scan,
    speakers,
    classes,
    data_folder,
    manifest_folder,
    details,
    scheme=_BY_LABEL,
):
    """Write the manifest of one fold, or of one pool, unless it is current.

    ``speakers`` are those of each split, None for a pool; ``details`` is what else
    ``manifest.json`` shall say, such as ``arguments``. When the audio or the manifest
    is refused, what was there before stays; another process is waited for.
    """
    refuse_tilde(manifest_folder)
    utterances = sorted(scan.utterances, key=lambda utterance: utterance.ID)
    check_text(corpus, utterances)
    _check_speakers(corpus, utterances, speakers)
    summary = {
        "corpus": corpus,
        "format": FORMAT,
        "classes": sorted(classes),
        "target": scheme.target,
        **details,
        "unlabeled": dict(sorted(scan.unlabeled.items())),
        "dropped": dict(sorted(scan.dropped.items())),
    }
    # Everything that the manifest follows from. Sizes stand for the audio:
    # unlike times of change, they are the same on every machine.
    sizes = (
        audio_files.file_size(f"{data_folder}/{u.wav}") for u in utterances
    )
    rows = (utterance.row() for utterance in utterances)
    key = fingerprint([summary, speakers, rows, sizes])
    outcome = "unchanged, skipped"
    if not is_current(manifest_folder, key):
        trim = details.get("arguments", {}).get("trim_silence")
        utterances = _with_durations(corpus, utterances, data_folder, trim)
        tables = _split(utterances, speakers, classes, scheme)
        validate(tables, classes, scheme)
        summary["annotations"] = scheme.describe(tables, classes)
        refuse_copies(corpus, tables, data_folder)
        with locked(manifest_folder, wait=True):
            # Another process may have written it in the meantime
            if not is_current(manifest_folder, key):
                summary["fingerprint"] = key
                write_manifest(manifest_folder, tables, summary)
                outcome = "written"
    counts = read_summary(manifest_folder)["utterances"]
    logger.info(
        "%s: manifest %s in %s (%s utterances)",
        corpus,
        outcome,
        manifest_folder,
        ", ".join(f"{split} {count:,}" for split, count in counts.items()),
    )


def _check_speakers(corpus, utterances, speakers):
    """Raise when nobody is there of those who should be in a split."""
    present = {utterance.spk_id for utterance in utterances}
    for split, names in (speakers or {}).items():
        if not present.intersection(names):
            raise ManifestError(
                f"{corpus} has no utterance of {name_some(names)}, who make "
                f"up {split}.csv in this fold: add them, or choose another "
                "fold."
            )


def _with_durations(corpus, utterances, data_folder, trim_silence):
    """Look at the audio; return utterances with durations, or but their speech."""
    parts = {f"{data_folder}/{u.wav}" for u in utterances if u.start}
    names = [utterance.wav for utterance in utterances]
    probed = audio_files.probe_files(
        data_folder, names, lambda path: probe(path, seek=path in parts)
    )
    audio_files.tell_channels(corpus, probed)
    timed, beyond = [], []
    for utterance in utterances:
        frames, rate, _ = probed[utterance.wav]
        ends = utterance.start, utterance.stop
        try:
            start, stop = locate_part(*ends, frames, rate)
        except UnusableAudio as error:
            beyond.append(f"{utterance.ID} ({error})")
            continue
        part = {
            "start": None if ends[0] is None else start,
            "stop": None if ends[1] is None else stop,
        }
        if trim_silence is not None:
            path = f"{data_folder}/{utterance.wav}"
            found = speech_ends(path, start, stop, trim_silence)
            if found != (start, stop):
                part = dict(zip(part, found))
            start, stop = found
        timed.append(
            dataclasses.replace(
                utterance, duration=(stop - start) / rate, **part
            )
        )
    if beyond:
        raise ManifestError(
            f"{len(beyond):,} utterances cannot be parts of their files: "
            f"{name_some(beyond)}."
        )
    return timed


def _split(utterances, speakers, classes, scheme):
    """Sort the utterances into the CSVs of a manifest."""
    if speakers is None:
        return {"pool": utterances}
    learned = [u for u in utterances if not scheme.lack(u, classes)]
    tables = {
        split: [u for u in learned if u.spk_id in names]
        for split, names in speakers.items()
    }
    train = speakers["train"]
    return {**tables, "pool": [u for u in utterances if u.spk_id in train]}
