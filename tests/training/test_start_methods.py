"""Both scripts with loader workers, however the system starts processes.

Linux forked them up to Python 3.13; macOS and Windows never do.
"""

import subprocess

import pytest

from tests.training.recipe_runs import ROOT, SHORT, command, only

START = """
import multiprocessing, runpy, sys
if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv.pop(1))
    sys.path.insert(0, ".")
    runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.parametrize("corpus", ["ravdess", "ravdess_wav2vec2"])
def test_scripts_run_with_workers(
    method, corpus, corpora, ssl_models, tmp_path
):
    start = tmp_path / "start.py"
    start.write_text(START)
    options = [*SHORT, "--num_workers=1"]
    if corpus == "ravdess_wav2vec2":
        options += [f"--ssl_hub={ssl_models('wav2vec2')}", "--hidden_size=8"]
        options += ["--ssl_layers=[1, 2]", "--eval_batch_size=4"]
    for script in ("train_contrastive.py", "train_ser.py"):
        words = command(script, corpus, corpora, tmp_path / "out", *options)
        done = subprocess.run(
            [words[0], str(start), method, *words[1:]],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-3000:]
    assert only(tmp_path, "ser_contrastive/labels_1.0/metrics.json")
