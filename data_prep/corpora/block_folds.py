"""Corpora whose folds are blocks of speakers: what they have in common."""

from data_prep.manifests.folds import rotation, speaker_blocks
from data_prep.manifests.preparation import count_missing, prepare_manifest


def prepare_block_folds(
    *,
    corpus,
    scan,
    expected,
    blocks,
    classes,
    data_folder,
    manifest_folder,
    fold,
    expect_complete,
    arguments,
    development=True,
):
    """Write the manifest of one fold of such a corpus, unless it is current.

    In fold k block k is tested on, block k + 1 is for development and the
    others train.

    Arguments
    ---------
    corpus : str
        Name of the corpus.
    scan : Scan
        What was found.
    expected : dict
        Number of utterances of each speaker in the whole corpus.
    blocks : sequence of sequences of str
        The speakers of each block.
    classes : collection of str
        The class set.
    data_folder : pathlib.Path
        Where the paths of the utterances start from.
    manifest_folder : str or pathlib.Path
        Where the manifest goes.
    fold : int
        Which block is tested on, counted from 1.
    expect_complete : bool
        Whether anything but the whole corpus is an error. If not, and a block
        has no speaker, the speakers that are there are cut into blocks.
    arguments : dict
        What else the manifest depends on, for ``manifest.json``.
    development : bool
        Whether there are development speakers; if not, block k + 1 trains.

    Raises
    ------
    ManifestError
        When there is no such fold, the corpus is not complete and should be,
        or the manifest cannot be made.

    Example
    -------
    >>> import collections
    >>> from data_prep.manifests.preparation import Scan
    >>> prepare_block_folds(
    ...     corpus="Tiny",
    ...     scan=Scan([], collections.Counter(), collections.Counter()),
    ...     expected={"Ann": 2},
    ...     blocks=[["Ann"], ["Bob"], ["Eve"]],
    ...     classes=["ang", "sad"],
    ...     data_folder="corpus",
    ...     manifest_folder="manifest",
    ...     fold=1,
    ...     expect_complete=True,
    ...     arguments={},
    ... )
    Traceback (most recent call last):
    ...
    data_prep.errors.ManifestError: ...
    """
    missing = count_missing(corpus, expected, scan.utterances, expect_complete)
    blocks, kind = speaker_blocks(blocks, {u.spk_id for u in scan.utterances})
    prepare_manifest(
        corpus=corpus,
        scan=scan,
        speakers=rotation(blocks, fold, development),
        classes=classes,
        data_folder=data_folder,
        manifest_folder=manifest_folder,
        details={
            "arguments": {
                "fold": fold,
                **arguments,
                "expect_complete": expect_complete,
            },
            "folds": len(blocks),
            "blocks": kind,
            "missing": missing,
        },
    )
