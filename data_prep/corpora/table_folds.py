"""Who is in which split of a corpus that a user gives."""

import collections

from data_prep.errors import ManifestError, check_choice, name_some
from data_prep.manifests.folds import balanced_blocks, check_fold, rotation

_SPLITS = {x: x for x in ("train", "valid", "dev", "development", "test")}
_SPLITS.update(dev="valid", development="valid")


def user_speakers(corpus, scan, learned, recordings, fold, folds):
    """Return the speakers of each split of a fold, and how many folds.

    ``learned`` are the utterances that can be in a split, by which speakers are
    dealt out where the table does not do it.
    """
    columns = recordings[0][1]
    if "fold" in columns and "split" in columns:
        raise ManifestError(
            f"{corpus}'s table has the columns fold and split: remove one."
        )
    if "split" in columns:
        check_fold(fold, 1)
        return _official_splits(corpus, recordings), 1
    if "fold" in columns:
        blocks = _official_blocks(corpus, recordings)
    else:
        labels = [(u.spk_id, u.emotion) for u in learned]
        blocks = balanced_blocks(labels, folds)
    splits = rotation(blocks, fold)
    dealt = {speaker for block in blocks for speaker in block}
    others = {u.spk_id for u in scan.utterances} - dealt
    return {**splits, "train": (*splits["train"], *sorted(others))}, len(blocks)


def _by_value(corpus, recordings, column):
    """Group the speakers by what a column says of them."""
    values = collections.defaultdict(set)
    for utterance, row in recordings:
        values[utterance.spk_id].add(row[column])
    mixed = sorted(x for x in values if len(values[x]) > 1 or "" in values[x])
    if mixed:
        raise ManifestError(
            f"{corpus}'s table does not give each speaker one {column}: see "
            f"{name_some(mixed)}. All rows of a speaker need the same."
        )
    groups = collections.defaultdict(list)
    for speaker in sorted(values):
        groups[values[speaker].pop()].append(speaker)
    return groups


def _official_splits(corpus, recordings):
    splits: dict[str, tuple] = collections.defaultdict(tuple)
    for value, names in _by_value(corpus, recordings, "split").items():
        check_choice("split", value, _SPLITS)
        splits[_SPLITS[value]] += tuple(names)
    if not {"train", "test"} <= set(splits):
        raise ManifestError(
            f"{corpus}'s table has the splits {', '.join(sorted(splits))}: "
            "train and test are needed."
        )
    return dict(splits)


def _official_blocks(corpus, recordings):
    groups = _by_value(corpus, recordings, "fold")
    numbers = [str(n) for n in range(1, len(groups) + 1)]
    if len(groups) < 3 or set(groups) != set(numbers):
        raise ManifestError(
            f"{corpus}'s table has the folds {name_some(sorted(groups))}: "
            "they should be 1, 2, 3 and so on, at least three."
        )
    return [tuple(groups[number]) for number in numbers]
