#!/usr/bin/env bash
# pyannote.core 6.1.0: an annotation without overlap, discretized, has frames of
# two emotions.
#
# `Annotation.discretize` gives a matrix of frames and labels. A segment of 0.4 s
# has 41 frames of 10 ms, not 40: the range of frames is taken with both ends.
# Where one emotion follows another at once, the frame at the border is therefore
# of both, at any resolution; with coarse frames it can be one that only touches
# the other segment: 0.4 to 0.5 s is "sad", which starts at 0.5. Targets for
# cross entropy with rows that sum to 2, and argmax takes the label that comes
# first in the alphabet: "angry" wins from all. `Annotation.get_overlap` of the
# same annotation is empty. The docstring says "binary features" and nothing about
# the border.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    pyannote.core==6.1.0 numpy==2.4.6 pandas==3.1.1 2>pip.log || { cat pip.log >&2; exit 1; }

venv/bin/python - <<'EOF'
import importlib.metadata

import numpy as np
from pyannote.core import Annotation, Segment

print("pyannote.core", importlib.metadata.version("pyannote.core"))
speech = Annotation()
speech[Segment(0.0, 0.5)] = "sad"
speech[Segment(0.5, 0.9)] = "angry"
speech[Segment(0.9, 2.0)] = "happy"
print("overlap:", list(speech.get_overlap()))
assert not speech.get_overlap()
for step in (0.01, 0.02, 0.1, 0.25):
    frames = speech.discretize(Segment(0, 2), resolution=step)
    twice = np.flatnonzero(frames.data.sum(axis=1) == 2)
    shown = [
        f"{frames.sliding_window[i].start:.2f}-{frames.sliding_window[i].end:.2f}"
        for i in twice
    ]
    counts = dict(zip(frames.labels, frames.data.sum(axis=0).tolist()))
    print(f"{step} s, {len(frames.data)} frames {counts}, of two: {shown}")
    assert len(twice) == 2
    if step == 0.01:
        assert frames.labels == ["angry", "happy", "sad"]
        assert counts["angry"] == 41
    if step == 0.1:
        assert shown[0] == "0.40-0.50"
EOF
