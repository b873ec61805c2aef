"""The manifest and the vectors of a split, put together by hand."""

import numpy as np
from data_prep.manifests.manifest import Source, read_manifest
from emoclust_lobes.embeddings.extraction import read_embeddings


def read_split(fold, split, encoders=None):
    """The utterances of a split, and their vectors side by side."""
    table = read_manifest(
        Source(str(fold["manifest_folder"] / f"{split}.csv"), "data")
    )
    parts = [
        read_embeddings(fold["embedding_folder"], encoder, table["ID"])
        for encoder in encoders or fold["encoders"]
    ]
    return table, np.concatenate(parts, axis=1).astype(np.float64)
