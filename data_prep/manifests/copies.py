"""No recording under two speakers, or in two splits of one manifest."""

import collections

from data_prep.errors import ManifestError, name_some
from data_prep.recordings.copies import find_copies
from data_prep.recordings.tar_shards import name_audio


def refuse_copies(corpus, tables, data_folder):
    """Raise where recordings of equal content are strangers to each other.

    A speaker may have a recording twice in one split, as RAVDESS does.
    """
    owners = collections.defaultdict(set)
    for split, rows in tables.items():
        for row in rows:
            # What the training speakers say is in the pool, too
            place = "pool" if split == "train" else split
            owners[row.wav].add((row.spk_id, place))
    full = {f"{data_folder}/{wav}": wav for wav in owners}
    found = find_copies(
        (path, frozenset(owners[wav])) for path, wav in full.items()
    )
    groups = [[full[path] for path, _ in group] for group in found]
    if not groups:
        return

    def name(wav):
        speakers, places = zip(*sorted(owners[wav]), strict=True)
        names = [name_some(dict.fromkeys(speakers), 3), *dict.fromkeys(places)]
        return f"{name_audio(wav, data_folder)} ({', '.join(names)})"

    told = [" is ".join(map(name, group)) for group in groups]
    raise ManifestError(
        f"{len(groups):,} recordings of {corpus} are there more than once, "
        f"under several speakers or in several splits: {name_some(told, 5)}. "
        "What is validated or tested on must not be heard before: keep each "
        "where it belongs, under the speaker whose voice it is, and delete the "
        "other files, or their rows in the table." + _advice(groups)
    )


def _advice(groups):
    """Name the folders that hold what lies outside of them, too."""
    folders = {
        longer.removesuffix(f"/{path}")
        for group in groups
        for path in group
        for longer in group
        if longer.endswith(f"/{path}")
    }
    if not folders:
        return ""
    return (
        f" The corpus lies inside itself: remove {name_some(sorted(folders))}."
    )
