"""Both stages with a pretrained front end before the encoder."""

import pytest
import torch
from data_prep.storage.files import read_json
from emoclust_lobes.experiment.command_line import Refused

from tests.training.recipe_runs import FRONT_END, only


@pytest.mark.parametrize("kind", ["wav2vec2", "whisper"])
def test_features_of_a_frozen_front_end_are_cached_for_both_stages(
    kind, ssl_models, corpora, short, tmp_path, run_here
):
    folder = f"--ssl_hub={ssl_models(kind)}"
    options = [corpora, tmp_path, *short, folder, *FRONT_END]
    run_here("train_contrastive.py", "ravdess_wav2vec2", *options)
    cached = only(tmp_path, "features")
    # An older filelock empties a lock that it takes
    files = [x for x in cached.iterdir() if x.name != ".lock"]
    before = {x: x.stat().st_mtime_ns for x in files}
    run_here("train_ser.py", "ravdess_wav2vec2", *options)
    assert {x: x.stat().st_mtime_ns for x in files} == before
    assert {*cached.iterdir()} == {*files, cached / ".lock"}
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


def test_a_trained_front_end_serves_runs_that_test_on_others(
    ssl_models, corpora, short, tmp_path, run_here
):
    options = [*short, *FRONT_END, f"--ssl_hub={ssl_models('whisper')}"]
    options += ["--pretraining=none", "--ssl_trainable_layers=1"]
    options += ["--keep_front_end=True", "--ser_front_end_lr=0.01"]
    first = [corpora, tmp_path / "first", *options]
    run_here("train_ser.py", "ravdess_wav2vec2", *first)
    kept = only(tmp_path / "first", "labels_1.0/front_end")
    ran = only(tmp_path / "first", "labels_1.0").rglob("compute_features.ckpt")
    trained = torch.load(next(ran))
    exported = transformers_weights(kept)
    same = {x: y for x in trained for y in exported if x.endswith(y)}
    assert same and all(
        torch.equal(trained[x], exported[y]) for x, y in same.items()
    )

    def frozen(corpus, fold):
        # The last word on a key counts
        again = [f"--ssl_hub={kept}", "--ssl_trainable_layers=0"]
        again += ["--keep_front_end=False", f"--fold={fold}"]
        again += [f"--manifest_folder={tmp_path}/manifest_{corpus}{fold}"]
        again = [corpora, tmp_path / f"{corpus}{fold}", *options, *again]
        run_here("train_ser.py", f"{corpus}_wav2vec2", *again)

    frozen("cremad", fold=1)
    with pytest.raises(Refused, match="has seen 1 of the test speakers"):
        frozen("ravdess", fold=2)


def test_a_front_end_that_does_not_train_is_not_kept(
    ssl_models, corpora, short, tmp_path, run_here
):
    options = [*short, *FRONT_END, f"--ssl_hub={ssl_models('whisper')}"]
    with pytest.raises(Refused, match="give --ssl_trainable_layers"):
        run_here(
            "train_ser.py",
            "ravdess_wav2vec2",
            corpora,
            tmp_path,
            *options,
            "--keep_front_end=True",
        )
    assert not list(tmp_path.rglob("train_log.txt"))
