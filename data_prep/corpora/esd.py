"""ESD: ten speakers of English and ten of Mandarin, five emotions.

Zhou et al., "Emotional voice conversion: theory, databases and ESD", Speech
Communication 137 (2022). 35,000 clips, 29 hours, 16 kHz; for research, on
request from the HLT lab of the National University of Singapore, see
https://github.com/HLTSingapore/Emotional-Speech-Data. ``data_folder`` holds::

    0011/Angry/0011_000351.wav        speaker, emotion, number
    0011/Angry/train/0011_000351.wav  (or evaluation, or test)
    0011/0011.txt                     what is said; not read

Speakers 0001 to 0010 speak Mandarin, the others English. Each says 350
sentences in every emotion, in the same order, so the number tells the
sentence, which is the same for all speakers of a language.

The folders train, evaluation and test split the sentences and share all
speakers; they are passed over. The folds are five blocks of one woman and one
man of each language. (Of each language there are five women and five men.)
"""

import collections
import re

from data_prep.corpora.block_folds import prepare_block_folds
from data_prep.errors import check_choice
from data_prep.manifests.manifest import Utterance
from data_prep.manifests.preparation import Scan, check_data_folder
from data_prep.recordings.audio_files import find_files

CLASS_SETS = {5: ("ang", "hap", "neu", "sad", "sur")}
LABEL_SOURCES = ("intended",)
# The k-th women and the k-th men are the k-th block.
WOMEN = {
    "mandarin": ("0001", "0002", "0003", "0007", "0009"),
    "english": ("0015", "0016", "0017", "0018", "0019"),
}
MEN = {
    "mandarin": ("0004", "0005", "0006", "0008", "0010"),
    "english": ("0011", "0012", "0013", "0014", "0020"),
}
LANGUAGES = {
    "english": ("english",),
    "mandarin": ("mandarin",),
    "all": ("english", "mandarin"),
}
N_SENTENCES = 350

_EMOTIONS = ("Angry", "Happy", "Neutral", "Sad", "Surprise")
_CLIP = re.compile(
    rf"(00[012]\d)/({'|'.join(_EMOTIONS)})/"
    r"(?:train/|evaluation/|test/)?(\1_(\d{6}))\.\w+"
)


def speaker_pairs(language):
    """Return the blocks of the folds.

    Arguments
    ---------
    language : str
        "english", "mandarin" or "all".

    Returns
    -------
    list of tuple of str
        Five, each of one woman and one man of each language.

    Example
    -------
    >>> speaker_pairs("english")[0]
    ('0015', '0011')
    """
    groups = [x[name] for name in LANGUAGES[language] for x in (WOMEN, MEN)]
    return list(zip(*groups, strict=True))


def scan_esd(data_folder, language):
    """Find all clips and their labels.

    Arguments
    ---------
    data_folder : pathlib.Path
        The folder of the speakers' folders.
    language : str
        "english", "mandarin" or "all".

    Returns
    -------
    Scan

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "0011" / "Angry").mkdir(parents=True)
    >>> (folder / "0011" / "Angry" / "0011_000351.wav").touch()
    >>> scan = scan_esd(folder, "english")
    >>> [(x.spk_id, x.sentence, x.emotion) for x in scan.utterances]
    [('0011', 'english001', 'ang')]
    """
    spoken = {
        speaker: (name, gender)
        for gender, group in (("F", WOMEN), ("M", MEN))
        for name, speakers in group.items()
        for speaker in speakers
    }
    utterances = []
    dropped: collections.Counter[str] = collections.Counter()
    for wav in find_files(data_folder, (".wav", ".flac")):
        name = _CLIP.fullmatch(wav)
        if not name or name[1] not in spoken:
            dropped["not a clip's name"] += 1
            continue
        tongue, gender = spoken[name[1]]
        if tongue not in LANGUAGES[language]:
            dropped["other language"] += 1
            continue
        sentence = (int(name[4]) - 1) % N_SENTENCES + 1
        utterances.append(
            Utterance(
                ID=name[3],
                wav=wav,
                spk_id=name[1],
                gender=gender,
                sentence=f"{tongue}{sentence:03d}",
                emotion=name[2][:3].lower(),
                label_source="intended",
            )
        )
    return Scan(utterances, collections.Counter(), dropped)


def prepare_esd(
    data_folder,
    manifest_folder,
    fold=1,
    classes=5,
    label_source="intended",
    language="english",
    expect_complete=True,
):
    """Write the manifest of one fold of ESD, unless it is current.

    Arguments
    ---------
    data_folder : str or pathlib.Path
        The folder of the speakers' folders.
    manifest_folder : str or pathlib.Path
        Where the manifest goes.
    fold : int
        1 to 5: the block of speakers to test on.
    classes : int
        5.
    label_source : str
        "intended", the label in the path.
    language : str
        "english", "mandarin" or "all".
    expect_complete : bool
        Whether anything but all clips of the language is an error. If not,
        and a block has no speaker, the speakers that are there are cut into
        blocks.

    Raises
    ------
    ManifestError
        Saying what was found, where, and what to do.

    Example
    -------
    >>> prepare_esd("corpus", "manifest", label_source="mine")
    Traceback (most recent call last):
    ...
    data_prep.errors.ManifestError: label_source='mine' is not offered...
    """
    check_choice("classes", classes, CLASS_SETS)
    check_choice("label_source", label_source, LABEL_SOURCES)
    check_choice("language", language, LANGUAGES)
    folder = check_data_folder("ESD", data_folder, ("00[012][0-9]",))
    blocks = speaker_pairs(language)
    each = len(_EMOTIONS) * N_SENTENCES
    prepare_block_folds(
        corpus="ESD",
        scan=scan_esd(folder, language),
        expected={speaker: each for block in blocks for speaker in block},
        blocks=blocks,
        classes=CLASS_SETS[classes],
        data_folder=folder,
        manifest_folder=manifest_folder,
        fold=fold,
        expect_complete=expect_complete,
        arguments={
            "classes": classes,
            "label_source": label_source,
            "language": language,
        },
    )
