"""Speaker embeddings of recordings of mixed length: ECAPA-TDNN, 1024 channels."""

import numpy as np
import torch
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.embeddings.extraction import compute_vectors
from emoclust_lobes.encoders.speaker_encoders import load_speaker_encoder

from benchmarks.part import Part
from benchmarks.speaker_models import ECAPA, model_folder, some_clips
from speechbrain.inference.classifiers import EncoderClassifier

BATCH_SECONDS = 60.0


def ours(model):
    """Read ahead, batches of equal length, one on each core."""

    def side(size):
        kept, clips = model_folder(model), some_clips(size)
        encoder = load_speaker_encoder("ecapa", kept.name)

        def run():
            vectors = np.empty((len(clips), encoder.dim), dtype="float32")
            for rows, _, found in compute_vectors(
                encoder, clips, BATCH_SECONDS, []
            ):
                vectors[rows] = found
            return vectors

        return run

    return side


def one_at_a_time(model):
    """SpeechBrain's interface, one file after the other."""

    def side(size):
        kept, clips = model_folder(model), some_clips(size)
        classifier = EncoderClassifier.from_hparams(kept.name)

        def run():
            waveforms = map(classifier.load_audio, clips["wav"])
            vectors = [
                classifier.encode_batch(x, normalize=False) for x in waveforms
            ]
            return torch.cat(vectors).squeeze(1).numpy()

        return run

    return side


def forward_pass(model):
    """The network alone, on as much speech cut to one length."""

    def side(size):
        kept, clips = model_folder(model), some_clips(size)
        encoder = load_speaker_encoder("ecapa", kept.name)
        speech = torch.cat([read_utterance(wav) for wav in clips["wav"]])
        n = len(clips)
        pieces = speech[: len(speech) // n * n].view(n, -1)
        seconds = pieces.shape[1] / encoder.sample_rate
        batches = pieces.split(max(1, int(BATCH_SECONDS / seconds)))

        def run():
            return torch.cat([encoder(batch) for batch in batches]).numpy()

        return run

    return side


def part_of(model, name):
    """The same of another model."""
    return Part(
        name=f"speaker embeddings, {name}",
        unit="s of speech in files of 3 to 5 s",
        sizes=(15, 60),
        growth=(15, 60, 180),
        sides={
            "ours": ours(model),
            "EncoderClassifier, one at a time": one_at_a_time(model),
            "forward pass alone, equal lengths": forward_pass(model),
        },
        aim="2x one at a time, .9 of the forward pass",
        repeats=3,
    )


PART = part_of(ECAPA, "ECAPA-TDNN 1024")
