"""Every batch the sampler makes can be learned from."""

import collections

import numpy as np
import pytest
import torch
from emoclust_lobes.contrast.losses import ClusterContrastiveLoss
from emoclust_lobes.contrast.samplers import (
    SpeakerClusterBatchSampler,
    _draw,
    numbers_of,
)
from hypothesis import (
    given,
    strategies as st,
)

# At least speaker z has two clusters of two.
pools = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 4)), max_size=120
).map(lambda pool: pool + [("z", 0), ("z", 1)] * 2)


def sampler_of(pool, speakers=3, clusters=3, utterances=3, steps=7, seed=1):
    """A sampler over (speaker, cluster) pairs."""
    return SpeakerClusterBatchSampler(
        speaker_ids=[speaker for speaker, _ in pool],
        cluster_ids=[cluster for _, cluster in pool],
        speakers=speakers,
        clusters=clusters,
        utterances=utterances,
        steps=steps,
        seed=seed,
    )


def usable_speakers(pool):
    """Speakers with two clusters of two utterances, counted the slow way."""
    sizes = collections.Counter(pool)
    usable = set()
    for speaker in {speaker for speaker, _ in pool}:
        large = [c for c in range(5) if sizes[speaker, c] >= 2]
        if len(large) >= 2:
            usable.add(speaker)
    return usable


@given(pool=pools, shape=st.tuples(*[st.integers(2, 5)] * 3))
def test_every_anchor_has_a_positive_and_a_negative(pool, shape):
    usable = usable_speakers(pool)
    sampler = sampler_of(pool, *shape)
    loss = ClusterContrastiveLoss(temperature=0.1)
    n_speakers, n_clusters, n_utterances = shape
    for batch in sampler:
        assert len(set(batch)) == len(batch)
        speakers = [pool[i][0] for i in batch]
        assert len(set(speakers)) == min(n_speakers, len(usable))
        assert set(speakers) <= usable
        for speaker in set(speakers):
            sizes = collections.Counter(
                pool[i][1] for i in batch if pool[i][0] == speaker
            )
            assert 2 <= len(sizes) <= n_clusters
            assert all(2 <= size <= n_utterances for size in sizes.values())
        positive, negative = loss.pair_masks(
            torch.tensor([ord(s) for s in speakers]),
            torch.tensor([pool[i][1] for i in batch]),
        )
        assert positive.any(dim=1).all() and negative.any(dim=1).all()
    assert sampler.unused_speakers == len({s for s, _ in pool}) - len(usable)


def full_pool(n_speakers=10, n_clusters=4, n_utterances=6):
    return [
        (speaker, cluster)
        for speaker in "abcdefghij"[:n_speakers]
        for cluster in range(n_clusters)
        for _ in range(n_utterances)
    ]


def test_the_same_seed_and_epoch_repeat_and_others_differ():
    def plan(seed, epoch):
        sampler = sampler_of(full_pool(), seed=seed)
        if epoch:  # the first is number zero
            sampler.set_epoch(epoch)
        found = list(sampler)
        assert found == list(sampler)  # read again
        return found

    assert plan(1, 0) != plan(1, 1)
    assert plan(1, 1) == plan(1, 1)
    assert plan(1, 1) != plan(1, 2)
    assert plan(1, 1) != plan(2, 1)


def test_all_utterances_are_used_in_time():
    pool = full_pool(n_speakers=3)
    seen = set()
    sampler = sampler_of(pool, steps=40)
    for batch in sampler:
        seen.update(batch)
    assert seen == set(range(len(pool)))


@given(n_speakers=st.integers(1, 9), speakers=st.integers(1, 10))
def test_all_speakers_come_once_before_any_comes_again(n_speakers, speakers):
    pool = full_pool(n_speakers=n_speakers, n_utterances=2)
    sampler = sampler_of(pool, speakers=speakers, steps=20)
    visits = []
    for batch in sampler:
        visits += list(dict.fromkeys(pool[i][0] for i in batch))
    for start in range(0, len(visits) - n_speakers + 1, n_speakers):
        assert len(set(visits[start : start + n_speakers])) == n_speakers


def test_every_pair_of_clusters_and_of_utterances_is_as_likely():
    # Four clusters of two, and in another speaker one of five beside one.
    pool = [("a", c) for c in (0, 0, 1, 1, 2, 2, 3, 3)]
    pool += [("b", c) for c in (0, 0, 0, 0, 0, 1, 1)]
    clusters, utterances = collections.Counter(), collections.Counter()
    for batch in sampler_of(pool, 2, 2, 2, steps=6000):
        clusters[frozenset(pool[i][1] for i in batch if i < 8)] += 1
        utterances[frozenset(i for i in batch if 8 <= i < 13)] += 1
    for counts, pairs in ((clusters, 6), (utterances, 10)):
        assert {len(pair) for pair in counts} == {2}
        assert len(counts) == pairs
        expected = 6000 / pairs
        deviation = (expected * (1 - 1 / pairs)) ** 0.5
        for count in counts.values():
            assert abs(count - expected) < 4.5 * deviation


def test_names_and_numbers_of_speakers_give_the_same_batches():
    pool = full_pool()
    numbered = [(ord(speaker), cluster) for speaker, cluster in pool]
    assert list(sampler_of(pool)) == list(sampler_of(numbered))


@given(st.lists(st.text("abä", max_size=3)) | st.lists(st.integers()))
def test_numbers_are_places_among_the_sorted_names(names):
    places = {name: place for place, name in enumerate(sorted(set(names)))}
    assert numbers_of(names).tolist() == [places[name] for name in names]


@given(
    totals=st.lists(st.integers(0, 6), min_size=1, max_size=5),
    wanted=st.integers(1, 6),
    seed=st.integers(0, 1000),
)
def test_draws_each_once_and_says_what_is_missing(totals, wanted, seed):
    rows = _draw(np.random.default_rng(seed), np.array(totals), wanted)
    assert rows.shape == (len(totals), wanted)
    for total, row in zip(totals, rows.tolist(), strict=True):
        missing = max(wanted - total, 0)
        assert row[:missing] == [-1] * missing
        assert len(set(row[missing:])) == wanted - missing
        assert set(row[missing:]) <= set(range(total))


def test_counts_what_it_cannot_use():
    pool = [("a", 0)] * 3 + [("a", 1)] * 2 + [("a", 2)] + [("b", 0)] * 5
    sampler = sampler_of(pool)
    assert sampler.unused_speakers == 1
    assert sampler.unused_utterances == 6


@pytest.mark.parametrize(
    "shape", [(0, 2, 2, 1), (1, 1, 2, 1), (1, 2, 1, 1), (1, 2, 2, 0)]
)
def test_refuses_a_shape_without_pairs(shape):
    with pytest.raises(ValueError) as error:
        sampler_of([("a", 0), ("a", 1)] * 9, *shape)
    speakers, clusters, utterances, steps = shape
    assert str(error.value) == (
        "a batch needs at least 1 speaker, 2 clusters of each and 2 utterances "
        "of each cluster, and an epoch 1 step; asked for "
        f"{speakers} x {clusters} x {utterances}, {steps} steps"
    )


def test_refuses_utterances_without_pairs():
    with pytest.raises(ValueError) as error:
        sampler_of([("a", 0)] * 9 + [("b", 1)] * 3, 1, 2, 2)
    assert str(error.value) == (
        "none of the 2 speakers has two clusters of two utterances: give more "
        "utterances per speaker or fewer clusters (n_clusters)"
    )


def test_refuses_clusters_of_other_utterances():
    with pytest.raises(ValueError) as error:
        SpeakerClusterBatchSampler([*"aabb"], [0, 1], 1, 2, 2, steps=1, seed=1)
    assert str(error.value) == (
        "found 2 clusters of 4 utterances: give each utterance its cluster"
    )


def test_views_of_an_utterance_come_together():
    speakers = [s for s in "ab" for _ in range(12)]
    clusters = [c for _ in "ab" for c in (0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2)]
    sampler = SpeakerClusterBatchSampler(
        speaker_ids=speakers,
        cluster_ids=clusters,
        speakers=2,
        clusters=3,
        utterances=4,
        steps=20,
        seed=1,
        in_pairs=True,
    )
    for batch in sampler:
        assert len(set(batch)) == len(batch) == 24
        assert set(batch) == {x ^ 1 for x in batch}
    # A cluster of one utterance has a positive now: its other view
    lone = SpeakerClusterBatchSampler(
        speaker_ids=list("aaaa"),
        cluster_ids=[0, 0, 1, 1],
        speakers=1,
        clusters=2,
        utterances=2,
        steps=1,
        seed=1,
        in_pairs=True,
    )
    assert sorted(next(iter(lone))) == [0, 1, 2, 3]
