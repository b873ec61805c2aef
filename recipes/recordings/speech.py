"""How much speech of which emotion a detector loses, on clips of one speaker.

    python recipes/recordings/speech.py TABLE results.csv --corpus=RAVDESS

The table has the columns wav (or path, file), speaker and emotion. What is
speech is told by a reference that neither detector has anything of: the frames
in which openSMILE's eGeMAPS finds a fundamental frequency.
"""

import argparse
import collections
import functools

import numpy as np
import opensmile
import pandas as pd
import torch
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.synthetic.conversations import read_clips
from emoclust_lobes.turns.speech import RATE, SpeechFinder

# As silero-vad's own get_speech_timestamps has them, and ours
ALONE = {"threshold": 0.5, "doubt": 2.0, "padding": 0.03, "pause": 0.1}
FINDERS = {
    "silero-vad alone": {**ALONE, "shortest": 0.25},
    "energy alone": {"detector": "energy"},
    "both (--speech=silero)": {},
}
FAR = 0.5  # seconds from any voiced frame: no speech was lost there


@functools.cache
def egemaps():
    """Make what finds fundamental frequencies."""
    return opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.LowLevelDescriptors,
    )


def voiced_times(wave):
    """Return the middles of the voiced frames, in seconds."""
    loud = 0.9 * wave / wave.abs().max()  # it hears nothing in a quiet clip
    frames = egemaps().process_signal(loud.numpy(), RATE)
    middles = 0.02 + 0.01 * np.arange(len(frames))
    return middles[frames["F0semitoneFrom27.5Hz_sma3nz"].to_numpy() > 0]


def measure(finder, heard, voiced):
    """Count what a finder loses of a clip, and what it adds."""
    chances, levels, seconds = heard
    found = finder.stretches(finder.frames(chances, levels), seconds)
    times = np.arange(0, seconds, 0.01)
    kept, inside = np.zeros(len(voiced), bool), np.zeros(len(times), bool)
    for start, end in found:
        kept |= (voiced >= start) & (voiced <= end)
        inside |= (times >= start) & (times <= end)
    after = np.append(voiced, np.inf)[np.searchsorted(voiced, times)]
    before = np.append(-np.inf, voiced)[np.searchsorted(voiced, times)]
    far = np.minimum(after - times, times - before) > FAR
    return {
        "clips": 1,
        "without_speech": not found,
        "voiced_frames": len(voiced),
        "voiced_lost": int((~kept).sum()),
        "far": int(far.sum()),
        "far_found": int((far & inside).sum()),
    }


def main():
    """Measure all clips of a table; write a row per finder and emotion."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table")
    parser.add_argument("output")
    parser.add_argument("--corpus", default="")
    options = parser.parse_args()
    torch.set_num_threads(1)
    finders = {name: SpeechFinder(**how) for name, how in FINDERS.items()}
    counts: dict = collections.defaultdict(collections.Counter)
    for clips in read_clips(options.table).values():
        for path, emotion in clips:
            wave = read_utterance(path)
            voiced = voiced_times(wave)
            heard = finders["both (--speech=silero)"].hear([wave])
            for name, finder in finders.items():
                found = measure(finder, heard, voiced)
                counts[name, emotion].update(found)
    rows = []
    for (name, emotion), found in sorted(counts.items()):
        rows.append(
            {
                "corpus": options.corpus,
                "finder": name,
                "emotion": emotion,
                "clips": found["clips"],
                "clips_without_speech": found["without_speech"],
                "voiced_lost_percent": round(
                    100 * found["voiced_lost"] / found["voiced_frames"], 2
                ),
                "far_found_percent": round(
                    100 * found["far_found"] / max(1, found["far"]), 1
                ),
            }
        )
    pd.DataFrame(rows).to_csv(options.output, index=False)


if __name__ == "__main__":
    main()
