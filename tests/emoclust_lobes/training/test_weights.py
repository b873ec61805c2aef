"""What stage 1 leaves is what stage 2 takes up, and nobody else's."""

import hashlib
import logging

import pytest
import torch
from data_prep.manifests.manifest import Source, Utterance, write_manifest
from emoclust_lobes.training.seen_speakers import (
    read_seen_speakers,
    refuse_seen_speakers,
    seen_among,
    speakers_in,
)
from emoclust_lobes.training.weights import (
    add_trained_parts,
    export_encoder,
    find_weights,
    initialize_encoder,
    seen_in_both_stages,
)

from speechbrain.utils.checkpoints import Checkpointer


def modules(front_end=True, frozen=False, seed=0):
    """A front end, an encoder and a head, with weights of a seed."""
    torch.manual_seed(seed)
    parts = {
        "embedding_model": torch.nn.Linear(3, 2),
        "mean_var_norm": torch.nn.Identity(),
        "projection": torch.nn.Linear(2, 2),
    }
    if front_end:
        parts["compute_features"] = torch.nn.Linear(4, 3)
        parts["compute_features"].requires_grad_(not frozen)
    return parts


def manifest(folder, corpus, **speakers):
    """Write a manifest of one split; return its CSV."""
    ((split, names),) = speakers.items()
    rows = [Utterance(ID=x, wav=f"{x}.wav", spk_id=x) for x in names]
    write_manifest(folder, {split: rows}, {"corpus": corpus})
    return Source(str(folder / f"{split}.csv"), "")


def same(module, other):
    """Whether two modules have the same weights."""
    pairs = zip(module.parameters(), other.parameters(), strict=True)
    return all(torch.equal(*pair) for pair in pairs)


def stage1(folder, speakers=("C/a", "C/b"), **options):
    """Leave what a stage 1 leaves in a folder; return its modules."""
    trained = modules(seed=7, **options)
    checkpointer = Checkpointer(folder / "save")
    add_trained_parts(checkpointer, trained)
    checkpoint = checkpointer.save_checkpoint()
    export_encoder([checkpoint], folder, speakers)
    return trained


def test_the_average_of_checkpoints_is_left(tmp_path):
    checkpointer = Checkpointer(tmp_path / "save")
    trained = [modules(seed=seed) for seed in range(3)]
    checkpoints = []
    for parts in trained:
        checkpointer.recoverables.clear()
        add_trained_parts(checkpointer, parts)
        checkpoints.append(checkpointer.save_checkpoint())
    export_encoder(checkpoints, tmp_path, ["C/a"])
    for name in ("embedding_model", "compute_features"):
        left = torch.load(tmp_path / f"{name}.ckpt")
        weights = [parts[name].state_dict() for parts in trained]
        for key, value in left.items():
            expected = torch.stack([each[key] for each in weights]).mean(dim=0)
            torch.testing.assert_close(value, expected)


@pytest.mark.parametrize("how", ["stage 1", "folder", "file"])
@pytest.mark.parametrize("front_end", [False, True])
def test_an_encoder_starts_from_the_weights_it_is_given(
    tmp_path, how, front_end
):
    folder = tmp_path / "run" / "contrastive"
    trained = stage1(folder, front_end=front_end)
    init = {
        "stage 1": "contrastive",
        "folder": str(folder),
        "file": str(folder / "embedding_model.ckpt"),
    }[how]
    parts = modules(front_end)
    head = parts["projection"].weight.clone()
    digest = initialize_encoder(parts, init, tmp_path / "run", {"C/c": "c"})
    assert len(digest) == 64
    assert same(parts["embedding_model"], trained["embedding_model"])
    if front_end:
        assert same(parts["compute_features"], trained["compute_features"])
    assert torch.equal(parts["projection"].weight, head)


def test_what_stage_1_leaves(tmp_path):
    trained = stage1(tmp_path / "both", speakers=["C/b", "C/a", "C/b"])
    stage1(tmp_path / "encoder", frozen=True)
    assert read_seen_speakers(tmp_path / "both") == {"C/a", "C/b"}
    names = ["compute_features.ckpt", "embedding_model.ckpt", "speakers.txt"]
    for folder, kept in [("both", names), ("encoder", names[1:])]:
        files = (tmp_path / folder).iterdir()
        assert sorted(x.name for x in files if x.is_file()) == kept
    state = torch.load(tmp_path / "both/compute_features.ckpt")
    assert torch.equal(state["weight"], trained["compute_features"].weight)
    # Where a front end is trained no more, no stage 2 takes up the old one.
    stage1(tmp_path / "both", frozen=True)
    assert not (tmp_path / "both/compute_features.ckpt").exists()


def test_checkpoints_hold_what_trains_and_once(tmp_path):
    parts = modules()
    parts["projection"].requires_grad_(False)
    counter = torch.nn.Linear(1, 1)  # already there under its name
    checkpointer = Checkpointer(tmp_path, {"embedding_model": counter})
    add_trained_parts(checkpointer, parts)
    assert checkpointer.recoverables == {
        "embedding_model": counter,
        "compute_features": parts["compute_features"],
    }


def test_none_changes_nothing(tmp_path):
    stage1(tmp_path / "none")  # not even where a folder has that name
    parts = modules()
    assert initialize_encoder(parts, "none", tmp_path, {}) == "none"
    for name, module in modules().items():
        assert same(parts[name], module)


def test_the_digest_tells_encoders_and_front_ends_apart(tmp_path):
    def digest():
        return initialize_encoder(modules(), "contrastive", tmp_path, {})

    folder = tmp_path / "contrastive"
    stage1(folder)
    digests = [digest(), digest()]
    assert digests[0] == digests[1]
    both = [
        folder / f"{x}.ckpt" for x in ("compute_features", "embedding_model")
    ]
    content = b"".join(path.read_bytes() for path in both)
    assert digests[0] == hashlib.sha256(content).hexdigest()
    for path in both:
        state = torch.load(path)
        torch.save({k: v + 1 for k, v in state.items()}, path)
        digests.append(digest())
    both[0].unlink()
    digests.append(digest())
    assert len(set(digests)) == 4


def test_weights_that_have_heard_a_test_speaker_are_refused(tmp_path):
    stage1(tmp_path / "contrastive")
    parts = modules()
    message = r"seen 1 of the test speakers \(C/b\)"
    with pytest.raises(ValueError, match=message):
        initialize_encoder(
            parts, "contrastive", tmp_path, {"C/b": "b", "C/c": "c"}
        )
    assert same(parts["embedding_model"], modules()["embedding_model"])


def test_whom_stage_1_has_heard_counts_after_stage_2(tmp_path):
    stage1(tmp_path / "contrastive", speakers=["calls/p", "C/a"])
    sources = [manifest(tmp_path / "m", "C", train=["a", "b"])]
    found = seen_in_both_stages(sources, "contrastive", tmp_path)
    assert found == {"C/a", "C/b", "calls/p"}
    assert seen_in_both_stages(sources, "none", tmp_path) == {"C/a", "C/b"}


def test_speakers_are_known_by_their_corpus(tmp_path, caplog):
    """Two corpora have a speaker 1001 each; a pool is its own corpus."""
    stage1(tmp_path, speakers=["IEMOCAP/1001", "calls/p"])
    ours = speakers_in([manifest(tmp_path / "c", "CREMA-D", test=["1001"])])
    assert ours == {"CREMA-D/1001": "1001"}
    refuse_seen_speakers(tmp_path, ours)
    theirs = speakers_in([manifest(tmp_path / "i", "IEMOCAP", test=["1001"])])
    with pytest.raises(ValueError, match=r"\(IEMOCAP/1001\)"):
        refuse_seen_speakers(tmp_path, theirs)
    pool = speakers_in([manifest(tmp_path / "p", "calls", pool=["calls/p"])])
    assert pool == {"calls/p": "calls/p"}
    assert seen_among(tmp_path, pool) == (["calls/p"], [])
    assert all(x.levelno < logging.WARNING for x in caplog.records)


def test_files_that_do_not_tell_the_corpus_warn(tmp_path, caplog):
    (tmp_path / "speakers.txt").write_text("1001\n1002\n")
    caplog.set_level(logging.WARNING)
    refuse_seen_speakers(tmp_path, {"CREMA-D/1003": "1003"})
    assert not caplog.records
    refuse_seen_speakers(tmp_path, {"CREMA-D/1001": "1001"})
    (record,) = caplog.records
    assert "1 of the test speakers (CREMA-D/1001)" in record.getMessage()
    assert read_seen_speakers(tmp_path) == {"?/1001", "?/1002"}


def test_weights_of_unknown_speakers_are_taken(tmp_path):
    weights = torch.nn.Linear(3, 2).state_dict()
    torch.save(weights, tmp_path / "embedding_model.ckpt")
    parts = modules()
    initialize_encoder(parts, str(tmp_path), tmp_path / "run", {"C/b": "b"})
    assert torch.equal(parts["embedding_model"].weight, weights["weight"])


def test_missing_or_misfit_weights_say_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="train_contrastive.py"):
        initialize_encoder(modules(), "contrastive", tmp_path, {})
    stage1(tmp_path / "contrastive", front_end=False)
    misfit = {"embedding_model": torch.nn.Linear(5, 2)}
    with pytest.raises(ValueError, match="ecapa_channels"):
        initialize_encoder(misfit, "contrastive", tmp_path, {})


def test_a_trained_front_end_does_not_get_lost(tmp_path):
    """Where stage 2 has a frozen one, which is not loaded yet."""
    stage1(tmp_path / "contrastive")
    parts = {**modules(), "compute_features": torch.nn.Module()}
    with pytest.raises(ValueError, match="ssl_trainable_layers"):
        initialize_encoder(parts, "contrastive", tmp_path, {})


def test_a_stage_1_of_this_run_comes_before_a_folder_of_that_name(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "run"
    for folder in (run / "contrastive", tmp_path / "contrastive"):
        stage1(folder)
    found = find_weights("contrastive", run)
    assert found == run / "contrastive" / "embedding_model.ckpt"
    found.unlink()
    found = find_weights("contrastive", run)
    assert found.resolve() == tmp_path / "contrastive/embedding_model.ckpt"
