#!/usr/bin/env bash
# opensmile 2.6.0 / audinterface 1.4.0: `cache_root` gives one feature set the
# values of another.
#
# `Smile.process_index(index, cache_root=...)` (and Feature, Process) stores its
# result as <cache_root>/<hash>.pkl, where the hash is that of the index alone:
# of file names and times. Another Smile with the same folder and the same files
# is not run at all. ComParE 2016, 6373 features, answers with the 88 of
# eGeMAPS and their names; so do another level, another sampling rate, and files
# that have changed since. No warning, although the object knows its
# `num_features`. The docstring says how the hash is made, and not that one
# folder is therefore for one extractor, one setting and one state of the files.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    opensmile==2.6.0 audinterface==1.4.0 audiofile==1.6.1 audformat==1.4.3 \
    soundfile==0.14.0 numpy==2.4.6 pandas==3.1.1 2>pip.log || { cat pip.log >&2; exit 1; }

venv/bin/python - <<'EOF'
import warnings

import audformat
import numpy as np
import opensmile
import soundfile

warnings.simplefilter("error", UserWarning)  # there is none
RATE = 16000
time = np.arange(2 * RATE) / RATE


def say(pitch):
    tone = sum(np.cos(2 * np.pi * pitch * k * time) / k for k in range(1, 12))
    soundfile.write("a.wav", 0.1 * tone, RATE)


def smile(name):
    return opensmile.Smile(
        getattr(opensmile.FeatureSet, name), opensmile.FeatureLevel.Functionals
    )


print("opensmile", opensmile.__version__)
files = audformat.filewise_index(["a.wav"])
say(150)
egemaps = smile("eGeMAPSv02").process_index(files, cache_root="cache")
compare = smile("ComParE_2016")
found = compare.process_index(files, cache_root="cache")
print("ComParE has", compare.num_features, "features, found", found.shape[1])
print("the first:", found.columns[0])
assert compare.num_features == 6373
assert compare.process_index(files).shape[1] == 6373
assert list(found.columns) == list(egemaps.columns)
assert len(found.columns) == 88

say(300)  # the file is another
pitch = "F0semitoneFrom27.5Hz_sma3nz_amean"
stale = smile("eGeMAPSv02").process_index(files, cache_root="cache")
fresh = smile("eGeMAPSv02").process_index(files)
a, b = float(stale[pitch].iloc[0]), float(fresh[pitch].iloc[0])
print(f"pitch of the new file: {a:.1f} semitones cached, {b:.1f} computed")
assert b - a > 11
EOF
