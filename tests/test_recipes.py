"""The recipes from end to end, through the command line as a user types it.

The corpora are synthetic miniatures and the models tiny: what is tested is
that everything runs, resumes and adds up, not how well it recognizes.
"""

import functools
import pathlib
import runpy
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
import torch
from emoclust_lobes.cluster_variants import VARIANTS
from emoclust_lobes.experiment import ChangedRunError
from emoclust_lobes.files import read_json
from emoclust_lobes.testing import (
    make_cremad,
    make_iemocap,
    make_pool,
    make_ravdess,
)
from sklearn.metrics import balanced_accuracy_score

ROOT = pathlib.Path(__file__).parents[1]
MAKERS = {
    "cremad": (make_cremad, {"n_speakers": 5, "n_sentences": 3}),
    "iemocap": (make_iemocap, {"n_per_emotion": 4, "n_outside": 1}),
    "ravdess": (
        make_ravdess,
        {"n_speakers": 6, "n_statements": 2, "n_repetitions": 1},
    ),
}
TINY = [
    "--expect_complete=False",
    "--speaker_encoder=stats",
    "--n_clusters=3",
    "--ecapa_channels=16",
    "--attention_channels=8",
    "--embedding_size=16",
    "--contrastive_epochs=3",
    "--steps_per_epoch=4",
    "--speakers_per_batch=2",
    "--ser_epochs=3",
    "--ser_batch_size=16",
    "--num_workers=0",
    "--device=cpu",
    "--noprogressbar",
]
SHORT = [  # one epoch of few steps
    "--contrastive_epochs=1",
    "--steps_per_epoch=2",
    "--ser_epochs=1",
    "--ser_batch_size=60",
    "--eval_batch_size=15",
]

WAV2VEC2 = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
WHISPER = {
    "d_model": 16,
    "encoder_layers": 2,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_layers": 1,
    "decoder_attention_heads": 2,
    "decoder_ffn_dim": 32,
    "vocab_size": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
}


@pytest.fixture(scope="session")
def corpora(tmp_path_factory):
    """Folder with a miniature tree of each corpus, and a pool."""
    folder = tmp_path_factory.mktemp("corpora")
    for name, (make, arguments) in MAKERS.items():
        make(folder / name, **arguments)
    make_pool(folder / "pool", n_speakers=3, n_sessions=1, n_utterances=8)
    return folder


@pytest.fixture(scope="session")
def short(corpora):
    """Options of a short run; its corpus is embedded and clustered once."""
    folders = [
        f"--{name}_folder={corpora / 'shared' / name}"
        for name in ("embedding", "manifest", "cluster")
    ]
    return [*SHORT, *folders]


def command(script, corpus, corpora, output, *options):
    """Return the command line of a script; the last word on a key counts."""
    keys = {option.split("=")[0]: option for option in [*TINY, *options]}
    name, _, front_end = corpus.partition("_")
    if front_end:  # has another encoder behind it
        del keys["--ecapa_channels"]
    return [
        sys.executable,
        script,
        f"hparams/{corpus}.yaml",
        f"--data_folder={corpora / name}",
        f"--output_folder={output}",
        *keys.values(),
    ]


def run(*arguments):
    """Run a script as a user does, from the repository's root."""
    done = subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]


def run_inside(monkeypatch, *arguments):
    """Run a script in this process, where a new one would prove no more."""
    script, *options = command(*arguments)[1:]
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", [script, *options])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    runpy.run_path(str(ROOT / script), run_name="__main__")


@pytest.fixture
def run_here(monkeypatch):
    """Function that runs a script in this process."""
    return functools.partial(run_inside, monkeypatch)


def only(folder, pattern):
    """Return the one path below a folder that matches."""
    (path,) = sorted(folder.rglob(pattern))
    return path


@pytest.mark.parametrize("corpus", sorted(MAKERS))
def test_both_stages_run_from_corpus_to_uar(corpus, corpora, tmp_path):
    run("train_contrastive.py", corpus, corpora, tmp_path, "--fold=2")
    run("train_ser.py", corpus, corpora, tmp_path, "--fold=2")
    stage1 = only(tmp_path, "contrastive/metrics.json").parent
    stage2 = only(tmp_path, "ser_contrastive/labels_1.0/metrics.json").parent
    manifest = stage1.parent / "manifest"

    # Stage 1 has measured itself on development speakers, before and after.
    metrics = read_json(stage1 / "metrics.json")
    assert 0 < metrics["cluster_auc_untrained"] < 1
    assert 0 < metrics["cluster_auc"] < 1
    history = pd.read_csv(stage1 / "history.csv")
    assert history["epoch"].tolist() == [0, 1, 2, 3]
    assert (history["train_anchors"].dropna() > 0).all()

    # The numbers of stage 2 follow from its predictions.
    metrics = read_json(stage2 / "metrics.json")
    predictions = pd.read_csv(stage2 / "predictions.csv")
    test = pd.read_csv(manifest / "test.csv", dtype=str)
    assert metrics["uar"] == pytest.approx(
        balanced_accuracy_score(predictions["truth"], predictions["prediction"])
    )
    assert predictions["ID"].tolist() == test["ID"].tolist()
    assert predictions["truth"].tolist() == test["emotion"].tolist()
    columns = [f"p_{name}" for name in metrics["classes"]]
    probabilities = predictions[columns]
    assert probabilities.sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-4)
    chosen = probabilities.idxmax(axis=1).str.removeprefix("p_")
    assert chosen.tolist() == predictions["prediction"].tolist()
    train = pd.read_csv(manifest / "train.csv", dtype=str)
    known = {
        "fold": 2,
        "system": "contrastive",
        "init": "contrastive",
        "labels": 1.0,
        "n": len(test),
        "n_train": len(train),
        "enrolled_uar": {},
    }
    assert {name: metrics[name] for name in known} == known

    # Its epochs tell how sure it is of the truth, and which was the best.
    history = pd.read_csv(stage2 / "history.csv").set_index("epoch")
    assert (history["valid_emotion_loss"] > 0).all()
    best = history.loc[metrics["best_epoch"], "valid_uar"]
    assert best == metrics["valid_uar"] == history["valid_uar"].max()
    assert "valid emotion_loss: " in (stage2 / "train_log.txt").read_text()

    # What a person looks at is there.
    for name in ("confusion.png", "learning_curves.png", "train_log.txt"):
        assert (stage2 / name).stat().st_size > 0
    for folder in (stage1, stage2):
        assert any((folder / "tensorboard").iterdir())

    # No test speaker was heard by either stage.
    heard = set((stage1 / "speakers.txt").read_text().splitlines())
    assert heard == set(train["spk_id"])
    assert not heard & set(test["spk_id"])


@pytest.mark.parametrize("pretraining", [*VARIANTS, "none"])
def test_every_pretraining_runs(
    pretraining, corpora, short, tmp_path, run_here
):
    options = [corpora, tmp_path, *short, f"--pretraining={pretraining}"]
    run_here("train_contrastive.py", "ravdess", *options)
    run_here("train_ser.py", "ravdess", *options)
    metrics = read_json(
        only(tmp_path, f"ser_{pretraining}/labels_1.0/metrics.json")
    )
    assert metrics["system"] == metrics["init"] == pretraining
    if pretraining == "none":
        assert not list(tmp_path.rglob("none/*"))  # of a stage 1
        return
    stage1 = only(tmp_path, f"{pretraining}/history.csv")
    losses = {
        column.removeprefix("train_")
        for column in pd.read_csv(stage1)
        if column.endswith("_loss") and column != "train_loss"
    }
    variant = VARIANTS[pretraining]
    assert ("contrastive_loss" in losses) == variant.contrastive
    assert ("speaker_loss" in losses) == bool(variant.speaker)


@pytest.fixture(scope="module")
def losses(corpora, short, tmp_path_factory):
    """Function that gives the losses of stage 1 with options, by epoch."""

    @functools.cache
    def train(*options):
        folder = tmp_path_factory.mktemp("losses")
        with pytest.MonkeyPatch.context() as monkeypatch:
            options = [corpora, folder, *short, *options]
            run_inside(monkeypatch, "train_contrastive.py", "ravdess", *options)
        history = pd.read_csv(only(folder, "contrastive/history.csv"))
        return history["train_loss"].dropna().tolist()

    return train


TWO_EPOCHS = "--contrastive_epochs=2"


@pytest.mark.parametrize(
    "options",
    [
        ["--memory_size=16", "--hardness=1.0", "--negatives=all"],
        ["--positives_elsewhere=sentence", "--confidence=drop"],
        ["--confidence=weight", "--cluster_noise=0.5"],
    ],
    ids=lambda options: options[0],
)
def test_options_of_the_contrast_change_it(options, losses):
    (loss,) = losses(*options)
    assert 0 < loss < 20
    assert loss != losses(TWO_EPOCHS)[0]


def test_clusters_are_made_anew_after_an_epoch(losses):
    first, second = losses("--recluster_every=1", TWO_EPOCHS)
    assert first == losses(TWO_EPOCHS)[0]
    assert second != losses(TWO_EPOCHS)[1]


def test_the_contrast_goes_on_beside_few_labels(
    corpora, short, tmp_path, run_here
):
    options = [corpora, tmp_path, *short]
    run_here("train_contrastive.py", "ravdess", *options)
    joint = ["--ser_contrastive_weight=0.3", "--labels=0.5", "--system=joint"]
    run_here("train_ser.py", "ravdess", *options, *joint)
    folder = only(tmp_path, "ser_joint/labels_0.5/metrics.json").parent
    history = pd.read_csv(folder / "history.csv")
    assert (history["train_contrastive_loss"] > 0).all()
    assert (history["train_anchors"] > 0).all()
    metrics = read_json(folder / "metrics.json")
    train = pd.read_csv(corpora / "shared/manifest/train.csv")
    kept = train.groupby("emotion").size() / 2
    assert metrics["n_train"] == kept.round().sum()
    assert (metrics["system"], metrics["init"]) == ("joint", "contrastive")


def test_speakers_are_enrolled_with_more_and_more_clips(
    corpora, short, tmp_path, run_here
):
    options = [*short, "--pretraining=none", "--enrolment=True"]
    counts = "--enrolled_counts=[0, 2, all]"
    run_here("train_ser.py", "ravdess", corpora, tmp_path, *options, counts)
    folder = only(tmp_path, "ser_none/labels_1.0/metrics.json").parent
    metrics = read_json(folder / "metrics.json")
    predictions = pd.read_csv(folder / "predictions.csv", dtype=str)
    test = pd.read_csv(corpora / "shared/manifest/test.csv", dtype=str)
    counts = ["0", "2", "all"]
    assert predictions["enrolled"].unique().tolist() == counts
    assert list(metrics["enrolled_uar"]) == counts
    for count, rows in predictions.groupby("enrolled"):
        assert rows["ID"].tolist() == test["ID"].tolist()
        assert metrics["enrolled_uar"][count] == pytest.approx(
            balanced_accuracy_score(rows["truth"], rows["prediction"])
        )
    assert metrics["uar"] == metrics["enrolled_uar"]["all"]
    assert metrics["n"] == len(test)
    # The clips tell something: the probabilities depend on them.
    ways = predictions.set_index(["enrolled", "ID"]).filter(like="p_")
    assert not ways.loc["0"].equals(ways.loc["2"])
    assert not ways.loc["2"].equals(ways.loc["all"])


def test_a_frozen_encoder_stays_as_it_is(corpora, short, tmp_path, run_here):
    def train(script, *options):
        run_here(script, "ravdess", corpora, tmp_path, *short, *options)

    train("train_contrastive.py")
    frozen = ["--freeze_encoder=True", "--ser_speaker_weight=0"]
    train("train_ser.py", *frozen, "--class_balance=none")
    before = torch.load(only(tmp_path, "contrastive/embedding_model.ckpt"))
    checkpoints = only(tmp_path, "ser_contrastive").rglob("embedding_model.*")
    (checkpoint,) = checkpoints
    after = torch.load(checkpoint)
    # BatchNorm's statistics are among them.
    assert any("running_mean" in name for name in after)
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_classes_are_balanced_by_sampling_too(
    corpora, short, tmp_path, run_here
):
    options = [*short, "--pretraining=none", "--class_balance=sampling"]
    run_here("train_ser.py", "ravdess", corpora, tmp_path, *options)
    assert only(tmp_path, "ser_none/labels_1.0/metrics.json")
    with pytest.raises(ValueError, match="weights, sampling or none"):
        options[-1] = "--class_balance=magic"
        run_here("train_ser.py", "ravdess", corpora, tmp_path, *options)


@pytest.fixture(scope="session")
def ssl_models(tmp_path_factory):
    """Function that gives the folder of a tiny random front end."""
    transformers = pytest.importorskip("transformers")

    def make(kind):
        folder = tmp_path_factory.mktemp(kind)
        torch.manual_seed(0)
        if kind == "whisper":
            config = transformers.WhisperConfig(**WHISPER)
            extractor = transformers.WhisperFeatureExtractor()
        else:
            config = transformers.Wav2Vec2Config(**WAV2VEC2)
            extractor = transformers.Wav2Vec2FeatureExtractor()
        transformers.AutoModel.from_config(config).save_pretrained(folder)
        extractor.save_pretrained(folder)
        return folder

    return functools.cache(make)


FRONT_END = ["--ssl_layers=[1, 2]", "--hidden_size=8", "--eval_batch_size=4"]


@pytest.mark.parametrize("kind", ["wav2vec2", "whisper"])
def test_features_of_a_frozen_front_end_are_cached_for_both_stages(
    kind, ssl_models, corpora, short, tmp_path, run_here
):
    folder = f"--ssl_hub={ssl_models(kind)}"
    options = [corpora, tmp_path, *short, folder, *FRONT_END]
    run_here("train_contrastive.py", "ravdess_wav2vec2", *options)
    cached = only(tmp_path, "features")
    before = {x: x.stat().st_mtime_ns for x in cached.iterdir()}
    run_here("train_ser.py", "ravdess_wav2vec2", *options)
    assert {x: x.stat().st_mtime_ns for x in cached.iterdir()} == before
    metrics = read_json(only(tmp_path, "labels_1.0/metrics.json"))
    assert metrics["init"] == "contrastive"
    assert not list(tmp_path.rglob("compute_features.ckpt"))


def test_a_front_end_that_trains_is_handed_from_stage_to_stage(
    ssl_models, corpora, short, tmp_path, run_here
):
    folder = ssl_models("wav2vec2")
    options = [*short, *FRONT_END, f"--ssl_hub={folder}"]
    # Stage 2 shall leave it as it is, to see what it started from.
    options += ["--ssl_trainable_layers=1", "--ser_front_end_lr=0.0"]
    options += ["--contrastive_front_end_lr=0.01"]
    run_here(
        "train_contrastive.py", "ravdess_wav2vec2", corpora, tmp_path, *options
    )
    run_here("train_ser.py", "ravdess_wav2vec2", corpora, tmp_path, *options)
    left = torch.load(only(tmp_path, "contrastive/compute_features.ckpt"))
    (taken,) = only(tmp_path, "labels_1.0").rglob("compute_features.ckpt")
    taken = torch.load(taken)
    published = transformers_weights(folder)
    moved = set()
    for name, value in left.items():
        assert torch.equal(taken[name], value)
        own = [x for x in published if name.endswith(x)]
        if own and not torch.equal(value, published[own[0]]):
            moved.add(own[0].split(".layers.")[-1][0])
    assert moved == {"1"}
    assert not list(tmp_path.rglob("features"))


def transformers_weights(folder):
    """Weights of a model as the library reads them."""
    import transformers

    return transformers.AutoModel.from_pretrained(folder).state_dict()


def test_unlabelled_pools_join_or_replace_the_training_speakers(
    corpora, tmp_path, run_here
):
    options = [corpora, tmp_path, *SHORT]
    pools = f"--pools=[own, {corpora / 'pool'}]"
    run_here("train_contrastive.py", "ravdess", *options, pools)
    heard = only(tmp_path, "contrastive/speakers.txt").read_text().splitlines()
    assert sum(name.startswith("pool/") for name in heard) == 3
    assert any(name.startswith("Actor_") for name in heard)
    with pytest.raises(ChangedRunError, match="now pools"):
        run_here("train_contrastive.py", "ravdess", *options)


def test_without_development_data_the_last_epoch_is_tested(
    corpora, tmp_path, run_here
):
    options = [corpora, tmp_path, "--protocol=sessions-nodev"]
    run_here("train_contrastive.py", "iemocap", *options)
    run_here("train_ser.py", "iemocap", *options)
    stage1 = read_json(only(tmp_path, "contrastive/metrics.json"))
    stage2 = read_json(
        only(tmp_path, "ser_contrastive/labels_1.0/metrics.json")
    )
    assert (stage1["best_epoch"], stage1["cluster_auc"]) == (3, None)
    assert (stage2["best_epoch"], stage2["valid_uar"]) == (3, None)


def test_stage_2_without_stage_1_says_what_to_do(
    corpora, short, tmp_path, run_here
):
    with pytest.raises(FileNotFoundError, match="Run train_contrastive.py"):
        run_here("train_ser.py", "ravdess", corpora, tmp_path, *short)


def test_weights_of_another_fold_are_refused(
    corpora, short, tmp_path, run_here
):
    run_here("train_contrastive.py", "ravdess", corpora, tmp_path, *short)
    other = only(tmp_path, "contrastive/embedding_model.ckpt").parent
    options = [*SHORT, "--fold=3", f"--init={other}"]
    with pytest.raises(ValueError, match="of the test speakers"):
        run_here("train_ser.py", "ravdess", corpora, tmp_path, *options)


def test_a_debugging_run_leaves_no_result(corpora, short, tmp_path, run_here):
    options = [corpora, tmp_path, *short, "--debug"]
    run_here("train_contrastive.py", "ravdess", *options)
    run_here("train_ser.py", "ravdess", *options, "--pretraining=none")
    assert not list(tmp_path.rglob("metrics.json"))
    assert not list(tmp_path.rglob("*.ckpt"))


def test_a_finished_test_is_not_repeated(corpora, short, tmp_path, run_here):
    arguments = ["train_ser.py", "ravdess", corpora, tmp_path, *short]
    arguments += ["--pretraining=none"]
    run_here(*arguments)
    metrics = only(tmp_path, "ser_none/labels_1.0/metrics.json")
    checkpoints = set(metrics.parent.rglob("CKPT*"))
    written = metrics.stat().st_mtime_ns
    run_here(*arguments)
    assert metrics.stat().st_mtime_ns == written
    assert set(metrics.parent.rglob("CKPT*")) == checkpoints


def kill_when(ready, arguments):
    """Start a script and kill it soon after a condition holds."""
    process = subprocess.Popen(
        command(*arguments),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and not ready():
        time.sleep(0.01)
    time.sleep(0.2)
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it ended before it was killed"


def first_epoch_logged(folder):
    return any(
        "epoch: 1," in p.read_text() for p in folder.rglob("train_log.*")
    )


def saved_inside_the_second_epoch(folder):
    metas = [p.read_text() for p in folder.rglob("CKPT.yaml")]
    return first_epoch_logged(folder) and any("intra" in m for m in metas)


# What is measured or kept over many steps must survive, too.
STATEFUL = ["--pretraining=multitask", "--memory_size=32"]
STATEFUL += ["--recluster_every=1", "--steps_per_epoch=20"]
JOINT = ["--init=none", "--ser_contrastive_weight=0.3", "--memory_size=32"]
JOINT += ["--enrolment=True"]


@pytest.mark.parametrize(
    "script, options, ready, outcome",
    [
        (
            "train_contrastive.py",
            ["--steps_per_epoch=12"],
            first_epoch_logged,
            "contrastive",
        ),
        (
            "train_contrastive.py",
            [*STATEFUL, "--ckpt_interval_steps=6"],
            saved_inside_the_second_epoch,
            "multitask",
        ),
        (
            "train_ser.py",
            [*JOINT, "--ser_batch_size=8"],
            first_epoch_logged,
            "ser_none/labels_1.0",
        ),
    ],
    ids=["stage 1", "stage 1 inside an epoch", "stage 2"],
)
def test_a_killed_run_ends_as_if_it_had_not_been_killed(
    script, options, ready, outcome, corpora, tmp_path
):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    run(script, "cremad", corpora, whole, *options)
    arguments = [script, "cremad", corpora, killed, *options]
    kill_when(lambda: ready(killed), arguments)
    assert not list(killed.rglob(f"{outcome}/metrics.json"))
    run(*arguments)
    names = ["metrics.json", "history.csv"]
    if script == "train_ser.py":
        names.append("predictions.csv")
    for name in names:
        assert (
            only(killed, f"{outcome}/{name}").read_bytes()
            == only(whole, f"{outcome}/{name}").read_bytes()
        )
