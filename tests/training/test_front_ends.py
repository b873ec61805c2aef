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


def test_adapters_are_handed_from_stage_to_stage_and_into_the_model(
    ssl_models, corpora, short, tmp_path, run_here
):
    folder = ssl_models("whisper")
    options = [*short, *FRONT_END, f"--ssl_hub={folder}", "--ssl_lora_rank=2"]
    options += ["--ser_front_end_lr=0.01", "--contrastive_front_end_lr=0.01"]
    options += ["--pretraining=distil", "--keep_front_end=True"]
    options = ["ravdess_wav2vec2", corpora, tmp_path, *options]
    run_here("train_contrastive.py", *options)
    left = torch.load(only(tmp_path, "distil/compute_features.ckpt"))
    run_here("train_ser.py", *options)
    stage2 = only(tmp_path, "ser_distil/labels_1.0")
    (taken,) = stage2.rglob("compute_features.ckpt")
    taken = torch.load(taken)
    assert left.keys() == taken.keys()
    own = {x for x in left if ".adapter_" in x}
    assert len(own) == 2 * 2 * 2 and len(left) == len(own) + 1
    assert any(not torch.equal(left[x], taken[x]) for x in own)
    # Merged in what is kept, and in the model
    kept, published = map(transformers_weights, (stage2 / "front_end", folder))
    moved = {x for x in kept if not torch.equal(kept[x], published[x])}
    places = {f"{layer}.self_attn.{x}_proj" for layer in "01" for x in "qv"}
    assert moved == {f"encoder.layers.{x}.weight" for x in places}
    packed = torch.load(stage2 / "inference/front_end.ckpt")
    same = {x: y for x in packed for y in moved if x.endswith(y)}
    assert len(same) == 4
    assert all(torch.equal(packed[x], kept[y]) for x, y in same.items())


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
