"""Properties of the folds, for any groups and any speakers."""

import collections
import string

import hypothesis.strategies as st
import pytest
from data_prep.corpora import cremad, emodb, ravdess, savee
from data_prep.errors import ManifestError
from data_prep.manifests.folds import (
    PROTOCOLS,
    SESSIONS,
    balanced_blocks,
    iemocap_fold,
    rotation,
    speaker_blocks,
)
from hypothesis import given

speakers = st.sets(
    st.text(string.ascii_letters, min_size=1), min_size=3, max_size=30
)


@st.composite
def grouped(draw):
    """Draw at least three groups that share no speaker, none empty."""
    names = sorted(draw(speakers))
    n_groups = draw(st.integers(3, min(8, len(names))))
    return [names[n::n_groups] for n in range(n_groups)]


@given(grouped(), st.booleans())
def test_rotation_tests_each_speaker_once_and_shares_none(groups, development):
    tested = collections.Counter()
    everybody = sorted(speaker for group in groups for speaker in group)
    for fold in range(1, len(groups) + 1):
        splits = rotation(groups, fold, development)
        # Sorted and together they are everybody, so nobody is there twice.
        assert sorted(sum(splits.values(), ())) == everybody
        assert ("valid" in splits) == development
        assert all(splits.values())
        tested.update(splits["test"])
    assert tested == dict.fromkeys(everybody, 1)


@given(grouped())
def test_development_group_is_the_next_test_group(groups):
    for fold in range(1, len(groups) + 1):
        following = fold % len(groups) + 1
        valid = rotation(groups, fold)["valid"]
        assert valid == rotation(groups, following)["test"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_iemocap_protocols_test_each_speaker_once(protocol):
    everybody = sorted(sum(SESSIONS, ()))
    n_folds = 10 if protocol == "speakers" else 5
    tested = []
    for fold in range(1, n_folds + 1):
        splits = iemocap_fold(protocol, fold)
        assert sorted(sum(splits.values(), ())) == everybody
        tested += splits["test"]
        held_out = splits["test"] + splits.get("valid", ())
        sessions = {speaker[:5] for speaker in held_out}
        # Nobody trains who shares a session, and so a microphone, with them.
        assert not sessions & {speaker[:5] for speaker in splits["train"]}
    assert sorted(tested) == everybody
    with pytest.raises(ManifestError, match=f"choose one of 1 to {n_folds}"):
        iemocap_fold(protocol, n_folds + 1)


def test_iemocap_protocols_are_those_of_the_literature():
    assert iemocap_fold("sessions", 5) == {
        "train": (*SESSIONS[1], *SESSIONS[2], *SESSIONS[3]),
        "valid": ("Ses01F", "Ses01M"),
        "test": ("Ses05F", "Ses05M"),
    }
    assert iemocap_fold("speakers", 5) == {
        "train": (*SESSIONS[0], *SESSIONS[1], *SESSIONS[3], *SESSIONS[4]),
        "valid": ("Ses03M",),
        "test": ("Ses03F",),
    }
    assert "valid" not in iemocap_fold("sessions-nodev", 2)
    with pytest.raises(ManifestError) as error:
        iemocap_fold("random", 1)
    assert str(error.value) == (
        "protocol='random' is not offered: choose sessions or speakers or "
        "sessions-nodev."
    )


@pytest.mark.parametrize("corpus", [cremad, emodb, ravdess, savee])
def test_official_blocks_hold_every_actor_once(corpus):
    assert sorted(sum(corpus.BLOCKS, ())) == sorted(corpus.SPEAKERS)
    blocks, kind = speaker_blocks(corpus.BLOCKS, corpus.SPEAKERS)
    assert kind == "official"
    assert tuple(blocks) == corpus.BLOCKS


@given(st.sets(st.sampled_from(sorted(cremad.SPEAKERS)), min_size=3))
def test_blocks_of_any_excerpt_partition_its_speakers_in_order(present):
    blocks, kind = speaker_blocks(cremad.BLOCKS, present)
    assert [x for block in blocks for x in block] == sorted(present)
    assert all(blocks)
    if kind == "official":
        assert len(blocks) == 5
        for block, official in zip(blocks, cremad.BLOCKS, strict=True):
            assert set(block) <= set(official)
    else:
        assert kind == "present speakers"
        assert not all(set(x) & present for x in cremad.BLOCKS)
        assert len(blocks) == min(5, len(present))
        sizes = [len(block) for block in blocks]
        assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    "present, found",
    [
        ({"1002", "1001"}, "2 speakers were found (1001, 1002)"),
        (set(), "0 speakers were found (none)"),
    ],
)
def test_two_speakers_are_too_few(present, found):
    with pytest.raises(ManifestError) as error:
        speaker_blocks(cremad.BLOCKS, present)
    assert str(error.value) == (
        f"Only {found}: train, valid and test need at least one each."
    )


@pytest.mark.parametrize("fold", [0, 4, -1, "1", 1.0, None])
def test_a_fold_that_does_not_exist_is_refused(fold):
    with pytest.raises(ManifestError, match=r"choose one of 1 to 3"):
        rotation([("a",), ("b",), ("c",)], fold)


labeled = st.dictionaries(
    st.text(string.ascii_letters, min_size=1),
    st.lists(st.sampled_from("ahns"), min_size=1, max_size=12),
    min_size=3,
    max_size=20,
)


@given(labeled, st.integers(3, 6), st.randoms())
def test_balanced_blocks_hold_each_speaker_once_in_any_order(
    emotions, n_blocks, random
):
    rows = [(x, emotion) for x in emotions for emotion in emotions[x]]
    if len(emotions) < n_blocks:
        with pytest.raises(ManifestError) as error:
            balanced_blocks(rows, n_blocks)
        assert str(error.value) == (
            f"folds={n_blocks} needs as many labeled speakers, and there are "
            f"{len(emotions)}: give fewer folds, at least 3."
        )
        return
    blocks = balanced_blocks(rows, n_blocks)
    assert len(blocks) == n_blocks and all(blocks)
    assert sorted(x for block in blocks for x in block) == sorted(emotions)
    random.shuffle(rows)
    assert balanced_blocks(rows, n_blocks) == blocks


def slow_blocks(emotions, n_blocks):
    """Try each speaker in every block; keep what makes the blocks most alike.

    They are when the squares of their counts have the least sum. Of equal ones
    the smaller block is taken, then the first.
    """
    blocks = [[] for _ in range(n_blocks)]
    for speaker in sorted(emotions, key=lambda x: (-len(emotions[x]), x)):
        tries = []
        for number in range(n_blocks):
            after = [
                [*x, speaker] if n == number else x
                for n, x in enumerate(blocks)
            ]
            counts = [
                collections.Counter(e for x in block for e in emotions[x])
                for block in after
            ]
            squares = sum(n * n for count in counts for n in count.values())
            size = counts[number].total()
            tries.append((squares, size, number, after))
        blocks = min(tries)[-1]
    return [tuple(sorted(block)) for block in blocks]


@given(labeled, st.integers(3, 6))
def test_each_speaker_comes_where_the_classes_become_most_even(
    emotions, n_blocks
):
    rows = [(x, emotion) for x in emotions for emotion in emotions[x]]
    if len(emotions) >= n_blocks:
        found = balanced_blocks(rows, n_blocks)
        assert found == slow_blocks(emotions, n_blocks)


@pytest.mark.parametrize("n_blocks", [2, 0, "5", None])
def test_fewer_than_three_blocks_are_refused(n_blocks):
    with pytest.raises(ManifestError) as error:
        balanced_blocks([("a", "x")], n_blocks)
    assert str(error.value) == (
        f"folds={n_blocks!r} is too few: train, valid and test need at least "
        "one block of speakers each, so give 3 or more."
    )
