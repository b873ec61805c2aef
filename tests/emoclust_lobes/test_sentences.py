"""What a sentence shares against a slow loop; and none where none is known."""

import numpy as np
import pytest
from data_prep.errors import ManifestError
from data_prep.manifest import Utterance, read_manifests
from emoclust_lobes.cluster_algorithms import remove_speaker
from emoclust_lobes.sentences import remove_sentences, sentences_of
from hypothesis import (
    given,
    settings,
    strategies as st,
)

spoken = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x", "y"])),
    min_size=1,
    max_size=12,
)


@given(spoken, st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_removing_sentences_is_the_other_speakers_mean_less(spoken, seed):
    vectors = np.random.default_rng(seed).normal(size=(len(spoken), 3))
    speakers, sentences = map(list, zip(*spoken, strict=True))
    centred = [None] * len(spoken)
    for speaker in set(speakers):
        own = [n for n, name in enumerate(speakers) if name == speaker]
        for n, vector in zip(own, remove_speaker(vectors[own]), strict=True):
            centred[n] = vector
    expected = []
    for vector, (speaker, sentence) in zip(centred, spoken, strict=True):
        others = [
            centred[n]
            for n, (who, what) in enumerate(spoken)
            if who != speaker and what == sentence != ""
        ]
        mean = sum(others) / len(others) if others else 0
        expected.append(vector - mean)
    found = remove_sentences(vectors, speakers, sentences)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def say(name, sentence):
    return Utterance(
        ID=name, duration=1.0, wav="a.wav", spk_id="s", sentence=sentence
    )


def test_sentences_of_two_manifests_are_not_the_same(write_pool):
    """One that stands in both belongs to the first."""
    sources = [
        *write_pool([say("b", "s1"), say("c", "")], "one"),
        *write_pool([say("a", "s1"), say("b", "s1")], "two"),
    ]
    table = read_manifests(sources).sort_values("ID", ignore_index=True)
    assert sentences_of(table, sources).tolist() == ["1 s1", "0 s1", ""]


def test_sentences_that_are_not_known_cannot_be_removed(write_pool):
    sources = write_pool([say("a", "")])
    with pytest.raises(ManifestError, match="know of none: set it to False"):
        sentences_of(read_manifests(sources), sources)
