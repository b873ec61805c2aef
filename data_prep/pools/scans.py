"""Reading pools: a folder per speaker, or a table of paths and speakers.

VoxCeleb and LibriSpeech are read as they are unpacked, LibriSpeech also where
all its files lie in one folder; and packed in tars, each of which counts as
unpacked where it lies. A table's paths start from its own folder.
"""

import collections
import dataclasses
import functools
import pathlib
import re
from typing import NamedTuple

from data_prep.errors import ManifestError, name_some
from data_prep.manifests.manifest import Utterance
from data_prep.manifests.preparation import Scan
from data_prep.manifests.tables import read_recordings
from data_prep.recordings.audio_files import find_files, probe_files
from data_prep.recordings.formats import (
    AUDIO_SUFFIXES,
    RECORDINGS,
    refuse_unconverted,
    unconverted,
)
from data_prep.recordings.tar_shards import TAR_SUFFIXES, list_members

from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)

# A file of LibriSpeech: speaker, chapter, utterance.
_LIBRISPEECH = re.compile(r"(\d+)-(\d+)-\d{4}\.\w+")


class _Recording(NamedTuple):
    """A recording: its path, its address, and who speaks where that is said.

    In a tar the path is the one that it would have if it were unpacked.
    """

    path: str
    address: str
    speaker: str = ""


def scan_folder(folder, name):
    """Find the recordings of a folder that has one folder per speaker.

    ``SPEAKER/utterance`` or ``SPEAKER/SESSION/.../utterance``, LibriSpeech's
    files in no folder, or tars with these. ``name`` stands in front of IDs and
    speakers.
    """
    utterances = []
    dropped: collections.Counter[str] = collections.Counter()
    for path, address, said in _find_recordings(folder):
        flat = _LIBRISPEECH.fullmatch(path)
        places = flat.groups() if flat else path.split("/")[:-1]
        if said:
            places = (said, *places[1:])
        if not places:
            dropped["not in a speaker's folder"] += 1
            continue
        speaker, *between = places
        utterances.append(
            Utterance(
                ID=f"{name}/{path.rpartition('.')[0]}",
                wav=address,
                spk_id=f"{name}/{speaker}",
                session=between[0] if between else "",
            )
        )
    if not utterances:
        others = sorted(pathlib.Path(x).name for x in find_files(folder, ("",)))
        raise ManifestError(
            f"The pool {folder} has no recordings in SPEAKER/.... It holds "
            f"{len(others):,} files: {name_some(others, 5) or 'none'}."
        )
    speakers = {utterance.spk_id for utterance in utterances}
    if len(speakers) == 1:
        logger.warning(
            "All recordings of %s are of one speaker, %s: the folders in it "
            "should be one per speaker.",
            folder,
            *speakers,
        )
    return Scan(utterances, collections.Counter(), dropped)


def _find_recordings(folder):
    """Find what libsndfile reads, in tars and beside them."""
    names = find_files(folder, (*RECORDINGS, *TAR_SUFFIXES))
    tars = [name for name in names if name.lower().endswith(TAR_SUFFIXES)]
    found = [_Recording(x, x) for x in names if x.lower().endswith(RECORDINGS)]
    if tars:
        look = functools.partial(list_members, suffixes=RECORDINGS)
        for tar, members in probe_files(folder, tars, look).items():
            place = tar[: tar.rfind("/") + 1]
            found += [
                _Recording(f"{place}{name}", f"{tar}/{member}", speaker)
                for name, (member, speaker) in members.items()
            ]
    unread = set(unconverted([x.path for x in found]))
    packed = any(x.path in unread and x.address != x.path for x in found)
    what = f"the pool {folder}"
    refuse_unconverted(what, folder, sorted(unread), packed=packed)
    return [x for x in found if x.path.lower().endswith(AUDIO_SUFFIXES)]


def scan_table(path, name):
    """Read the recordings that a CSV file lists, from its own folder.

    ``name`` stands in front of IDs and speakers.
    """
    utterances = [
        dataclasses.replace(
            found, ID=f"{name}/{found.ID}", spk_id=f"{name}/{found.spk_id}"
        )
        for found, _ in read_recordings(path, path.parent)
    ]
    return Scan(utterances, collections.Counter(), collections.Counter())
