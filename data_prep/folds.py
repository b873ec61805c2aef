"""Who trains, who validates, who tests: speaker-disjoint folds.

Folds are made of groups of speakers (sessions, blocks of actors). In fold k
group k is tested on, group k + 1 is for development and the others train, so
that over all folds each speaker is tested exactly once.
"""

from data_prep.errors import ManifestError, check_choice

SESSIONS = tuple((f"Ses{n:02d}F", f"Ses{n:02d}M") for n in range(1, 6))
PROTOCOLS = ("sessions", "speakers", "sessions-nodev")


def rotation(groups, fold, development=True):
    """Assign groups of speakers to the splits of one fold.

    Arguments
    ---------
    groups : sequence of sequences of str
        The groups, at least three (two without development set).
    fold : int
        Which group is tested on, counted from 1.
    development : bool
        Whether the next group is held out for model selection; if not, it
        trains and there is no "valid" split.

    Returns
    -------
    dict
        Tuples of speakers under "train", "valid" and "test".

    Raises
    ------
    ManifestError
        When there is no such fold.

    Example
    -------
    >>> groups = [("a", "b"), ("c", "d"), ("e", "f")]
    >>> rotation(groups, fold=3)
    {'train': ('c', 'd'), 'valid': ('a', 'b'), 'test': ('e', 'f')}
    """
    check_fold(fold, len(groups))
    held_out = {"test": fold - 1}
    if development:
        held_out = {"valid": fold % len(groups), **held_out}
    train = [
        speaker
        for number, group in enumerate(groups)
        if number not in held_out.values()
        for speaker in group
    ]
    splits = {name: tuple(groups[n]) for name, n in held_out.items()}
    return {"train": tuple(train), **splits}


def check_fold(fold, n_folds):
    """Raise a ManifestError unless ``fold`` is an integer of 1 to n_folds."""
    if not isinstance(fold, int) or not 1 <= fold <= n_folds:
        raise ManifestError(
            f"fold={fold!r} does not exist: choose one of 1 to {n_folds}."
        )


def iemocap_fold(protocol, fold):
    """Assign IEMOCAP's ten speakers to the splits of one fold.

    Arguments
    ---------
    protocol : str
        "sessions": 5 folds, test session k, development session k + 1;
        "speakers": 10 folds, test one speaker, development the partner of
        the same session; "sessions-nodev": 5 folds, test session k, the other
        four train.
    fold : int
        Counted from 1.

    Returns
    -------
    dict
        Tuples of speakers under "train", "valid" (not for "sessions-nodev")
        and "test".

    Raises
    ------
    ManifestError
        When there is no such protocol or fold.

    Example
    -------
    >>> iemocap_fold("speakers", 4)["test"]
    ('Ses02M',)
    >>> iemocap_fold("speakers", 4)["valid"]
    ('Ses02F',)
    """
    check_choice("protocol", protocol, PROTOCOLS)
    if protocol != "speakers":
        return rotation(
            SESSIONS, fold, development=protocol != "sessions-nodev"
        )
    check_fold(fold, 2 * len(SESSIONS))
    session, letter = divmod(fold - 1, 2)
    pair = SESSIONS[session]
    others = [x for x in SESSIONS if x != pair]
    return {
        "train": tuple(speaker for group in others for speaker in group),
        "valid": (pair[1 - letter],),
        "test": (pair[letter],),
    }


def speaker_blocks(official, present):
    """Return the blocks of speakers that the folds rotate over.

    These are the official blocks as long as each has a speaker. A small
    excerpt of a corpus may leave some empty; then the speakers that are
    there, sorted, are cut into as many contiguous blocks of even size.

    Arguments
    ---------
    official : sequence of sequences of str
        The published blocks.
    present : collection of str
        The speakers on disk.

    Returns
    -------
    blocks : list of tuple of str
        Never an empty one; fewer blocks when there are fewer speakers.
    kind : str
        "official" or "present speakers".

    Raises
    ------
    ManifestError
        With fewer than three speakers: train, valid and test need one each.

    Example
    -------
    >>> official = [("a", "b"), ("c", "d"), ("e", "f")]
    >>> speaker_blocks(official, {"a", "b", "c", "e"})
    ([('a', 'b'), ('c',), ('e',)], 'official')
    >>> speaker_blocks(official, {"a", "b", "c", "d"})
    ([('a', 'b'), ('c',), ('d',)], 'present speakers')
    """
    blocks = [
        tuple(sorted(set(block).intersection(present))) for block in official
    ]
    if all(blocks):
        return blocks, "official"
    speakers = sorted(present)
    n_blocks = min(len(official), len(speakers))
    if n_blocks < 3:
        raise ManifestError(
            f"Only {len(speakers)} speakers were found "
            f"({', '.join(speakers) or 'none'}): train, valid and test need "
            "at least one each."
        )
    size, larger = divmod(len(speakers), n_blocks)
    starts = [n * size + min(n, larger) for n in range(n_blocks + 1)]
    cuts = zip(starts, starts[1:], strict=False)
    return [tuple(speakers[a:b]) for a, b in cuts], "present speakers"
