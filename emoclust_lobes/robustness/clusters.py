"""Whether clusters are still emotions in other channels, or the channel."""

import pathlib

import numpy as np
import pandas as pd
from data_prep.storage.files import file_digest, fingerprint, replacing
from emoclust_lobes.clustering.agreement import agreement
from emoclust_lobes.clustering.algorithms import cluster_speaker, speaker_seed
from emoclust_lobes.clustering.centering import remove_speaker
from emoclust_lobes.encoders.speaker_encoders import load_speaker_encoder
from emoclust_lobes.evaluation.bootstrap import mean_interval
from emoclust_lobes.robustness.conditions import CLEAN
from emoclust_lobes.robustness.listening import Listening

MEASURES = ("emotion", "mixed_emotion", "mixed_channel")


def embed_conditions(encoder, manifest, data_folder, conditions, kept, device):
    """Return a manifest's utterances, and their vectors [n, dim] by condition.

    What is in the folder ``kept`` is not computed again.
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


def agreements(utterances, vectors):
    """Compare the clusters inside each speaker with emotions and channels.

    ``emotion`` is their AMI with emotions where all is heard under the
    condition, ``mixed_*`` that where every other clip of an emotion is clean.
    """
    emotions = utterances["emotion"].to_numpy()
    ids = utterances["ID"].to_numpy()
    rows = []
    for condition, those in vectors.items():
        for speaker, own in utterances.groupby("spk_id").indices.items():
            own = own[ids[own].argsort()]
            truth, clean = emotions[own], vectors[CLEAN][own]
            seed = speaker_seed(0, speaker)
            options = (len(set(emotions)), "kmeans", 10, seed)
            found = [_ami(those[own], truth, options), np.nan, np.nan]
            if condition != CLEAN:
                channel = pd.Series(truth).groupby(truth).cumcount() % 2
                channel = channel.to_numpy()
                mixed = np.where(channel[:, None] == 1, those[own], clean)
                found[1:] = (_ami(mixed, x, options) for x in (truth, channel))
            measured = dict(zip(MEASURES, found, strict=True))
            rows.append(
                {"condition": condition, "speaker": speaker, **measured}
            )
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
        measured = {x: wide[x, condition] for x in MEASURES}
        measured["loss"] = wide["emotion", CLEAN] - wide["emotion", condition]
        for name, values in measured.items():
            known = values.dropna()
            line[name] = known.mean()
            line[f"{name}_low"], line[f"{name}_high"] = mean_interval(known)
        lines.append(line)
    return pd.DataFrame(lines)
