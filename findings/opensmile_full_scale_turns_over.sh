#!/usr/bin/env bash
# openSMILE (opensmile 2.6.0): a sample at full scale changes its sign.
#
# `Smile._extract` computes `signal *= 32768` and `.astype(np.int16)`, without a
# limit. +1.0 is 32768, which int16 does not have: it becomes -32768, the most
# negative sample there is. No warning. Everyday ways to get there:
#   * speech normalized by its peak, x / abs(x).max(): exactly one sample turns
#     over, a click as high as the format allows;
#   * a lossy or resampled copy of loud speech, which overshoots 1.0 a little:
#     libsndfile decodes an MP3 of a 16-bit WAV to more than 1.0, and
#     `process_file` hands that on; a 16-bit WAV of
#     44.1 kHz in which a shout is clipped overshoots inside
#     `Smile(..., sampling_rate=16000, resample=True)`: loudness is up by 45 %.
# A reader guesses saturation, as soundfile.write and sox do. The docstrings of
# process_signal and process_file say nothing about a range.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    opensmile==2.6.0 audinterface==1.4.0 audiofile==1.6.1 soundfile==0.14.0 \
    audresample==1.3.6 numpy==2.4.6 pandas==3.1.1 \
    2>pip.log || { cat pip.log >&2; exit 1; }

venv/bin/python - <<'EOF'
import warnings

import audresample
import numpy as np
import opensmile
import soundfile
from opensmile.core.lib import OpenSMILE

warnings.simplefilter("error", RuntimeWarning)  # there is none
RATE = 16000
TOP = 32767 / 32768  # the greatest 16-bit sample
time = np.arange(2 * RATE) / RATE
phase = np.cumsum(2 * np.pi * (150 + 10 * np.sin(2 * np.pi * 3 * time)) / RATE)
voice = sum(np.cos(k * phase) / k for k in range(1, 20))
voice *= 0.3 + 0.7 * np.sin(np.pi * time / 2) ** 2
smile = opensmile.Smile(
    opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals
)
SHOWN = {
    "loudness_sma3_amean": 2,
    "shimmerLocaldB_sma3nz_amean": 3,
    "shimmerLocaldB_sma3nz_stddevNorm": 2,
    "spectralFlux_sma3_amean": 3,
    "HNRdBACF_sma3nz_amean": 2,
    "alphaRatioV_sma3nz_amean": 1,
}


def compare(title, found, limited):
    print(title)
    changes = {}
    for name, digits in SHOWN.items():
        a, b = float(limited[name].iloc[0]), float(found[name].iloc[0])
        changes[name] = b / a
        print(f"  {name}: {a:.{digits}f} -> {b:.{digits}f}")
    return changes


print("opensmile", opensmile.__version__)
peak = (voice / np.abs(voice).max()).astype("float32")
limited = np.minimum(peak, np.float32(TOP))
print("samples that differ:", int((peak != limited).sum()), "by", 1 - TOP)
assert (peak != limited).sum() == 1 and peak.max() == 1
# What openSMILE is given, seen from inside: the bytes of an int16 array
given = []
write = OpenSMILE.external_audio_source_write_data


def listen(self, name, data):
    given.append(np.frombuffer(data, "int16"))
    return write(self, name, data)


OpenSMILE.external_audio_source_write_data = listen
one = smile.process_signal(peak, RATE)
at = int(peak.argmax())
print("around the peak:", peak[at - 1 : at + 2], "->", given[0][at - 1 : at + 2])
assert given[0][at] == -32768
changes = compare(
    "one sample at 1.0, limited -> as it is",
    one,
    smile.process_signal(limited, RATE),
)
assert changes["shimmerLocaldB_sma3nz_stddevNorm"] > 1.5

soundfile.write("loud.wav", limited, RATE, subtype="PCM_16")
loud, _ = soundfile.read("loud.wav")
assert np.abs(loud).max() < 1
soundfile.write("loud.mp3", loud, RATE)
decoded, _ = soundfile.read("loud.mp3", dtype="float32")
over = int((decoded >= 1).sum())
print(f"MP3 of a 16-bit WAV: maximum {decoded.max():.4f}, {over} samples")
assert over > 0
changes = compare(
    "process_file of the MP3, limited -> as it is",
    smile.process_file("loud.mp3"),
    smile.process_signal(np.clip(decoded, -1, TOP).astype("float32"), RATE),
)
assert changes["shimmerLocaldB_sma3nz_amean"] > 1.1

fast = np.arange(2 * 44100) / 44100
shout = np.interp(fast, time, voice)
shout = np.clip(2 * shout / np.abs(shout).max(), -0.999, 0.999)
soundfile.write("shout.wav", shout, 44100, subtype="PCM_16")
resampling = opensmile.Smile(
    opensmile.FeatureSet.eGeMAPSv02,
    opensmile.FeatureLevel.Functionals,
    sampling_rate=RATE,
    resample=True,
)
shout, _ = soundfile.read("shout.wav", dtype="float32")
slow = audresample.resample(shout, 44100, RATE)
print(f"shout resampled: maximum {slow.max():.4f}, {(slow >= 1).sum()} samples")
changes = compare(
    "process_file of a clipped WAV, resample=True, limited -> as it is",
    resampling.process_file("shout.wav"),
    smile.process_signal(np.clip(slow, -1, TOP).astype("float32"), RATE),
)
assert changes["loudness_sma3_amean"] > 1.1
EOF
