"""The training scripts on miniatures: small options, and how they are run."""

import pathlib
import runpy
import subprocess
import sys

from emoclust_lobes.synthetic import make_cremad, make_iemocap, make_ravdess

ROOT = pathlib.Path(__file__).parents[2]
MAKERS = {
    "cremad": (make_cremad, {"n_speakers": 5, "n_sentences": 3}),
    "iemocap": (make_iemocap, {"n_per_emotion": 4, "n_outside": 1}),
    "ravdess": (
        make_ravdess,
        {"n_speakers": 6, "n_statements": 2, "n_repetitions": 1},
    ),
}
TINY = [
    "--expect_complete=False",
    "--speaker_encoder=stats",
    "--n_clusters=3",
    "--ecapa_channels=16",
    "--attention_channels=8",
    "--embedding_size=16",
    "--contrastive_epochs=3",
    "--steps_per_epoch=4",
    "--speakers_per_batch=2",
    "--ser_epochs=3",
    "--ser_batch_size=16",
    "--num_workers=0",
    "--device=cpu",
    "--noprogressbar",
]
SHORT = [  # one epoch of few steps
    "--contrastive_epochs=1",
    "--steps_per_epoch=2",
    "--ser_epochs=1",
    "--ser_batch_size=60",
    "--eval_batch_size=15",
]
FRONT_END = ["--ssl_layers=[1, 2]", "--hidden_size=8", "--eval_batch_size=4"]


def command(script, corpus, corpora, output, *options):
    """Return the command line of a script; the last word on a key counts."""
    keys = {option.split("=")[0]: option for option in [*TINY, *options]}
    name, _, front_end = corpus.partition("_")
    if front_end:  # has another encoder behind it
        del keys["--ecapa_channels"]
    return [
        sys.executable,
        script,
        f"hparams/{corpus}.yaml",
        f"--data_folder={corpora / name}",
        f"--output_folder={output}",
        *keys.values(),
    ]


def run(*arguments):
    """Run a script as a user does, from the repository's root."""
    done = subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]


def run_inside(monkeypatch, *arguments):
    """Run a script in this process, where a new one would prove no more."""
    script, *options = command(*arguments)[1:]
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", [script, *options])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    runpy.run_path(str(ROOT / script), run_name="__main__")


def only(folder, pattern):
    """Return the one path below a folder that matches."""
    (path,) = sorted(folder.rglob(pattern))
    return path
