"""The vectors of a speaker encoder on disk, read through a memory map.

``<embedding_folder>/<encoder>/`` serves all folds and seeds of a corpus:
``vectors-<identity>.f32`` is raw float32, a row per vector, only appended to;
``index`` a line of JSON (identity, dimensions and number of rows), then a record
per utterance, sorted by ID: its signature and its row. The index is written whole
or not at all and says which rows count: what was embedded again has a new one.
"""

import json
import pathlib

import numpy as np
from data_prep.errors import EmoclustError
from data_prep.storage.files import fingerprint
from emoclust_lobes.embeddings.joined import JoinedCaches, split_encoders

from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)


class EmbeddingError(EmoclustError):
    """Embeddings cannot be computed or are missing; says which and why."""


def cache_path(embedding_folder, encoder):
    """Folder of an encoder's cache."""
    return pathlib.Path(embedding_folder) / encoder


class EmbeddingCache:
    """Looks up vectors without reading the others.

    ``index`` has a record ``id`` (UTF-8), ``signature`` and ``row`` of each
    utterance, sorted by ID; ``vectors`` is float32 [rows, dim].
    """

    def __init__(self, folder):
        try:
            with open(folder / "index", "rb") as stream:
                header = json.loads(stream.readline())
                record = index_type(header["id_bytes"])
                self.index = _mapped(stream, record, offset=stream.tell())
            self.identity, self.dim = header["identity"], header["dim"]
            path = vectors_path(folder, self.identity)
            shape = (header["rows"], self.dim)
            self.vectors = _mapped(path, np.dtype("<f4"), shape=shape)
            if self.index["row"].max() >= header["rows"]:
                raise ValueError("it speaks of vectors that are not there")
        # Of a header that is other JSON, a TypeError
        except (FileNotFoundError, KeyError, TypeError, ValueError) as error:
            raise EmbeddingError(
                f"the embeddings at {folder} are damaged ({error}): embed the "
                "utterances again, and they are made anew"
            ) from error

    def __len__(self):
        """Number of utterances."""
        return len(self.index)

    def positions(self, ids):
        """Place of each ID in the index, -1 where it has none, shape [n]."""
        names = encoded(ids)
        known = self.index["id"]
        # A longer name is cut to fit, and then is not the one that is found.
        places = np.searchsorted(known, names.astype(known.dtype))
        places = places.clip(max=len(known) - 1)
        return np.where(known[places] == names, places, -1)

    def is_current(self, ids, signatures):
        """Whether each vector is of the file as it is now, bool, shape [n].

        The signatures [n, 4] are those of ``sign_utterances``.
        """
        places = self.positions(ids)
        same = self.index["signature"][places] == signatures
        return (places >= 0) & same.all(axis=1)

    def select(self, ids):
        """Vectors of these utterances, in their order, float32 [n, dim]."""
        ids = list(ids)
        places = self.positions(ids)
        missing = [ids[n] for n in np.flatnonzero(places < 0)]
        if missing:
            raise EmbeddingError(
                f"{len(missing)} of {len(ids)} utterances have no "
                f"{self.identity['name']} embedding, among them "
                f"{', '.join(missing[:5])}: embed the utterances first"
            )
        return self.vectors[self.index["row"][places]]


def read_cache(embedding_folder, encoder):
    """Open the cache of an encoder, or of several (``"campplus+ge2e"``)."""
    names = split_encoders(encoder)
    if len(names) > 1:
        return JoinedCaches([read_cache(embedding_folder, x) for x in names])
    folder = cache_path(embedding_folder, encoder)
    cache = find_cache(folder)
    if cache is None:
        raise EmbeddingError(
            f"no embeddings at {folder}: embed the utterances first"
        )
    return cache


def find_cache(folder) -> EmbeddingCache | None:
    """Open the cache in a folder, or return ``None`` where there is none."""
    return EmbeddingCache(folder) if (folder / "index").exists() else None


def whole_cache(folder) -> EmbeddingCache | None:
    """Open the cache in a folder that is written; None for a damaged one."""
    try:
        return find_cache(folder)
    except EmbeddingError as error:
        logger.warning(str(error))
        return None


def _mapped(file, dtype, **options):
    return np.asarray(np.memmap(file, dtype, mode="r", **options))


def vectors_path(folder, identity):
    """File of the vectors; those of another encoder have another name."""
    return folder / f"vectors-{fingerprint(identity)[:16]}.f32"


def encoded(ids):
    """Return the UTF-8 of IDs as an array of bytes, shape [n]."""
    return np.char.encode(np.asarray(ids, dtype=str), "utf-8")


def index_type(id_bytes):
    """Type of a record of the index whose IDs have up to so many bytes."""
    return np.dtype(
        [("id", f"S{id_bytes}"), ("signature", "<i8", 4), ("row", "<i8")]
    )
