"""Emotions that look like numbers or truth values, from corpus to report."""

import json
import pathlib
import shutil

import pandas as pd
import pytest
from emoclust_lobes.cli import main
from emoclust_lobes.synthetic import make_generic

from tests.emoclust_lobes.protocol.test_command import TINY

ROOT = pathlib.Path(__file__).parents[3]
SYSTEMS = """\
none: {stage1: {pretraining: none}}
stats-baseline: {baseline: {encoders: [stats]}}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "classes",
    [["1", "2", "3"], ["01", "03"], ["True", "False"], ["1e3", "nan", "NA"]],
    ids="-".join,
)
def test_a_report_tells_of_emotions_by_their_names(classes, tmp_path):
    (tmp_path / "hparams").mkdir()
    for script in ("train_contrastive.py", "train_ser.py"):
        shutil.copy(ROOT / script, tmp_path)
    shutil.copy(ROOT / "hparams/generic.yaml", tmp_path / "hparams")
    (tmp_path / "hparams/systems.yaml").write_text(SYSTEMS)
    calls = tmp_path / "calls"
    make_generic(calls, n_speakers=6, n_sentences=2)
    for speaker in calls.glob("spk*"):
        for old, new in zip(("angry", "happy", "sad"), classes, strict=False):
            (speaker / old).rename(speaker / new)
    words = [
        "protocol",
        str(tmp_path / "hparams/generic.yaml"),
        f"--data_folder={calls}",
        f"--output_folder={tmp_path / 'out'}",
        *(x for x in TINY if not x.startswith("--enrolled_counts")),
        f"--classes={json.dumps(classes)}",
        "--table=null",
        "--systems=none,stats-baseline",
        "--fold=1",
        "--folds=1",
    ]
    assert main(words) == 0
    results = tmp_path / "out/protocol"
    runs = pd.read_csv(results / "runs.csv", keep_default_na=False)
    assert runs["n"].tolist() == [2 * 2 * len(classes)] * len(runs) != []
    for matrix in runs["confusion"]:
        assert len(matrix.split(";")) == len(classes)
    report = "".join(x.read_text() for x in results.glob("*.md"))
    assert all(name in report for name in classes)
