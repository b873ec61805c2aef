#!/usr/bin/env bash
# audiomentations 0.43.1: `Resample` is a change of speed and pitch.
#
# The transform gives back another number of samples and no rate, and `Compose`
# goes on with the rate that it was called with. Whoever does the same (there is
# no other rate to be had from the call) hears the voice of the new rate: from 16
# to 8 kHz, twice as fast and an octave up. Later transforms are wrong as well: a
# low-pass filter at 2 kHz, which leaves a tone of 1.5 kHz, now takes most of it
# away. By default the new rate is anything from 8 to 44.1 kHz: voices from an
# octave up to one and a half down. The docstring: "To do downsampling only, set
# both minimum and maximum sampling rate lower than original sampling rate", which
# reads like lost bandwidth. `Aliasing` is the one that keeps speed and pitch.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    audiomentations==0.43.1 numpy==2.4.6 scipy==1.17.1 2>pip.log || { cat pip.log >&2; exit 1; }

venv/bin/python - <<'EOF'
import importlib.metadata

import numpy as np
from audiomentations import Aliasing, Compose, LowPassFilter, Resample

RATE = 16000
time = np.arange(RATE) / RATE
tones = 0.1 * (np.sin(2 * np.pi * 200 * time) + np.sin(2 * np.pi * 1500 * time))
tones = tones.astype("float32")


def strengths(samples):
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    pitches = np.fft.rfftfreq(len(samples), 1 / RATE)
    shown = (200, 400, 1500, 3000)
    found = [power[np.abs(pitches - shown_at).argmin()] for shown_at in shown]
    return {p: round(float(f / power.max()), 2) for p, f in zip(shown, found)}


def hear(title, *transforms):
    found = Compose(list(transforms))(tones, sample_rate=RATE)
    print(f"{title}: {len(found)} samples, Hz -> strength {strengths(found)}")
    return len(found), strengths(found)


print("audiomentations", importlib.metadata.version("audiomentations"))
resample = Resample(8000, 8000, p=1)
low_pass = LowPassFilter(2000, 2000, 24, 24, p=1)  # 24 dB an octave
assert hear("as it is")[1] == {200: 1, 400: 0, 1500: 1, 3000: 0}
length, found = hear("Resample", resample)
assert length == RATE // 2
assert found[200] == found[1500] == 0 and min(found[400], found[3000]) > 0.95
assert hear("LowPassFilter", low_pass)[1][1500] > 0.8
assert hear("both", resample, low_pass)[1][3000] < 0.5
length, found = hear("Aliasing", Aliasing(8000, 8000, p=1))
assert length == RATE and min(found[200], found[1500]) > 0.8
print("default range:", Resample().min_sample_rate, Resample().max_sample_rate)
assert (Resample().min_sample_rate, Resample().max_sample_rate) == (8000, 44100)
EOF
