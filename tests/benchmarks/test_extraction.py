"""All sides of the benchmarks of extraction and its cache do the same."""

import numpy as np
import pytest
from emoclust_lobes.encoders.wheels import EncoderError

from benchmarks.parts import embedding_cache, extraction, extraction_campplus


@pytest.mark.parametrize(
    "module",
    [extraction, pytest.param(extraction_campplus, marks=pytest.mark.slow)],
)
def test_ours_are_the_vectors_of_each_file_alone(module):
    ours, theirs, *_ = module.PART.sides.values()
    try:
        found, expected = ours(6)(), theirs(6)()
    except EncoderError as error:
        pytest.skip(str(error))
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert len(found) > 1 and found.shape[1] == 192


def test_both_caches_give_the_same_vectors():
    found = [run(500)() for run in embedding_cache.PART.sides.values()]
    np.testing.assert_array_equal(*found)
    assert found[0].shape == (182, 192)
