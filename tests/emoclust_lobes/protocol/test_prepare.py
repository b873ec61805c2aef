"""What baselines read is embedded from the source that the YAML says."""

import types

import pytest
from emoclust_lobes.encoders.utterance_vectors import SSL_SOURCE
from emoclust_lobes.protocol.plan import Job, ProtocolError, System
from emoclust_lobes.protocol.prepare import prepare_jobs

SSL = System("ssl_logistic", {}, {}, {"encoders": ["ssl", "ge2e"]})
GE2E = System("ge2e_logistic", {}, {}, {"encoders": ["ge2e"]})
CONTRASTIVE = System("contrastive", {"pretraining": "contrastive"}, {}, {})


class Recorded:
    """An experiment that notes down what is asked of it."""

    def __init__(self, **hparams):
        self.hparams, self.embedded, self.prepared = hparams, [], 0

    def load(self, **changes):
        """Return what a YAML would hold."""
        return {
            **self.hparams,
            "prepare": self.prepare,
            "sources": types.SimpleNamespace(
                prepare_pools=lambda: None, of_fold=lambda: []
            ),
            "embed": self.embed,
            "cluster": lambda **_: None,
        }

    def prepare(self):
        """Count the manifests."""
        self.prepared += 1

    def embed(self, sources, device, encoder="own", encoder_source="own"):
        """Note down which vectors are computed."""
        self.embedded.append((encoder, encoder_source))


def prepare(experiment, *systems):
    """Prepare one job of some systems; return what was embedded."""
    runs = tuple((system, 1.0) for system in systems)
    prepare_jobs(experiment, [Job(1, 1986, runs)], "cpu")
    return experiment.embedded


@pytest.mark.parametrize(
    "hparams, ssl",
    [
        ({"ssl_vectors": "a@4"}, "a@4"),
        ({}, None),
        ({"speaker_encoder": "ssl", "speaker_encoder_source": "a@4"}, "a@4"),
    ],
    ids=["ssl_vectors", "neither", "own"],
)
def test_baselines_are_embedded_from_their_sources(hparams, ssl):
    experiment = Recorded(**{"speaker_encoder": "ecapa", **hparams})
    assert prepare(experiment, SSL) == [("ge2e", None), ("ssl", ssl)]


@pytest.mark.parametrize(
    "source, vectors", [("a@4", "a@5"), (None, "a@4")], ids=["other", "usual"]
)
def test_clusters_of_another_layer_than_the_baseline_are_refused(
    source, vectors
):
    experiment = Recorded(
        speaker_encoder="ssl",
        speaker_encoder_source=source,
        ssl_vectors=vectors,
    )
    used = source or SSL_SOURCE
    message = f"--ssl_vectors={vectors}, .*--speaker_encoder_source={used}, "
    with pytest.raises(ProtocolError, match=message):
        prepare(experiment, CONTRASTIVE, SSL)
    assert experiment.prepared == 0
    # Who does not ask for the baseline is free to choose.
    assert prepare(experiment, CONTRASTIVE, GE2E)[0] == ("own", "own")


@pytest.mark.parametrize(
    "source, vectors", [("a@4", "a@4"), (None, SSL_SOURCE)]
)
def test_clusters_of_the_same_layer_share_its_vectors(source, vectors):
    experiment = Recorded(
        speaker_encoder="ssl",
        speaker_encoder_source=source,
        ssl_vectors=vectors,
    )
    prepare(experiment, CONTRASTIVE, SSL)
    assert experiment.embedded[-1] == ("ssl", source)
