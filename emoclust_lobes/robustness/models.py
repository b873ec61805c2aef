"""Models, and what they recognize under each condition."""

import pathlib
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from data_prep.errors import EmoclustError
from data_prep.manifests.manifest import Source, read_manifest
from data_prep.manifests.summary import read_summary
from data_prep.storage.files import (
    file_digest,
    fingerprint,
    read_json,
    replacing,
)
from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.enrolment.draws import ALL, draw_enrolled
from emoclust_lobes.inference.load import load_model
from emoclust_lobes.robustness.listening import Listening
from emoclust_lobes.training.seen_speakers import SPEAKERS, refuse_seen_speakers

from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)


class Candidate(NamedTuple):
    """A model's folder, the manifest of its test speakers, and its names."""

    model: str
    manifest: str
    system: str
    fold: int
    seed: int
    n_train: int

    @property
    def digest(self):
        """Of what decides its predictions."""
        files = sorted(pathlib.Path(self.model).glob("*"))
        small = [x for x in files if x.name != "front_end.ckpt" and x.is_file()]
        return fingerprint([file_digest(x) for x in [*small, self.manifest]])


def describe_model(model, manifest, system=None):
    """Read the names of a model; refuse one that has heard its test speakers."""
    folder = pathlib.Path(model)
    metrics = read_json(folder / "metrics.json")
    if metrics is None:
        raise EmoclustError(
            f"{folder} has no metrics.json: give the folder `inference` that "
            "train_ser.py leaves"
        )
    told = [x for x in (folder, folder.parent) if (x / SPEAKERS).is_file()]
    if told:
        corpus = read_summary(pathlib.Path(manifest).parent)["corpus"] + "/"
        names = read_manifest(Source(str(manifest), ""))["spk_id"].unique()
        known = {corpus + x.removeprefix(corpus): x for x in names}
        refuse_seen_speakers(told[0], known)
    else:
        logger.warning(
            f"{folder} does not tell whom it has seen: make sure that "
            f"{manifest} has others"
        )
    names = [metrics[x] for x in ("fold", "seed", "n_train")]
    return Candidate(
        str(model), str(manifest), system or metrics["system"], *names
    )


def find_models(folder, system):
    """Describe the models of all runs below a folder of results."""
    found = sorted(pathlib.Path(folder).rglob("ser_*/labels_*/inference"))
    if not found:
        raise EmoclustError(
            f"no ser_*/labels_*/inference below {folder}: run train_ser.py first"
        )
    return [
        describe_model(x, x.parents[2] / "manifest" / "test.csv", system)
        for x in found
    ]


def recognize(tested, data_folder, conditions, kept, device, trust=False):
    """Let models that have one manifest hear it under each condition.

    Returns their predictions: ``model, condition, ID, spk_id, truth, prediction``.
    What is in the folder ``kept`` is not computed again.
    """
    key = fingerprint([x.digest for x in tested])
    paths = {x: pathlib.Path(kept, f"{key[:16]}_{x}.csv") for x in conditions}
    missing = [x for x in conditions if not paths[x].exists()]
    if missing:
        models = [load_model(x.model, device, trust) for x in tested]
        share_front_ends(models)
        rates = {model.hparams.sample_rate for model in models}
        if len(rates) > 1:
            raise EmoclustError(
                f"models of one manifest take {sorted(rates)} Hz: test them "
                "one by one"
            )
        listening = Listening(tested[0].manifest, data_folder, rates.pop())
        for condition in missing:
            table = _hear(tested, models, listening, condition)
            with replacing(paths[condition]) as stream:
                table.to_csv(stream, index=False)
    tables = [
        pd.read_csv(path, dtype=str, keep_default_na=False)
        for path in paths.values()
    ]
    return pd.concat(tables, ignore_index=True)


@torch.inference_mode()
def _hear(tested, models, listening, condition):
    """Embed everything with every model, and classify it."""
    vectors: list = [[] for _ in models]
    for waveform in listening.under(condition):
        for model, own in zip(models, vectors, strict=True):
            batch = waveform[None].to(model.device)
            own.append(model.encode_batch(batch)[0, 0].float())
    rows = listening.utterances
    tables = []
    for each, model, own in zip(tested, models, vectors, strict=True):
        classes = np.array(model.hparams.classes)
        unknown = sorted(set(rows["emotion"]) - set(classes))
        if unknown:
            raise EmoclustError(
                f"{each.manifest} has the emotions {unknown}, and {each.model} "
                f"the classes {classes.tolist()}: give the manifest of the same "
                "label set"
            )
        table = rows[["ID", "spk_id"]].assign(
            truth=rows["emotion"],
            prediction=classes[_classify(model, torch.stack(own), rows)],
        )
        table.insert(0, "model", each.model)
        table.insert(1, "condition", condition)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _classify(model, embeddings, rows):
    """Return the most probable class of each embedding [n, dim].

    Where the model knows enrolment, by all others of the speaker, too.
    """
    classifier = model.mods.classifier
    if not model.hparams.enrolment:
        return classifier(embeddings).argmax(dim=1).cpu().numpy()
    places = np.zeros(len(rows), dtype=int)
    for row, others in draw_enrolled(rows["ID"], rows["spk_id"], ALL, 0):
        classifier.enrol(embeddings[others])
        places[row] = classifier(embeddings[row : row + 1]).argmax().item()
    return places


class SharedFrontEnd(torch.nn.Module):
    """A front end that remembers what it has made of its last waveforms."""

    def __init__(self, front_end):
        super().__init__()
        self.front_end = front_end
        self.last = None

    def forward(self, wavs, wav_lens=None):
        """Return the frames; the same waveforms' are not computed again."""
        if self.last is None or not torch.equal(self.last[0], wavs):
            self.last = (wavs, self.front_end(wavs, wav_lens))
        return self.last[1]


def share_front_ends(models):
    """Let models whose pretrained front ends are the same compute with one."""
    shared: list = []
    for model in models:
        own = model.mods.compute_features
        if not isinstance(own, SSLFrontEnd):
            continue
        found = next((x for x in shared if _same(own, x.front_end)), None)
        if found is None:
            found = SharedFrontEnd(own)
            shared.append(found)
        model.mods["compute_features"] = found


def _same(one, other):
    settings = ("layers", "pooled_frames", "beside_size", "rounded")
    if any(getattr(one, x, 0) != getattr(other, x, 0) for x in settings):
        return False
    ours, theirs = one.state_dict(), other.state_dict()
    # One that is not loaded yet has no weights to tell it by
    return (
        len(ours) > 0
        and ours.keys() == theirs.keys()
        and all(torch.equal(ours[name], theirs[name]) for name in ours)
    )
