"""Which weights an experiment means by the name of a speaker encoder."""

import pytest
from emoclust_lobes.encoders.sources import encoder_source


@pytest.mark.parametrize(
    "own, encoder, source",
    [
        ("ecapa", "ecapa", "own"),
        ("ecapa", "xvector", None),
        ("ecapa", "ssl", "vectors@4"),
        ("ssl", "ssl", "own"),
        ("ssl", "ecapa", None),
    ],
)
def test_the_source_is_that_of_the_role(own, encoder, source):
    hparams = {
        "speaker_encoder": own,
        "speaker_encoder_source": "own",
        "ssl_vectors": "vectors@4",
    }
    assert encoder_source(hparams, encoder) == source
    assert encoder_source({"speaker_encoder": own}, encoder) is None
