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
    hardness=0.0,
    contexts=None,
    weights=None,
    n_anchors=None,
):
    """The formula read aloud: one anchor, one positive, one pair at a time.

    What is remembered stands behind the ``n_anchors`` of the batch.
    """
    n = len(embeddings)
    unit = [e / np.linalg.norm(e) for e in np.asarray(embeddings, np.float64)]
    weight = [1.0] * n if weights is None else weights
    total_loss, total_weight, used = 0.0, 0.0, 0
    for a in range(n if n_anchors is None else n_anchors):
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
        hard = {k: math.exp(hardness * cosine[k]) for k in pushes}
        mean_hard = sum(hard.values()) / len(pushes)
        total = sum(score[k] for k in pulls)
        total += sum(score[k] * hard[k] / mean_hard for k in pushes)
        loss = 0.0
        for p in pulls:
            loss -= weight[p] * math.log(score[p] / total)
        total_loss += weight[a] * loss / sum(weight[p] for p in pulls)
        total_weight += weight[a]
        used += 1
    return (total_loss / total_weight if used else 0.0), used


def random_batch(n, seed, dim=5):
    """Everything an utterance can have, as the loss takes it."""
    rng = np.random.default_rng(seed)
    return {
        "embeddings": torch.tensor(rng.normal(size=(n, dim))).float(),
        "speakers": torch.tensor(rng.integers(0, 2, n)),
        "clusters": torch.tensor(rng.integers(0, 3, n)),
        "contexts": torch.tensor(rng.integers(-1, 2, n)),
        "weights": torch.tensor(rng.uniform(0.1, 1, n)).float(),
    }
