#!/usr/bin/env bash
# audpsychometric 0.1.1: the majority of raters comes out with its name cut, and
# two emotions become one.
#
# `audpsychometric.mode` goes through `numpy.apply_along_axis`, which takes the
# type of the result from the first item. If that item is won by "sad", the
# result is of type <U3, and all later winners lose what is after their third
# letter: "angry" is "ang", and "disgusted" and "disappointed" (both in the list
# of secondary emotions of MSP-Podcast) are one class, "dis". In another order of
# the same items the names are whole. No warning; lists, arrays and DataFrames
# with missing ratings are all treated so. `agreement_categorical` is right. The
# docstring promises the winning category: "the first occurring value is
# returned"; its examples have names of one letter.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    audpsychometric==0.1.1 audmetric==1.4.2 numpy==2.0.2 pandas==2.3.3 2>pip.log || { cat pip.log >&2; exit 1; }

venv/bin/python - <<'EOF'
import warnings

warnings.simplefilter("ignore")  # of other packages, while imported
import audpsychometric
import numpy as np
import pandas as pd

warnings.simplefilter("error")  # there is none
print("audpsychometric", audpsychometric.__version__, "numpy", np.__version__)
votes = pd.DataFrame(
    [
        ["sad", "sad", "disgusted"],
        ["angry", "angry", None],
        ["disgusted", "disgusted", "angry"],
        ["disappointed", "sad", "disappointed"],
    ],
    columns=["rater 1", "rater 2", "rater 3"],
)
cut = audpsychometric.mode(votes)
print("sad first: ", cut, cut.dtype)
assert list(cut) == ["sad", "ang", "dis", "dis"]
assert cut.dtype == "<U3"
whole = audpsychometric.mode(votes[::-1])
print("sad last:  ", whole, whole.dtype)
assert list(whole) == ["disappointed", "disgusted", "angry", "sad"]
print("of lists:  ", audpsychometric.mode([["sad", "sad"], ["angry", "angry"]]))
assert audpsychometric.mode([["sad", "sad"], ["angry", "angry"]])[1] == "ang"
right = votes.mode(axis=1)[0]
print("pandas:    ", right.to_numpy())
assert list(right) == ["sad", "angry", "disgusted", "disappointed"]
EOF
