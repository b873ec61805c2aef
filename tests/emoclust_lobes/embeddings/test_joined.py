"""Vectors of several encoders side by side: who is asked, what is read."""

import numpy as np
import pytest
from data_prep.manifests.manifest import Source, Utterance
from emoclust_lobes.clustering.clusters import cluster_utterances
from emoclust_lobes.embeddings import extraction as embeddings
from emoclust_lobes.embeddings.cache import EmbeddingError, read_cache
from emoclust_lobes.embeddings.extraction import (
    embed_utterances,
    read_embeddings,
)
from emoclust_lobes.embeddings.joined import check_joined
from emoclust_lobes.embeddings.parts import Embeddings
from emoclust_lobes.encoders.wheels import EncoderError
from emoclust_lobes.experiment.summaries import describe_embeddings
from emoclust_lobes.synthetic.embeddings import add_embeddings
from emoclust_lobes.synthetic.noise import make_noise

IDS = [f"u{n:02}" for n in range(16)]


def add(folder, name, vectors, ids=IDS):
    """Add made-up vectors of one encoder."""
    signatures = np.zeros((len(ids), 4), dtype="int64")
    identity = {"name": name, "source": f"made of {name}"}
    vectors = np.asarray(vectors, dtype="float32")
    add_embeddings(
        folder, Embeddings(identity, np.array(ids), signatures, vectors)
    )


def test_vectors_stand_side_by_side_in_the_order_of_names(tmp_path):
    first, second = np.eye(16, 3), np.eye(16, 5)
    add(tmp_path, "one", first)
    add(tmp_path, "two", second[::-1], ids=IDS[::-1])  # another order on disk
    wanted = [9, 2, 0]
    found = read_embeddings(tmp_path, "one+two", [IDS[n] for n in wanted])
    assert found.dtype == np.float32
    assert np.array_equal(found, np.hstack([first, second])[wanted])
    turned = read_embeddings(tmp_path, "two+one", iter(IDS))
    assert np.array_equal(turned, np.hstack([second, first]))
    cache = read_cache(tmp_path, "one+two")
    assert (cache.dim, len(cache)) == (8, 16)
    assert cache.identity == {
        "name": "one+two",
        "one": "made of one",
        "two": "made of two",
    }


def test_the_summary_names_where_the_vectors_are(tmp_path):
    add(tmp_path, "one", np.eye(16, 3))
    add(tmp_path, "two", np.eye(16, 5))
    text = describe_embeddings(
        make_noise(tmp_path, [8000]), tmp_path, "one+two"
    )
    _, encoder, cache = text.splitlines()
    assert encoder.endswith("name one+two, one made of one, two made of two")
    assert f"{tmp_path / 'one'}, {tmp_path / 'two'} (16 vectors)" in cache


def test_what_one_encoder_lacks_is_missing(tmp_path):
    add(tmp_path, "one", np.eye(16))
    with pytest.raises(EmbeddingError, match="no embeddings at .*two"):
        read_cache(tmp_path, "one+two")
    add(tmp_path, "two", np.eye(3), ids=IDS[:3])
    with pytest.raises(EmbeddingError, match="have no two embedding.*u03"):
        read_embeddings(tmp_path, "one+two", IDS)


def test_each_encoder_is_asked_once_and_keeps_its_own_cache(
    tmp_path, monkeypatch
):
    sources = make_noise(tmp_path, [8000, 9000])
    asked = []

    def load(name, source=None, device="cpu"):
        asked.append(name)
        encoder = real(kind[name], source, device)
        encoder.identity = {**encoder.identity, "name": name}
        return encoder

    real = embeddings.load_speaker_encoder
    kind = {"one": "stats", "two": "stats"}
    monkeypatch.setattr(embeddings, "load_speaker_encoder", load)
    monkeypatch.setattr(
        embeddings, "offline_identity", lambda name, source=None: {"name": name}
    )
    folder = tmp_path / "embeddings"
    embed_utterances(sources, folder, "two")
    embed_utterances(sources, folder, "one+two")
    assert asked == ["two", "one"]  # what is there is not computed again
    embed_utterances(sources, folder, "one+two")
    assert asked == ["two", "one"]
    assert sorted(x.name for x in folder.iterdir()) == ["one", "two"]
    joined = read_embeddings(folder, "one+two", ["pool0", "pool1"])
    alone = read_embeddings(folder, "one", ["pool0", "pool1"])
    assert np.array_equal(joined, np.hstack([alone, alone]))


def test_clusters_of_other_encoders_are_no_longer_current(tmp_path, write_pool):
    add(tmp_path, "one", np.eye(16))
    add(tmp_path, "two", np.eye(16)[::-1])
    sources = write_pool(
        [Utterance(ID=x, duration=1.0, wav="-", spk_id="ann") for x in IDS]
    )
    made = {
        name: cluster_utterances(sources, tmp_path, name, tmp_path / "out", 2)
        for name in ("one", "one+two", "two+one")
    }
    assert len(set(made.values())) == 3


@pytest.mark.parametrize(
    ("names", "source", "message"),
    [
        (["campplus", "ssl"], None, "ssl cannot stand in campplus.ssl"),
        (["egemaps", "ge2e"], None, "egemaps cannot stand"),
        (["ge2e", "ecapa", "ge2e"], None, "ge2e stands twice"),
        (["campplus", "ge2e"], "models/mine", "no source, found 'models/mine'"),
    ],
)
def test_what_cannot_be_joined_is_refused(tmp_path, names, source, message):
    with pytest.raises(EncoderError, match=message):
        check_joined(names, source)
    nothing = [Source(str(tmp_path / "none.csv"), str(tmp_path))]
    with pytest.raises(EncoderError, match=message):  # before anything is read
        embed_utterances(nothing, tmp_path, "+".join(names), source)


def test_an_unknown_encoder_is_named_before_another_is_asked(tmp_path):
    sources = make_noise(tmp_path, [8000])
    folder = tmp_path / "embeddings"
    with pytest.raises(EncoderError, match="unknown speaker encoder 'camp'"):
        embed_utterances(sources, folder, "stats+camp")
    assert not folder.exists()
