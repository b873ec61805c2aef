"""Votes and ratings: what is written comes back, and what is refused."""

import collections

import hypothesis.strategies as st
import numpy
import pandas
import pytest
import scipy.stats
from data_prep import ManifestError, plurality, read_votes
from data_prep.annotations.arrays import ratings, vote_counts
from data_prep.annotations.ratings import check_range, read_rating, write_rating
from data_prep.annotations.votes import (
    read_count,
    vote_entropy,
    votes_within,
    write_votes,
)
from hypothesis import given

NAMES = st.text(st.characters(blacklist_characters="|\n"), min_size=1)
COUNTS = st.dictionaries(NAMES, st.integers(0, 10**8))
FEW = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3))


@given(COUNTS)
def test_votes_come_back_as_they_went_in(counts):
    if counts and not sum(counts.values()):
        with pytest.raises(ValueError, match="sum to zero"):
            write_votes(counts)
    else:
        text = write_votes(counts)
        assert read_votes(text) == {x: n for x, n in counts.items() if n}
        assert write_votes(read_votes(text)) == text


@pytest.mark.parametrize("counts", [{"a|b": 1}, {"": 2}, {"a": -1}, {"a": 0}])
def test_what_is_no_vote_is_not_written(counts):
    with pytest.raises(ValueError):
        write_votes(counts)


@pytest.mark.parametrize("text", ["a", "a:0", "a:-1", "a:1|", ":1", "a:1.5"])
def test_what_are_no_votes_is_not_read(text):
    with pytest.raises(ValueError, match="are no votes"):
        read_votes(text)


@given(FEW)
def test_plurality_and_entropy_are_those_of_the_votes_one_by_one(counts):
    votes = [name for name, n in counts.items() for _ in range(n)]
    ranked = collections.Counter(votes).most_common()
    alone = len(ranked) == 1 or (ranked and ranked[0][1] > ranked[1][1])
    assert plurality(counts) == (ranked[0][0] if alone else "")
    if votes:
        shares = numpy.array(list(counts.values()), dtype=float)
        entropy = scipy.stats.entropy(shares, base=2)
        assert vote_entropy(counts) == pytest.approx(entropy)


@given(st.lists(FEW.filter(lambda x: sum(x.values()))))
def test_counts_of_a_table_are_those_of_its_rows(rows):
    texts = [*map(write_votes, rows), ""]
    counts = vote_counts(texts, ["b", "a", "z"])
    assert counts.shape == (len(texts), 3) and counts.dtype == float
    for text, found in zip(texts, counts, strict=True):
        voted = votes_within(text, ["b", "a", "z"])
        assert [voted.get(x, 0) for x in ("b", "a", "z")] == found.tolist()


@pytest.mark.parametrize(
    "cell, value",
    [("3", 3), ("3.0", 3), ("3.00", 3), ("0", 0)]
    + [(x, None) for x in ("", "-1", "2.5", "three", "1e3", "٣", "nan")],
)
def test_a_number_of_votes_is_whole(cell, value):
    if value is None:
        with pytest.raises(ValueError, match="is no number of votes"):
            read_count(cell)
    else:
        assert read_count(cell) == value


@given(st.floats(-1000, 1000))
def test_a_rating_comes_back_to_six_decimals(value):
    for text in (f"{value:.7f}", f"{value:.7f}".replace(".", ",")):
        read = read_rating(text)
        assert read == pytest.approx(value, abs=1e-6)
        assert read_rating(write_rating(read)) == read


def test_a_rating_off_its_scale_and_what_is_none_are_told():
    assert read_rating("", (1, 5)) is None and write_rating(None) == ""
    assert read_rating("1", (1, 5)) == 1 and read_rating("5,0", (1, 5)) == 5
    for cell, reason in (
        ("5.5", "5.5 is off the scale from 1 to 5"),
        ("0,9", "0,9 is off the scale from 1 to 5"),
        ("high", "'high' is no number"),
        ("nan", "'nan' is no number"),
        ("1e1", "'1e1' is no number"),
    ):
        with pytest.raises(ValueError) as error:
            read_rating(cell, (1, 5))
        assert str(error.value) == reason


@pytest.mark.parametrize(
    "scale", [None, 5, [1], [5, 1], [1, 1], [1, 2, 3], ["1", "5"], [0, True]]
)
def test_what_is_no_scale_is_told(scale):
    check_range([1, 5])
    check_range((-1.0, 1))
    with pytest.raises(ManifestError, match="is no scale of arousal.*as .1, 5"):
        check_range(scale)


def test_ratings_are_numbers_where_there_are_some():
    table = pandas.DataFrame({"arousal": ["1.5", ""], "valence": ["-2", "3"]})
    found = ratings(table, ["valence", "arousal"])
    numpy.testing.assert_array_equal(found, [[-2, 1.5], [3, numpy.nan]])
