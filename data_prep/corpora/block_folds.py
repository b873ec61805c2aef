"""Corpora of named clips whose folds are blocks of speakers: one reader.

What differs from corpus to corpus stands in a :class:`ClipCorpus`.
"""

import dataclasses
import pathlib
import re
from collections.abc import Callable, Mapping

from data_prep.annotations.targets import Scheme
from data_prep.errors import check_choice
from data_prep.manifests.folds import rotation, speaker_blocks
from data_prep.manifests.preparation import (
    check_data_folder,
    count_missing,
    label_utterances,
    prepare_manifest,
)
from data_prep.recordings.audio_files import find_files


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClipCorpus:
    """What is to be known of a corpus.

    Arguments
    ---------
    name : str
        Name of the corpus.
    contents : tuple of str
        Patterns of entries, of which its folder has at least one.
    clip : re.Pattern
        Matches the path of a clip, from the data folder, and no other.
    describe : callable
        Is given a match (by default its named groups are taken), and returns a dict
        of columns, ``ID``, ``spk_id``, ``emotion`` and what else is known, or text: why
        the clip is left out. Where the emotion is "", ``reason`` may say why.
    class_sets, speakers : dict
        The emotions of each value of ``classes``; the number of clips of each speaker
        in the whole corpus.
    blocks : sequence of sequences of str
        The speakers of each block. In fold k block k is tested on, block k + 1 is
        for development (trains without ``development``) and the others train.
    folders : str
        Pattern of the folders that clips are in; "" for all of the corpus.
    suffixes : tuple of str
        Endings of clips, in lower case.
    label_source : str
        Where the labels come from.
    development : bool
        Whether there are development speakers.
    scheme : Scheme
        What is learned, by default the label, and what the annotators say.

    Example
    -------
    >>> corpus = ClipCorpus(
    ...     name="Tiny",
    ...     contents=("ann",),
    ...     clip=re.compile(
    ...         r"(?P<spk_id>ann)/(?P<ID>(?P<emotion>hap)\\d)[.]wav"
    ...     ),
    ...     class_sets={2: ("ang", "hap")},
    ...     speakers={"ann": 4},
    ...     blocks=(("ann",),),
    ... )
    >>> corpus.describe(corpus.clip.fullmatch("ann/hap1.wav"))
    {'spk_id': 'ann', 'ID': 'hap1', 'emotion': 'hap'}
    """

    name: str
    contents: tuple[str, ...]
    clip: re.Pattern
    describe: Callable = re.Match.groupdict
    class_sets: Mapping
    speakers: Mapping
    blocks: tuple
    folders: str = ""
    suffixes: tuple[str, ...] = (".wav", ".flac")
    label_source: str = "intended"
    development: bool = True
    scheme: Scheme = Scheme()


def scan_clips(corpus, data_folder, classes):
    """Find all clips of a ClipCorpus, with the labels of a class set."""
    folders = [pathlib.Path(data_folder)]
    if corpus.folders:
        folders = sorted(folders[0].glob(corpus.folders))
    rows = []
    for folder in folders:
        place = f"{folder.name}/" if corpus.folders else ""
        for clip in find_files(folder, corpus.suffixes):
            name = corpus.clip.fullmatch(f"{place}{clip}")
            row = corpus.describe(name) if name else "not a clip's name"
            rows.append(
                row if isinstance(row, str) else {"wav": name[0], **row}
            )
    return label_utterances(rows, classes, corpus.label_source, corpus.scheme)


def prepare_clips(
    corpus,
    data_folder,
    manifest_folder,
    *,
    fold,
    classes,
    label_source="intended",
    expect_complete=True,
    **arguments,
):
    """Write the manifest of one fold of such a corpus, unless it is current.

    A ManifestError says what was found, where, and what to do.

    Arguments
    ---------
    corpus : ClipCorpus
        What is to be known of it.
    data_folder, manifest_folder : str or pathlib.Path
        Where the corpus is, and where the manifest goes.
    fold : int
        Which block is tested on, counted from 1.
    classes : int
        Which of the class sets.
    label_source : str
        Where the labels come from: "intended", those in the clips' names.
    expect_complete : bool
        Whether anything but the whole corpus is an error. If not, and a block
        has no speaker, the speakers that are there are cut into blocks.
    **arguments
        What else the manifest depends on: ``trim_silence``, of how many dB below
        the loudest the ends of a recording are cut off, and others of the corpus.

    Example
    -------
    >>> from data_prep.corpora.ravdess import RAVDESS
    >>> prepare_clips(RAVDESS, "corpus", "manifest", fold=1, classes=5)
    Traceback (most recent call last):
    ...
    data_prep.errors.ManifestError: classes=5 is not offered: choose 8.
    """
    check_choice("classes", classes, corpus.class_sets)
    check_choice("label_source", label_source, [corpus.label_source])
    folder = check_data_folder(corpus.name, data_folder, corpus.contents)
    scan = scan_clips(corpus, folder, corpus.class_sets[classes])
    missing = count_missing(
        corpus.name, corpus.speakers, scan.utterances, expect_complete
    )
    present = {utterance.spk_id for utterance in scan.utterances}
    blocks, kind = speaker_blocks(corpus.blocks, present)
    prepare_manifest(
        corpus=corpus.name,
        scan=scan,
        speakers=rotation(blocks, fold, corpus.development),
        classes=corpus.class_sets[classes],
        data_folder=folder,
        manifest_folder=manifest_folder,
        details={
            "arguments": {
                "fold": fold,
                "classes": classes,
                "label_source": label_source,
                **arguments,
                "expect_complete": expect_complete,
            },
            "folds": len(blocks),
            "blocks": kind,
            "missing": missing,
        },
        scheme=corpus.scheme,
    )
