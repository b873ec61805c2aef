"""Finding audio files, and telling all that cannot be used at once."""

import logging
import os
import pathlib
from multiprocessing.pool import ThreadPool

import tqdm
from data_prep.errors import ManifestError, UnusableAudio, name_some
from data_prep.recordings.formats import AUDIO_SUFFIXES
from data_prep.recordings.probe import POINTER, probe
from data_prep.recordings.tar_shards import audio_status, name_audio

logger = logging.getLogger(__name__)


def find_files(folder, suffixes=AUDIO_SUFFIXES):
    """List the files below a folder, sorted, whatever the disk's order.

    Hidden files are left out (``._name`` is how macOS marks its own). Symbolic
    links are followed, but not in circles; a broken one is listed, to be
    complained about. Paths are relative to the folder, with forward slashes.
    """

    def walk(path, name, above):
        status = os.stat(path)
        here = (status.st_dev, status.st_ino)
        if here in above:
            return
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                # os.path.isdir, as a link may lead to itself.
                if entry.is_dir(follow_symlinks=False) or (
                    entry.is_symlink() and os.path.isdir(entry.path)
                ):
                    yield from walk(
                        entry.path, f"{name}{entry.name}/", above | {here}
                    )
                elif entry.name.lower().endswith(suffixes):
                    yield name + entry.name

    if not os.path.isdir(folder):
        return []
    return sorted(walk(folder, "", frozenset()))


def file_size(path):
    """Return where a recording ends in its file, -1 when it is not there."""
    try:
        return audio_status(path)[0]
    except (OSError, ValueError):  # not there, or a name that cannot be
        return -1


def probe_files(folder, names, look=probe, n_threads=4):
    """Look at many recordings and complain about all unusable ones at once.

    Returns (samples, rate in Hz, channels), or whatever ``look`` gives, by relative path.
    Threads wait for slow network disks together.
    """
    folder = pathlib.Path(folder)
    names = sorted(set(names))

    def attempt(name):
        try:
            return look(f"{folder}/{name}")
        except UnusableAudio as error:
            return str(error)

    with ThreadPool(n_threads) as pool:
        results = pool.imap(attempt, names, chunksize=32)
        bar = tqdm.tqdm(
            results, "Checking audio", len(names), unit=" files", leave=False
        )
        found = dict(zip(names, bar, strict=True))
    bad = {name: why for name, why in found.items() if isinstance(why, str)}
    if bad:
        raise ManifestError(_complaint(folder, bad))
    return found


def tell_channels(corpus, probed):
    """Warn where recordings have channels that differ: their mean is heard."""
    several = [name for name, (*_, channels) in probed.items() if channels > 1]
    if several:
        logger.warning(
            "%s: %s of %s recordings have several channels, and the mean of "
            "them is heard: see %s. Where each is another person, let each be "
            "a file of its own, for instance with ffmpeg -i IN.wav -af "
            "'pan=mono|c0=c0' ONE.wav, then c0=c1 for the second",
            corpus,
            f"{len(several):,}",
            f"{len(probed):,}",
            name_some(several, 3),
        )


def _complaint(folder, bad, limit=20):
    """Say which files are unusable, why, and what to do about it."""
    lines = [f"{len(bad):,} audio files in {folder} cannot be used:"]
    lines += [
        f"  {name_audio(name, folder)}: {why}"
        for name, why in list(bad.items())[:limit]
    ]
    if len(bad) > limit:
        lines.append(f"  and {len(bad) - limit:,} more")
    if any(why.startswith(POINTER) for why in bad.values()):
        lines.append(
            "Git LFS pointers stand where the audio should be: install Git "
            "LFS and run `git lfs pull` in that folder."
        )
    if not all(why.startswith(POINTER) for why in bad.values()):
        lines.append("Copy or download those files again, or remove them.")
    return "\n".join(lines)
