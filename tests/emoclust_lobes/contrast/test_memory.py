"""The memory of embeddings: a queue that survives interruptions."""

import collections

import pytest
import torch
from emoclust_lobes.contrast.losses import ClusterContrastiveLoss
from emoclust_lobes.contrast.memory import EmbeddingMemory
from hypothesis import (
    given,
    settings,
    strategies as st,
)

from speechbrain.utils.checkpoints import Checkpointer


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(0, 7),
    lengths=st.lists(st.integers(0, 10), max_size=5),
)
def test_is_a_queue_of_unit_vectors(size, lengths):
    memory = EmbeddingMemory(size)
    queue = collections.deque(maxlen=size)
    for number, length in enumerate(lengths):
        embeddings = 3 * torch.randn(length, 4)
        speakers = torch.arange(length) + 10 * number
        clusters, contexts = speakers + 100, speakers + 200
        weights = speakers / 1000 + 0.1
        memory.add(embeddings, speakers, clusters, contexts, weights)
        for row in range(length):
            unit = embeddings[row] / embeddings[row].norm()
            queue.append((unit, speakers[row].item(), weights[row].item()))
    contents = memory.contents()
    assert len(memory) == len(queue) <= size
    assert contents.speakers.tolist() == [entry[1] for entry in queue]
    assert torch.equal(contents.clusters, contents.speakers + 100)
    assert torch.equal(contents.contexts, contents.speakers + 200)
    assert contents.weights.tolist() == [entry[2] for entry in queue]
    for vector, entry in zip(contents.embeddings, queue, strict=True):
        assert torch.allclose(vector, entry[0], atol=1e-6)


def test_fills_in_what_is_unknown():
    memory = EmbeddingMemory(size=2)
    memory.add(torch.eye(3), torch.arange(3), torch.arange(3))
    assert memory.contents().contexts.tolist() == [-1, -1]
    assert memory.contents().weights.tolist() == [1, 1]


def test_remembers_values_and_no_graph():
    memory = EmbeddingMemory(size=4)
    embeddings = torch.eye(2, dtype=torch.float16).requires_grad_()
    ids = torch.zeros(2, dtype=torch.long)
    memory.add(embeddings, ids, ids)
    with torch.no_grad():
        embeddings.fill_(9)
    ids.fill_(9)
    contents = memory.contents()
    assert not contents.embeddings.requires_grad
    assert contents.embeddings.dtype == torch.float32
    assert torch.equal(contents.embeddings, torch.eye(2))
    assert contents.speakers.tolist() == [0, 0]


def test_forgets_when_told():
    memory = EmbeddingMemory(size=4)
    memory.add(torch.eye(2), torch.arange(2), torch.arange(2))
    memory.clear()
    assert len(memory) == 0
    # Vectors of another size may follow.
    memory.add(torch.eye(3), torch.arange(3), torch.arange(3))
    assert memory.contents().embeddings.shape == (3, 3)


def test_an_empty_memory_changes_no_loss():
    torch.manual_seed(1)
    embeddings, speakers = torch.randn(8, 4), torch.arange(2).repeat(4)
    clusters = torch.arange(2).repeat_interleave(4)
    loss = ClusterContrastiveLoss(temperature=0.1)
    expected = loss(embeddings, speakers, clusters)
    memory = EmbeddingMemory(size=0)
    memory.add(embeddings, speakers, clusters)
    assert loss(embeddings, speakers, clusters, memory=memory) == expected


class Training:
    """A small training in which every step needs what was remembered."""

    def __init__(self, folder):
        torch.manual_seed(2)
        self.encoder = torch.nn.Linear(5, 4)
        self.optimizer = torch.optim.Adam(self.encoder.parameters(), lr=0.05)
        self.memory = EmbeddingMemory(size=11)
        self.loss = ClusterContrastiveLoss(0.1, elsewhere="session")
        self.checkpointer = Checkpointer(
            folder,
            {
                "encoder": self.encoder,
                "optimizer": self.optimizer,
                "memory": self.memory,
            },
        )

    def step(self, number):
        """Train on a batch that depends on the step's number alone."""
        generator = torch.Generator().manual_seed(number)
        inputs = torch.randn(6, 5, generator=generator)
        ids = torch.randint(0, 2, (3, 6), generator=generator)
        outputs = self.encoder(inputs)
        value, n_anchors = self.loss(outputs, *ids, memory=self.memory)
        self.optimizer.zero_grad()
        value.backward()
        self.optimizer.step()
        self.memory.add(outputs, *ids)
        return n_anchors


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    whole = Training(tmp_path / "whole")
    anchors = [whole.step(number) for number in range(8)]
    assert sum(anchors) > 20  # it did learn

    first = Training(tmp_path / "interrupted")
    for number in range(5):
        first.step(number)
    first.checkpointer.save_checkpoint()
    first.step(5)  # lost

    second = Training(tmp_path / "interrupted")
    second.checkpointer.recover_if_possible()
    for number in range(5, 8):
        second.step(number)
    assert torch.equal(whole.encoder.weight, second.encoder.weight)
    for ours, theirs in zip(
        whole.memory.contents(), second.memory.contents(), strict=True
    ):
        assert torch.equal(ours, theirs)


def test_an_empty_memory_can_be_saved_too(tmp_path):
    memory = EmbeddingMemory(size=3)
    checkpointer = Checkpointer(tmp_path, {"memory": memory})
    checkpointer.save_checkpoint()
    memory.add(torch.eye(2), torch.arange(2), torch.arange(2))
    checkpointer.recover_if_possible()
    assert len(memory) == 0
    memory.add(torch.eye(2), torch.arange(2), torch.arange(2))
    assert len(memory) == 2


def test_an_impossible_size_is_refused():
    with pytest.raises(ValueError, match="0 or more embeddings, not -1"):
        EmbeddingMemory(size=-1)
