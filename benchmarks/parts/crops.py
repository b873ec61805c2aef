"""Crops of 2 s out of recordings of mixed length on the disk."""

from emoclust_lobes.audio.reading import RandomCrop, audio_pipeline

from benchmarks.part import Part
from benchmarks.speaker_models import some_clips
from speechbrain.dataio.audio_io import load

SPEECH, CROP, RATE = 120, 2.0, 16000


def ours(n_crops):
    """What the loader of stage 1 does for each utterance of a batch."""
    paths = some_clips(SPEECH)["wav"].tolist()
    crop = RandomCrop(seconds=CROP, sample_rate=RATE, seed=0)
    read = audio_pipeline(RATE, crop)

    def run():
        for number in range(n_crops):
            read(paths[number % len(paths)], "", "", str(number))

    return run


def whole_files(n_crops):
    """The files decoded, and nothing else."""
    paths = some_clips(SPEECH)["wav"].tolist()

    def run():
        for number in range(n_crops):
            load(paths[number % len(paths)])

    return run


PART = Part(
    name="crops of 2 s from files of 3 to 5 s",
    unit="crops",
    sizes=(64,),
    growth=(64, 256, 1024),
    sides={"ours": ours, "decoding the whole files": whole_files},
    aim="no slower",
)
