"""The cache of embeddings: exact and complete, whoever computes it."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import soundfile
import torch
from data_prep.manifests.manifest import Utterance, read_manifests
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.embeddings.cache import EmbeddingError, read_cache
from emoclust_lobes.embeddings.extraction import (
    embed_utterances,
    read_embeddings,
)
from emoclust_lobes.encoders.speaker_encoders import load_speaker_encoder
from emoclust_lobes.parallel.batches import cores_for
from emoclust_lobes.synthetic.embeddings import cached_ids
from torch import set_num_threads as set_threads


@pytest.mark.parametrize("n_threads", [1, 3])
def test_each_vector_is_that_of_the_utterance_alone(
    n_threads, noise_pool, tmp_path, model_folder, request
):
    request.addfinalizer(lambda n=torch.get_num_threads(): set_threads(n))
    set_threads(n_threads)
    lengths = [16000, 12000, 16000, 12001, 16000, 30000, 12000, 5000]
    sources, folder = noise_pool(lengths), model_folder("ecapa")
    embed_utterances(sources, tmp_path / "cache", "ecapa", str(folder))

    encoder = load_speaker_encoder("ecapa", folder)
    table = read_manifests(sources)
    found = read_embeddings(tmp_path / "cache", "ecapa", table["ID"])
    for row, vector in zip(table.itertuples(), found, strict=True):
        alone = encoder(read_utterance(row.wav)[None])[0].numpy()
        np.testing.assert_allclose(vector, alone, atol=1e-5, rtol=0)
    assert found.dtype == np.float32 and found.shape == (8, 8)


def test_batches_hold_one_exact_length_and_stay_below_the_limit(
    noise_pool, tmp_path, recorder
):
    model = recorder()
    sources = noise_pool([8000] * 5 + [8001] + [16000] * 2 + [50000])
    seconds = 1.6 * cores_for("cpu")  # each core has its share of them
    embed_utterances(sources, tmp_path, "stats", max_batch_seconds=seconds)
    assert sorted(model.batches, key=lambda x: (x[1], -x[0])) == [
        (3, 8000),
        (2, 8000),
        (1, 8001),
        (1, 16000),
        (1, 16000),
        (1, 50000),
    ]


def test_all_unusable_files_are_named_after_the_rest_was_saved(
    noise_pool, tmp_path, write_noise
):
    sources = noise_pool([8000, 9000, 10000, 11000, 8000])
    audio = tmp_path / "pool/audio"
    (audio / "0.wav").unlink()
    (audio / "1.wav").write_text("version https://git-lfs.github.com/spec/v1")
    write_noise(audio / "3.wav", 0)
    soundfile.write(audio / "4.wav", np.full(8000, np.nan), 16000, "FLOAT")
    with pytest.raises(EmbeddingError) as error:
        embed_utterances(sources, tmp_path, "stats")
    message = str(error.value)
    assert message.startswith("4 utterances cannot be embedded")
    for name in ("0.wav", "1.wav", "3.wav", "4.wav: its embedding is not"):
        assert str(audio / name) in message
    assert "2.wav" not in message
    assert cached_ids(read_cache(tmp_path, "stats")) == ["pool2"]


def test_stereo_and_other_rates_are_embedded_as_mono_at_the_encoders_rate(
    tmp_path, write_pool, recorder, write_noise
):
    write_noise(tmp_path / "stereo.wav", 22050, rate=44100, channels=2)
    sources = write_pool(
        [Utterance(ID="u", duration=0.5, wav="stereo.wav", spk_id="s")]
    )
    model = recorder()
    embed_utterances(sources, tmp_path, "stats")
    assert model.batches == [(1, 8000)]


def test_a_rate_that_is_not_the_encoders_is_refused(noise_pool, tmp_path):
    with pytest.raises(
        EmbeddingError, match="16000 Hz, found sample_rate 8000"
    ):
        embed_utterances(
            noise_pool([8000]), tmp_path, "stats", sample_rate=8000
        )


TWO_PROCESSES = """
    import os, sys
    import torch
    from emoclust_lobes.embeddings.cache import EmbeddingError
    from emoclust_lobes.embeddings.parts import PartWriter
    from emoclust_lobes.embeddings import embed_utterances
    from speechbrain.utils.distributed import run_on_main

    sources, folder, rank = {sources!r}, {folder!r}, int(os.environ["RANK"])
    torch.distributed.init_process_group(
        "gloo", f"file://{{folder}}/rendezvous", rank=rank, world_size=2
    )
    embedded = []
    add = PartWriter.add

    def noted(self, rows, vectors):
        embedded.extend(self.ids[rows])
        add(self, rows, vectors)

    PartWriter.add = noted
    for _ in range(2):  # the second time, nothing is left to do
        try:
            embed_utterances(sources, f"{{folder}}/shared", "stats", save_every=2)
        except EmbeddingError as error:
            print(str(error).split()[0], end=" ")
    print(*embedded)
    embedded.clear()
    alone = {{"embedding_folder": f"{{folder}}/main", "encoder": "stats"}}
    run_on_main(embed_utterances, kwargs={{"sources": sources[:1], **alone}})
    print(*embedded)
    torch.distributed.destroy_process_group()
"""


@pytest.mark.slow
def test_processes_share_the_utterances_and_make_the_same_cache(
    noise_pool, tmp_path
):
    sources = noise_pool(range(8000, 8009), name="a")
    others = noise_pool([7000, 7001], name="b")
    whole = [*sources, *others]
    embed_utterances(whole, tmp_path / "single", "stats")
    broken = noise_pool([6000, 6001], name="no-audio")
    for wav in read_manifests(broken)["wav"]:
        open(wav, "w").close()
    program = TWO_PROCESSES.format(
        sources=[tuple(source) for source in [*whole, *broken]],
        folder=str(tmp_path),
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)],
            env={**os.environ, "RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    printed = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]

    shares = []
    for text in printed:  # both were told of the two files, both times
        first, second, *share = text.splitlines()[0].split()
        assert (first, second) == ("2", "2")
        shares.append(share)
    ids = read_manifests(whole)["ID"]
    assert sorted(shares[0] + shares[1]) == sorted(ids)
    assert [len(share) for share in shares] == [6, 5]
    np.testing.assert_array_equal(
        read_embeddings(tmp_path / "shared", "stats", ids),
        read_embeddings(tmp_path / "single", "stats", ids),
    )
    assert len(read_cache(tmp_path / "shared", "stats")) == 11
    assert not list(tmp_path.rglob("parts"))
    # Where the main process is alone, it does everything
    alone = [text.splitlines()[1].split() for text in printed]
    assert alone == [[f"a{n}" for n in range(9)], []]
