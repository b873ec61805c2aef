"""The manifest contract: what a corpus becomes.

``train.csv``, ``valid.csv`` and ``test.csv`` of a folder hold the utterances of one
fold that have what is learned (:mod:`data_prep.annotations.targets`), ``pool.csv``
every usable utterance of its training speakers, and ``manifest.json`` says what they
are: corpus, classes, arguments, counts, utterances left out by reason, the
fingerprint of all inputs and the SHA-256 of each CSV. It is removed first and written
last: with the right fingerprint, the folder is complete. Nothing depends on the
machine: paths are relative to ``$data_root``, rows are sorted by ID.
"""

import collections
import csv
import dataclasses
import operator
import os
import pathlib
from typing import NamedTuple

import pandas
from data_prep.annotations.ratings import RATINGS, write_rating
from data_prep.errors import ManifestError
from data_prep.manifests.cells import MEMBER, read_cells
from data_prep.manifests.summary import SUMMARY
from data_prep.recordings.tar_shards import split_address
from data_prep.storage.files import file_digest, replacing, write_json

SPLITS = ("train", "valid", "test")

# Part of every fingerprint: raise it when the columns change their meaning, or
# what was taken before is refused. From 2 on, copies are looked for.
FORMAT = 2


class Source(NamedTuple):
    """One CSV of a manifest and the folder that its paths start from.

    Example
    -------
    >>> Source("results/fold_1/manifest/test.csv", "/data/RAVDESS").data_root
    '/data/RAVDESS'
    """

    csv: str
    data_root: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One row of a manifest; the fields are the columns, in order.

    Arguments
    ---------
    ID : str
        Name of the utterance, unique in its manifest.
    duration : float
        Length in seconds; 0 until the audio has been looked at.
    wav : str
        Path of the audio relative to the data root, with forward slashes, or
        its address in a tar: see :mod:`data_prep.recordings.tar_shards`.
    start, stop : int, float or None
        First sample and the one after the last, at the file's own rate; None for
        a whole file. Until the audio has been looked at, a float is in seconds.
    spk_id, gender, session, sentence : str
        Who speaks ("F", "M"), in which recording session (or video, or chapter),
        and a code of the words; "" when unknown.
    emotion, label_source : str
        Code of the class, and where it comes from; "" when unlabeled or outside the
        class set.
    votes : str
        Counts of the annotators' votes by class, such as ``ang:3|hap:1``: also
        for classes outside the class set. "" when there are none.
    arousal, valence, dominance, intensity : float or None
        What annotators say on average, on the scale of the corpus; CREMA-D's
        intensity is from 0 to 100.

    Example
    -------
    >>> Utterance(ID="u1", wav="a/u1.wav", spk_id="ann", emotion="sad").session
    ''
    """

    ID: str
    duration: float = 0.0
    wav: str
    start: int | float | None = None
    stop: int | float | None = None
    spk_id: str
    gender: str = ""
    session: str = ""
    sentence: str = ""
    emotion: str = ""
    label_source: str = ""
    votes: str = ""
    arousal: float | None = None
    valence: float | None = None
    dominance: float | None = None
    intensity: float | None = None

    def row(self):
        """Return the values of all columns, in order, as the CSV has them."""
        name, duration, wav, *others = _values(self)
        others, rated = others[: -len(RATINGS)], others[-len(RATINGS) :]
        others = ["" if value is None else value for value in others]
        others += map(write_rating, rated)
        return [name, f"{duration:.6f}", f"$data_root/{wav}", *others]


COLUMNS = tuple(field.name for field in dataclasses.fields(Utterance))
_values = operator.attrgetter(*COLUMNS)


def read_manifest(source):
    """Read one CSV of a manifest; a ManifestError says why it is none.

    Arguments
    ---------
    source : Source
        The CSV and the folder of its audio.

    Returns
    -------
    pandas.DataFrame
        One row per utterance. All columns are text ("" where empty, or where
        an older manifest lacks it), but ``duration`` is a float; ``wav`` is a path
        that can be opened, or an address in a tar.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> utterance = Utterance(ID="a", duration=1.5, wav="a.wav", spk_id="s")
    >>> write_manifest(folder, {"pool": [utterance]}, {"fingerprint": "0"})
    >>> table = read_manifest(Source(str(folder / "pool.csv"), "/data"))
    >>> table[["ID", "duration", "wav", "emotion"]].values.tolist()
    [['a', 1.5, '/data/a.wav', '']]
    """
    path, data_root = source
    if not os.path.isfile(path):
        raise ManifestError(f"There is no manifest {path}: prepare it first.")
    root = os.path.abspath(data_root).rstrip("/")
    return read_cells(path, COLUMNS, root)


def read_manifests(sources, numbered=False):
    """Read several CSVs as one table, keeping each ID once.

    Arguments
    ---------
    sources : iterable of Source
        What to read, in order; of rows with one ID the first is kept.
    numbered : bool
        Whether a last column ``manifest`` has the place in ``sources``.

    Example
    -------
    >>> from emoclust_lobes.synthetic.noise import make_noise
    >>> sources = make_noise(getfixture("tmp_path"), [800, 1600])
    >>> read_manifests([*sources, *sources])["ID"].tolist()
    ['pool0', 'pool1']
    """
    empty = pandas.DataFrame(columns=list(COLUMNS), dtype=str)
    empty["duration"] = empty["duration"].astype(float)
    tables = [read_manifest(source) for source in sources] or [empty]
    if numbered:
        tables = [x.assign(manifest=place) for place, x in enumerate(tables)]
    if len(tables) == 1:  # whose IDs are known to differ
        return tables[0]
    return pandas.concat(tables).drop_duplicates("ID", ignore_index=True)


def write_manifest(manifest_folder, tables, summary):
    """Write tables of utterances, sorted by ID, and ``manifest.json`` last.

    CSVs of an earlier manifest there are replaced or removed. ``summary`` is what
    ``manifest.json`` says before counts and files.
    """
    folder = pathlib.Path(manifest_folder)
    (folder / SUMMARY).unlink(missing_ok=True)
    counts, seconds, files = {}, {}, {}
    for split, rows in tables.items():
        path = folder / f"{split}.csv"
        with replacing(path) as stream:
            writer = csv.writer(stream, lineterminator="\n")
            if any(split_address(row.wav)[1] for row in rows):
                writer.writerow([*COLUMNS, MEMBER])
                writer.writerows(map(_with_member, rows))
            else:
                writer.writerow(COLUMNS)
                writer.writerows(row.row() for row in rows)
        counts[split] = _count(rows)
        seconds[split] = round(sum(row.duration for row in rows), 3)
        files[path.name] = file_digest(path)
    for split in {*SPLITS, "pool"} - set(tables):
        (folder / f"{split}.csv").unlink(missing_ok=True)
    write_json(
        folder / SUMMARY,
        {
            **summary,
            "utterances": {split: len(tables[split]) for split in tables},
            "seconds": seconds,
            "counts": counts,
            "files": files,
        },
    )


def _with_member(row):
    """Values of all columns and ``member``, "" outside of tars."""
    name, duration, wav, *others = row.row()
    file, place = split_address(wav)
    member = "{}:{}".format(*place) if place else ""
    return [name, duration, file, *others, member]


def _count(rows):
    """Count utterances per class ("" when unlabeled) and speaker."""
    counts: dict[str, collections.Counter[str]]
    counts = collections.defaultdict(collections.Counter)
    for row in rows:
        counts[row.emotion][row.spk_id] += 1
    return {
        emotion: dict(sorted(counts[emotion].items()))
        for emotion in sorted(counts)
    }
