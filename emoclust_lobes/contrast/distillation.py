"""Distillation: what of a speaker's vectors is not the speaker, regressed.

What the contrast is given as clusters are directions of the speaker encoder's
vectors away from their speaker's mean. Here the directions are learned
themselves: is it the clusters that bring something, or what they are made of?
"""

import hashlib

import pandas
import torch
from data_prep.manifests.manifest import read_manifests
from emoclust_lobes.clustering.centering import (
    remove_sentences,
    remove_speakers,
    scale_columns,
    sentences_of,
)
from emoclust_lobes.embeddings.cache import read_cache


class DistillationTargets:
    """What a distillation regresses: a direction for each utterance.

    The cached vector of the speaker encoder without its speaker's mean, at
    length one: exactly what is clustered inside the speakers. Where nothing is
    left, of a speaker's only utterance, it is zero.

    Arguments
    ---------
    sources : list of Source
        Manifests; a speaker's mean is that of the utterances in them.
    embedding_folder : str or pathlib.Path
        Where ``embed_utterances`` keeps its cache.
    encoder : str
        Name of the speaker encoder.
    without_sentences : bool
        As for ``cluster_utterances``.

    Attributes
    ----------
    vectors : torch.Tensor
        float32, shape [utterances, dim], in the order of the manifests.
    fingerprint : str
        What tells these vectors, and whose they are, from any others.

    Raises
    ------
    EmbeddingError
        When embeddings are missing.

    Example
    -------
    >>> from emoclust_lobes.synthetic.noise import make_noise
    >>> folder = getfixture("tmp_path")
    >>> sources = make_noise(folder, [8000, 16000, 9000, 17000])
    >>> from emoclust_lobes.embeddings.extraction import embed_utterances
    >>> embed_utterances(sources, folder / "embeddings", "stats")
    >>> targets = DistillationTargets(sources, folder / "embeddings", "stats")
    >>> targets.vectors.shape, targets.vectors.norm(dim=1).round().tolist()
    (torch.Size([4, 160]), [1.0, 1.0, 1.0, 1.0])
    """

    def __init__(
        self, sources, embedding_folder, encoder, without_sentences=False
    ):
        utterances = read_manifests(sources, numbered=True)
        cache = read_cache(embedding_folder, encoder)
        vectors = cache.select(utterances["ID"])
        digest = hashlib.sha256(vectors)
        digest.update("\n".join(utterances["ID"]).encode())
        self.fingerprint = digest.hexdigest()
        vectors = scale_columns(vectors, utterances, sources, encoder)
        speakers = utterances["spk_id"]
        if without_sentences:
            vectors = remove_sentences(
                vectors, speakers, sentences_of(utterances)
            )
        centered = remove_speakers(vectors, speakers)
        self.vectors = torch.from_numpy(centered).float()
        self.places = pandas.Index(utterances["ID"])

    def rows_of(self, ids):
        """Tell which rows of ``vectors`` are those of some utterances."""
        return self.places.get_indexer(ids)


def cosines(predicted, targets):
    """Cosine of each prediction with its target of length one or zero, [n].

    In float32, whatever the precision of the predictions.
    """
    unit = torch.nn.functional.normalize(predicted.float(), dim=-1)
    return (unit * targets).sum(dim=-1)


def distillation_loss(predicted, targets):
    """Return the mean of 1 - cosine over the rows [n, dim] with a target.

    It is half the mean squared distance of the vectors at length one. A target
    of zero is none; where there is no other, the loss is zero.
    """
    usable = targets.any(dim=-1)
    distances = usable * (1 - cosines(predicted, targets))
    return distances.sum() / usable.sum().clamp(1)
