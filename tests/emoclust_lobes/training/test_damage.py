"""Files that were cut off, emptied or never fetched are named."""

import pytest
import torch
from data_prep.errors import EmoclustError
from data_prep.storage.files import read_json
from emoclust_lobes.training.damage import load_state, refuse_damaged
from emoclust_lobes.training.history import History
from tiny_brain import tiny_brain

from speechbrain.utils.checkpoints import Checkpointer

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"


def empty(path):
    path.write_bytes(b"")


def cut(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def pointer(path):
    path.write_text(POINTER)


@pytest.mark.parametrize(
    "spoil, reason",
    [(empty, "empty"), (cut, "cut off"), (pointer, "a pointer of Git LFS")],
)
def test_weights_that_cannot_be_read_are_named(tmp_path, spoil, reason):
    path = tmp_path / "embedding_model.ckpt"
    weights = torch.nn.Linear(30, 20).state_dict()
    torch.save(weights, path)
    assert load_state(path, "Do it").keys() == weights.keys()
    spoil(path)
    with pytest.raises(EmoclustError) as raised:
        load_state(path, "Do it")
    message = str(raised.value)
    assert message.startswith(
        f"{path} cannot be read as weights: it is {reason}"
    )
    assert message.endswith(". Do it") and "weights_only" not in message


def test_what_is_no_dictionary_is_no_weights(tmp_path):
    torch.save([1, 2], tmp_path / "a.ckpt")
    with pytest.raises(EmoclustError, match="another kind of file"):
        load_state(tmp_path / "a.ckpt", "Do it")


@pytest.fixture
def saved(tmp_path):
    """Two checkpoints, the older one first."""
    checkpointer = Checkpointer(
        tmp_path, {"linear": torch.nn.Linear(30, 20), "history": History()}
    )
    return [
        checkpointer.save_checkpoint(meta={"epoch": n}, name=str(n)).path
        for n in (1, 2)
    ]


@pytest.mark.parametrize("spoil", [empty, cut, pointer])
@pytest.mark.parametrize("name", ["linear.ckpt", "history.ckpt", "CKPT.yaml"])
def test_an_older_checkpoint_is_offered(tmp_path, saved, name, spoil):
    refuse_damaged(tmp_path)
    old, new = saved
    spoil(new / name)
    with pytest.raises(EmoclustError) as raised:
        refuse_damaged(tmp_path)
    message = str(raised.value)
    assert f"{new}: {name} is " in message
    assert f"goes on from {old}, of epoch 1" in message
    spoil(old / name)
    with pytest.raises(EmoclustError, match="the training begins anew"):
        refuse_damaged(tmp_path)


def test_a_training_is_not_begun_with_them(tmp_path):
    checkpointer = tiny_brain(tmp_path).checkpointer
    path = checkpointer.save_checkpoint().path
    tiny_brain(tmp_path)
    empty(path / "CKPT.yaml")
    with pytest.raises(EmoclustError, match=r"CKPT\.yaml is empty"):
        tiny_brain(tmp_path)


@pytest.mark.parametrize("content", ["", '{"uar": 0.', POINTER])
def test_numbers_that_cannot_be_read_are_named(tmp_path, content):
    path = tmp_path / "metrics.json"
    path.write_text(content)
    with pytest.raises(EmoclustError, match=f"{path} is damaged"):
        read_json(path)
