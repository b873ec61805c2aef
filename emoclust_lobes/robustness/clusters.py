"""Whether clusters are still emotions in other channels, or the channel."""

import pathlib

import numpy as np
import pandas as pd
from data_prep.storage.files import file_digest, fingerprint, replacing
from emoclust_lobes.clustering.agreement import agreement
from emoclust_lobes.clustering.algorithms import cluster_speaker, speaker_seed
from emoclust_lobes.clustering.centering import remove_speaker
from emoclust_lobes.encoders.speaker_encoders import load_speaker_encoder
from emoclust_lobes.robustness.conditions import CLEAN
from emoclust_lobes.robustness.listening import Listening
from emoclust_lobes.robustness.scores import speaker_interval

MEASURES = ("emotion", "mixed_emotion", "mixed_channel")


def embed_conditions(encoder, manifest, data_folder, conditions, kept, device):
    """Embed a manifest under each condition: condition -> vectors [n, dim].

    Returns the table of utterances, too. What is in the folder ``kept`` is not
    computed again.
    """
    model = load_speaker_encoder(encoder, None, device)
    listening = Listening(manifest, data_folder, model.sample_rate)
    key = fingerprint([model.identity, file_digest(manifest)])
    vectors = {}
    for condition in conditions:
        path = pathlib.Path(kept, f"{encoder}_{key[:16]}_{condition}.npy")
        if not path.exists():
            rows = [
                model(waveform[None].to(device))[0].cpu().numpy()
                for waveform in listening.under(condition)
            ]
            with replacing(path, "wb") as stream:
                np.save(stream, np.stack(rows))
        vectors[condition] = np.load(path)
    return listening.utterances, vectors


def agreements(utterances, vectors, n_clusters=None, n_init=10, seed=0):
    """Compare the clusters inside each speaker with emotions and channels.

    Arguments
    ---------
    utterances : pandas.DataFrame
        With ``ID, spk_id`` and ``emotion``.
    vectors : dict
        Condition -> embeddings [n, dim]; clean ones among them.
    n_clusters, n_init, seed : int
        Of k-means; as many clusters as emotions without a number.

    Returns
    -------
    pandas.DataFrame
        A row for each condition and speaker: ``emotion``, the AMI of clusters
        and emotions where all is heard under the condition; ``mixed_emotion``
        and ``mixed_channel``, that with emotions and with the channel where
        every other clip of an emotion is clean (NaN for clean speech).

    Example
    -------
    >>> table = pd.DataFrame(
    ...     {"ID": list("abcdefgh"), "spk_id": "s", "emotion": list("xxxxyyyy")}
    ... )
    >>> clean = np.repeat(np.eye(3)[:2], 4, axis=0)
    >>> far = clean + 9 * np.eye(3)[2]  # the channel is stronger
    >>> found = agreements(table, {"clean": clean, "far": far})
    >>> print(found.loc[1, ["emotion", "mixed_channel"]].astype(float).tolist())
    [1.0, 1.0]
    """
    emotions = utterances["emotion"].to_numpy()
    n_clusters = n_clusters or len(set(emotions))
    rows = []
    for condition, those in vectors.items():
        for speaker, own in utterances.groupby("spk_id").indices.items():
            own = own[utterances["ID"].to_numpy()[own].argsort()]
            truth = emotions[own]
            options = (
                n_clusters,
                "kmeans",
                n_init,
                speaker_seed(seed, speaker),
            )
            row = {
                "condition": condition,
                "speaker": speaker,
                **dict.fromkeys(MEASURES, np.nan),
            }
            row["emotion"] = _ami(those[own], truth, options)
            if condition != CLEAN:
                places = pd.Series(truth).groupby(truth).cumcount() % 2
                channel = places.to_numpy()
                mixed = np.where(
                    channel[:, None] == 1, those[own], vectors[CLEAN][own]
                )
                row["mixed_emotion"] = _ami(mixed, truth, options)
                row["mixed_channel"] = _ami(mixed, channel, options)
            rows.append(row)
    return pd.DataFrame(rows)


def _ami(vectors, labels, options):
    """Cluster a speaker's vectors, and compare; NaN with one label only."""
    if len(set(labels)) < 2:
        return np.nan
    clusters = cluster_speaker(remove_speaker(vectors), *options)
    return float(agreement(labels, clusters[None])["ami"][0])


def summarize_agreements(encoder, table):
    """Average over speakers, with intervals, and what is lost against clean."""
    wide = table.pivot(index="speaker", columns="condition")
    lines = []
    for condition in table["condition"].unique():
        line = {"encoder": encoder, "condition": condition}
        for measure in MEASURES:
            values = wide[measure, condition].dropna()
            low, high = speaker_interval(values)
            line |= {
                measure: values.mean(),
                f"{measure}_low": low,
                f"{measure}_high": high,
            }
        lost = (wide["emotion", CLEAN] - wide["emotion", condition]).dropna()
        line["loss"] = lost.mean()
        line["loss_low"], line["loss_high"] = speaker_interval(lost)
        lines.append(line)
    return pd.DataFrame(lines)
