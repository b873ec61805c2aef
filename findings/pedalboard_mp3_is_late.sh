#!/usr/bin/env bash
# pedalboard 0.9.26: an MP3 is read 1105 samples late, also its own.
#
# An MP3 encoder puts silence in front, and writes in the file how much there is
# (the LAME tag). soundfile (libsndfile), miniaudio and PyAV (FFmpeg) leave that
# out: length and start are those of the original, to the sample.
# `pedalboard.io.AudioFile` on Linux keeps it. Everything comes 1105 samples later,
# which is 69 ms at 16 kHz, and the end is longer too; so it does with a file that
# pedalboard wrote, whose tag it put there. Segments that were cut by one reader
# and annotated with another are off. The docstring says that the number of frames
# of some MP3 can be an estimate, and nothing of a delay;
# `exact_duration_known` is True here. (macOS and Windows decode with the system.)
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    pedalboard==0.9.26 soundfile==0.14.0 miniaudio==1.71 av==18.1.0 numpy==2.4.6 2>pip.log || { cat pip.log >&2; exit 1; }

venv/bin/python - <<'EOF'
import sys

import av
import miniaudio
import numpy as np
import pedalboard
import soundfile
from pedalboard.io import AudioFile

assert sys.platform == "linux", "other systems have other decoders"
RATE = 16000
rng = np.random.default_rng(0)
noise = rng.standard_normal(3 * RATE)
noise = np.convolve(noise, np.hanning(9), "same")  # low frequencies
noise[: RATE // 2] = noise[-RATE // 4 :] = 0
signal = (0.1 * noise / np.abs(noise).max()).astype("float32")


def by_soundfile(name):
    return soundfile.read(name)[0]


def by_miniaudio(name):
    float32 = miniaudio.SampleFormat.FLOAT32
    return np.array(miniaudio.decode_file(name, float32, 1, RATE).samples)


def by_av(name):
    with av.open(name) as file:
        return np.hstack([f.to_ndarray() for f in file.decode(audio=0)])[0]


def by_pedalboard(name):
    with AudioFile(name) as file:
        assert file.exact_duration_known
        return file.read(file.frames)[0]


def delay(found):
    size = 2**18
    product = np.fft.rfft(found, size) * np.conj(np.fft.rfft(signal, size))
    at = int(np.fft.irfft(product).argmax())
    return at if at < size // 2 else at - size


soundfile.write("by_soundfile.mp3", signal, RATE)
with AudioFile("by_pedalboard.mp3", "w", RATE, 1) as file:
    file.write(signal)
print("pedalboard", pedalboard.__version__, "soundfile", soundfile.__version__)
print("miniaudio", miniaudio.__version__, "av", av.__version__)
for name in ("by_soundfile.mp3", "by_pedalboard.mp3"):
    for read in (by_soundfile, by_miniaudio, by_av, by_pedalboard):
        found = read(name)
        late, more = delay(found), len(found) - len(signal)
        print(f"{name} read {read.__name__}: {late} late, {more} longer")
        if read is by_pedalboard:
            assert (late, more) == (1105, 1536)
        else:
            assert (late, more) == (0, 0)
EOF
