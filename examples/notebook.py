"""Make emoclust.ipynb of this script: ``python examples/notebook.py``.

What stands below the first ``# %%`` are the cells; ``# %% [markdown]`` begins
one of text. Without nbformat, this file can be read instead.
"""

import pathlib
import re
import sys


def make(script):
    """Return the notebook of a script, as text."""
    import nbformat.v4

    kinds = {
        "": nbformat.v4.new_code_cell,
        "[markdown]": nbformat.v4.new_markdown_cell,
    }
    text = pathlib.Path(script).read_text(encoding="utf-8")
    _, *parts = re.split(r"^# %% ?(.*)\n", text, flags=re.M)
    cells = []
    for number, (kind, source) in enumerate(zip(parts[::2], parts[1::2])):
        if kind:
            source = re.sub(r"^# ?", "", source, flags=re.M)
        # Names that do not change whenever the notebook is made
        cells.append(kinds[kind](source.strip(), id=f"cell-{number}"))
    kernel = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    book = nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": kernel}
    )
    nbformat.validate(book)
    return nbformat.writes(book) + "\n"


if __name__ == "__main__":
    target = pathlib.Path(__file__).with_name("emoclust.ipynb")
    target.write_text(make(__file__), encoding="utf-8")
    sys.exit()

# %% [markdown]
# # From a folder of clips to emotions
#
# Speech of a few people becomes clusters, a small model and an emotion for a
# clip. It runs in a checkout where `pip install -e .` has been done, in a
# minute or two on a CPU.

# %%
import os
import pathlib
import subprocess
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the models are small
if not pathlib.Path("hparams").is_dir():
    os.chdir("..")  # from examples to the checkout

# %% [markdown]
# ## Clips
#
# `CLIPS = None` computes some: synthetic speech, whose numbers show that
# everything runs and mean nothing else. Or name a folder of yours,
# `SPEAKER/EMOTION/*.wav`, with six speakers or more.

# %%
CLIPS = None
OUTPUT = "results/notebook"


def run(*words):
    """Run a line of the quick start, and show what it prints."""
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True
    )
    print(done.stdout)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])


EMOCLUST = [
    "-c",
    "import sys; from emoclust_lobes.cli import main; sys.exit(main())",
]
if CLIPS is None:
    clips = pathlib.Path(OUTPUT, "corpus")
    if not clips.exists():
        sizes = ["--speakers=6", "--statements=2", "--repetitions=1"]
        run("-m", "emoclust_lobes.synthetic", "ravdess", str(clips), *sizes)
    experiment = ["hparams/demo.yaml"]
else:
    clips = pathlib.Path(CLIPS).expanduser()
    n_classes = len({x.name for x in clips.glob("*/*") if x.is_dir()})
    # Log-mel statistics need no model hub; campplus and ecapa hear more
    experiment = ["hparams/generic.yaml", f"--n_classes={n_classes}"]
    experiment += ["--speaker_encoder=stats", "--steps_per_epoch=20"]
    # A small network; without these, the YAML's takes minutes an epoch
    experiment += ["--ecapa_channels=32", "--embedding_size=32"]
experiment += [f"--data_folder={clips}", f"--output_folder={OUTPUT}"]

# %% [markdown]
# ## Clusters
#
# One vector for each clip, clusters inside each speaker, and how far they
# follow emotion: where AMI is near 0, the method has nothing to learn from.

# %%
run(*EMOCLUST, "clusters", *experiment)

# %% [markdown]
# The clips of one speaker on the two directions in which they differ most, a
# color for each emotion, a number for each cluster.

# %%
import matplotlib.pyplot as plt
import pandas as pd
from emoclust_lobes.embeddings.extraction import read_embeddings
from sklearn.decomposition import PCA

(path,) = pathlib.Path(OUTPUT).glob("**/clusters/stats/clusters.csv")
table = pd.read_csv(path, dtype=str)
manifests = pathlib.Path(OUTPUT).glob("**/manifest/*.csv")
said = pd.concat(pd.read_csv(x, dtype=str) for x in manifests)
table = table.merge(said[["ID", "emotion"]], on="ID")
table = table[table["spk_id"] == table["spk_id"].iloc[0]]
vectors = read_embeddings(f"{OUTPUT}/embeddings", "stats", table["ID"])
x, y = PCA(2).fit_transform(vectors).T
figure, axis = plt.subplots()
for emotion in table["emotion"].unique():
    chosen = (table["emotion"] == emotion).to_numpy()
    axis.scatter(x[chosen], y[chosen], label=emotion)
for place in zip(x, y, table["cluster"]):
    axis.annotate(place[2], place[:2])
axis.set_title(f"Speaker {table['spk_id'].iloc[0]}, numbers of clusters")
axis.legend()
plt.show()

# %% [markdown]
# ## A model
#
# Stage 1 learns the clusters, without labels; stage 2 is fine-tuned on the
# labels and tested on speakers whom neither has heard.

# %%
short = ["--contrastive_epochs=2", "--ser_epochs=4", "--noprogressbar"]
run("train_contrastive.py", *experiment, *short)
run("train_ser.py", *experiment, *short)
run(*EMOCLUST, "results", OUTPUT)

# %% [markdown]
# What the test speakers were taken for.

# %%
(path,) = pathlib.Path(OUTPUT).glob("**/labels_1.0/confusion.png")
figure, axis = plt.subplots(figsize=(7, 6))
axis.imshow(plt.imread(path))
axis.set_axis_off()
plt.show()

# %% [markdown]
# ## An emotion for a clip

# %%
from emoclust_lobes.inference import load_model

model = load_model(str(path.parent / "inference"))
clip = sorted(clips.rglob("*.wav"))[0]
log_probabilities, score, index, labels = model.classify_file(str(clip))
print(clip.name, labels[0], f"{score.exp().item():.2f}")
