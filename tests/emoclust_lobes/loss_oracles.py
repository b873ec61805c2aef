"""The contrastive loss as one slow loop, and random batches for it."""

import math

import numpy as np
import torch


def slow_loss(
    embeddings,
    speakers,
    clusters,
    temperature,
    negatives,
    positives="speaker",
    elsewhere="any",
    contexts=None,
):
    """The formula read aloud: one anchor, one positive, one pair at a time."""
    n = len(embeddings)
    unit = [e / np.linalg.norm(e) for e in np.asarray(embeddings, np.float64)]
    total_loss, used = 0.0, 0
    for a in range(n):
        pulls, pushes = [], []
        for k in range(n):
            if k == a:
                continue
            mine = speakers[k] == speakers[a]
            if clusters[k] == clusters[a] and (mine or positives == "all"):
                together = elsewhere != "any" and contexts[k] == contexts[a]
                if not together or contexts[a] < 0:
                    pulls.append(k)
            elif mine or negatives == "all":
                pushes.append(k)
        if not pulls or not pushes:
            continue
        cosine = {k: float(unit[a] @ unit[k]) for k in pulls + pushes}
        score = {k: math.exp(c / temperature) for k, c in cosine.items()}
        total = sum(score.values())
        losses = [-math.log(score[p] / total) for p in pulls]
        total_loss += sum(losses) / len(losses)
        used += 1
    return (total_loss / used if used else 0.0), used


def random_batch(n, seed, dim=5):
    """Everything an utterance can have, as the loss takes it."""
    rng = np.random.default_rng(seed)
    return {
        "embeddings": torch.tensor(rng.normal(size=(n, dim))).float(),
        "speakers": torch.tensor(rng.integers(0, 2, n)),
        "clusters": torch.tensor(rng.integers(0, 3, n)),
        "contexts": torch.tensor(rng.integers(-1, 2, n)),
    }
