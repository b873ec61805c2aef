"""The cache of embeddings: resumable, never stale, nothing computed twice."""

import numpy as np
import pytest
from data_prep.manifests.manifest import read_manifests
from emoclust_lobes.embeddings import extraction as embeddings
from emoclust_lobes.embeddings.cache import EmbeddingError, read_cache
from emoclust_lobes.embeddings.extraction import (
    embed_utterances,
    read_embeddings,
)


def file_contents(folder):
    """What all files of a folder hold."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_second_run_does_not_even_load_the_encoder(
    noise_pool, tmp_path, never_load
):
    sources = noise_pool([8000, 9000])
    embed_utterances(sources, tmp_path, "stats")
    before = file_contents(tmp_path / "stats")
    never_load()
    embed_utterances(sources, tmp_path, "stats")
    assert file_contents(tmp_path / "stats") == before


def test_two_folders_of_the_same_utterances_have_the_same_bytes(
    noise_pool, tmp_path
):
    sources = noise_pool([9000, 8000, 8000, 7000])
    for name, save_every in (("one", 256), ("other", 2)):
        embed_utterances(
            sources, tmp_path / name, "stats", save_every=save_every
        )
    one, other = (file_contents(tmp_path / x) for x in ("one", "other"))
    assert len(one) == 3 and one == other


def test_only_new_and_changed_utterances_are_computed(
    noise_pool, tmp_path, recorder, write_noise
):
    cache = tmp_path / "cache"
    first = noise_pool([8000, 9000, 10000], name="a")
    second = noise_pool([7000], name="b")
    embed_utterances(first, cache, "stats")
    model = recorder()
    embed_utterances([*first, *second], cache, "stats")
    assert model.batches == [(1, 7000)]

    write_noise(tmp_path / "a/audio/1.wav", 9500)
    before = read_embeddings(cache, "stats", ["a0", "a1", "a2", "b0"])
    model = recorder()
    embed_utterances(first, cache, "stats")
    after = read_embeddings(cache, "stats", ["a0", "a1", "a2", "b0"])
    assert model.batches == [(1, 9500)]
    assert (before != after).any(axis=1).tolist() == [False, True, False, False]


def test_a_killed_run_is_continued_and_nothing_is_computed_twice(
    noise_pool, tmp_path, recorder
):
    sources = noise_pool(range(8000, 8020))
    recorder(break_after=12)
    with pytest.raises(KeyboardInterrupt):
        embed_utterances(sources, tmp_path, "stats", save_every=5)
    with pytest.raises(EmbeddingError, match="no embeddings at"):
        read_cache(tmp_path, "stats")

    model = recorder()
    embed_utterances(sources, tmp_path, "stats", save_every=5)
    assert model.utterances == 8
    assert not (tmp_path / "stats/parts").exists()

    embed_utterances(sources, tmp_path / "whole", "stats")
    ids = read_manifests(sources)["ID"]
    np.testing.assert_array_equal(
        read_embeddings(tmp_path, "stats", ids),
        read_embeddings(tmp_path / "whole", "stats", ids),
    )


def test_a_hub_model_with_a_new_revision_replaces_all_vectors(
    noise_pool, tmp_path, recorder, monkeypatch
):
    hub = {"name": "stats", "source": "hub/model"}
    monkeypatch.setattr(embeddings, "offline_identity", lambda *_: hub)
    sources = noise_pool([8000, 9000], name="a")
    recorder(identity={**hub, "revision": "1"})
    embed_utterances(sources, tmp_path, "stats")
    # All is there: nobody asks for the revision.
    model = recorder(identity={**hub, "revision": "2"})
    embed_utterances(sources, tmp_path, "stats")
    assert model.utterances == 0
    # Something is missing: the model is loaded, and it is another one.
    more = [*sources, *noise_pool([7000], name="b")]
    embed_utterances(more, tmp_path, "stats")
    assert model.utterances == 3


@pytest.mark.parametrize("name", ["index", "vectors-*"])
@pytest.mark.parametrize("damage", [b"", b"\0\1\2", None])
def test_a_damaged_cache_is_made_anew(noise_pool, tmp_path, name, damage):
    sources = noise_pool([8000, 9000])
    embed_utterances(sources, tmp_path, "stats")
    before = file_contents(tmp_path / "stats")
    (path,) = (tmp_path / "stats").glob(name)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage is None else damage)
    with pytest.raises(EmbeddingError, match="embed the utterances again"):
        read_embeddings(tmp_path, "stats", ["pool0"])
    embed_utterances(sources, tmp_path, "stats")
    assert file_contents(tmp_path / "stats") == before


def test_a_damaged_part_is_removed(noise_pool, tmp_path):
    sources = noise_pool([8000, 9000])
    embed_utterances(sources, tmp_path, "stats")
    before = file_contents(tmp_path / "stats")
    parts = tmp_path / "stats/parts"
    parts.mkdir()
    for number, content in enumerate((b"", b"PK\3\4 cut", b"\0\1")):
        (parts / f"{number}.npz").write_bytes(content)
    embed_utterances(sources, tmp_path, "stats")
    assert file_contents(tmp_path / "stats") == before
