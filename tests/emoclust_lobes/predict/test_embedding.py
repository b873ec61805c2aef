"""Batches against one window at a time, and clips that fail among others."""

import os

import numpy as np
import pytest
import soundfile
import torch
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.predict.embedding import embed_clips
from emoclust_lobes.predict.inputs import Clip, PredictError
from emoclust_lobes.predict.predictor import Predictor
from hypothesis import (
    HealthCheck,
    Phase,
    given,
    settings,
    strategies as st,
)

PROBLEMS = {"silent.wav": "silent", "missing.wav": "No such file or directory"}


def embed(model, clips, batch_seconds=60.0, precision="fp32"):
    return list(
        embed_clips(
            model,
            clips,
            window=0.5,
            hop=0.3,
            batch_seconds=batch_seconds,
            precision=precision,
        )
    )


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Noise of several lengths and rates, and two files that are no audio."""
    folder = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(5)
    clips = []
    for number, (seconds, rate) in enumerate(
        [(0.4, 16000), (0.9, 8000), (0.4, 16000), (0.5, 44100), (1.6, 16000)]
    ):
        path = folder / f"{number}.wav"
        # Differently colored, so that embeddings differ
        noise = rng.normal(0, 0.1, int(seconds * rate)).cumsum() / (1 + number)
        soundfile.write(path, noise - noise.mean(), rate, subtype="FLOAT")
        clips.append(Clip(path.name, str(path)))
    soundfile.write(folder / "silent.wav", np.zeros(40000), 16000)
    clips.insert(1, Clip("silent.wav", str(folder / "silent.wav")))
    clips.insert(3, Clip("missing.wav", str(folder / "missing.wav")))
    return clips


@pytest.fixture(scope="module")
def alone(model, clips):
    """Embeddings of each clip, every window read and embedded by itself."""
    vectors = {}
    with torch.inference_mode():
        for clip in clips:
            if clip.name in PROBLEMS:
                continue
            info = soundfile.info(clip.path)
            frames, rate = info.frames, info.samplerate
            window, hop = round(0.5 * rate), round(0.3 * rate)
            start, rows = 0, []
            while True:
                start = min(start, max(0, frames - window))
                stop = min(frames, start + window)
                waveform = read_utterance(clip.path, start, stop)
                rows.append(model.encode_batch(waveform)[0, 0])
                if stop == frames:
                    break
                start += hop
            vectors[clip.name] = torch.stack(rows)
    return vectors


@settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.generate],  # to shrink would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    order=st.permutations(range(7)), batch_seconds=st.sampled_from([0.1, 1, 60])
)
def test_neither_order_nor_batch_size_matters(
    order, batch_seconds, model, clips, alone
):
    chosen = [clips[place] for place in order]
    found = embed(model, chosen, batch_seconds)
    assert [each.clip for each in found] == chosen
    for each in found:
        assert each.problem.partition(":")[0] == PROBLEMS.get(
            each.clip.name, ""
        )
        if not each.problem:
            rows = torch.stack(each.embeddings)
            torch.testing.assert_close(
                rows, alone[each.clip.name], rtol=1e-4, atol=1e-5
            )
            torch.testing.assert_close(each.mean, rows.mean(dim=0))


def test_what_a_processor_computes_at_once_does_not_matter(
    model, clips, alone, monkeypatch
):
    sizes, encode = [], model.encode_batch

    def noted(waveforms):
        sizes.append(waveforms.numel() / 16000)
        return encode(waveforms)

    monkeypatch.setattr(model, "encode_batch", noted)
    monkeypatch.setattr("emoclust_lobes.predict.embedding.CACHED_SECONDS", 1.2)
    for each in embed(model, clips):
        if not each.problem:
            torch.testing.assert_close(
                *(torch.stack(each.embeddings), alone[each.clip.name]),
                **{"rtol": 1e-4, "atol": 1e-5},
            )
    assert len(sizes) > 3 and max(sizes) == 1


def test_bfloat16_rounds_embeddings_a_little(model, clips, alone):
    for each in embed(model, clips, precision="bf16"):
        if not each.problem:
            rows, exact = torch.stack(each.embeddings), alone[each.clip.name]
            assert rows.dtype == torch.float32 and not torch.equal(rows, exact)
            cosines = torch.nn.functional.cosine_similarity(rows, exact)
            assert cosines.min() > 0.99


def test_an_unknown_precision_is_refused():
    with pytest.raises(PredictError, match="fp32 or bf16, not 'fp16'"):
        Predictor("nowhere", precision="fp16")


def test_a_clip_that_is_too_short_for_the_model_fails_alone(
    model, clips, tmp_path, write_noise
):
    path = write_noise(tmp_path / "short.wav", 30)
    short, other = embed(model, [Clip("short.wav", str(path)), clips[0]])
    assert short.problem.startswith("the model refuses 0.002 s: ")
    assert not other.problem


def test_a_name_that_no_result_could_hold_is_refused(
    model, tmp_path, write_noise
):
    path = f"{tmp_path}/\udce9.wav"
    os.rename(write_noise(tmp_path / "cafe.wav", 8000), path)
    found, joined = embed(model, [Clip(path, path), Clip("a\0b", "a\0b")])
    assert found.problem == "its name is not UTF-8: rename it"
    assert joined.problem == "its name holds a NUL: give one path a line"


def test_batches_are_as_long_as_asked_for_and_results_come_early(
    model, tmp_path, write_noise, monkeypatch
):
    clips = []
    for number in range(6):
        path = str(write_noise(tmp_path / f"{number}.wav", 8000, seed=number))
        clips.append(Clip(path, path))
    batches, left, advanced = [], iter(clips), []
    encode = model.encode_batch

    def noted(waveforms):
        batches.append(len(waveforms))
        return encode(waveforms)

    monkeypatch.setattr(model, "encode_batch", noted)
    results = embed_clips(
        model,
        left,
        window=0.5,
        hop=0.5,
        batch_seconds=1.0,
        advance=advanced.append,
    )
    next(results)
    assert next(left).name == clips[2].name  # two were read, no more
    list(results)
    assert batches == [2, 2, 1]
    assert sum(advanced) == 2.5  # seconds of five, of which each is 0.5


def test_a_pipe_is_not_waited_for(model, clips, tmp_path):
    path = tmp_path / "pipe.wav"
    os.mkfifo(path)
    found, other = embed(model, [Clip("pipe.wav", str(path)), clips[0]])
    assert found.problem == "a pipe, a socket or a device, not a file"
    assert not other.problem


def test_whatever_a_decoder_raises_stays_with_its_file(
    model, clips, monkeypatch
):
    """A file whose codec is broken in a way that nobody has thought of."""
    opened = soundfile.SoundFile

    def open_file(path, *options):
        if str(path) == clips[1].path:
            raise MemoryError("of the codec\nand more")
        return opened(path, *options)

    monkeypatch.setattr(soundfile, "SoundFile", open_file)
    found = embed(model, clips[:3])
    assert [bool(each.problem) for each in found] == [False, True, False]
    assert found[1].problem == "cannot be read: MemoryError: of the codec"
