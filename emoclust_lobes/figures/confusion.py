"""A confusion matrix as a picture."""

import numpy as np
from data_prep.storage.files import replacing
from emoclust_lobes.figures.letters import make_readable


def plot_confusion(confusion, classes, title, path):
    """Draw rows of counts (truth by prediction) and their shares as a PNG."""
    counts = np.asarray(confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = 2.2 + 0.6 * len(classes)
    import matplotlib.figure  # takes half a second

    figure = matplotlib.figure.Figure(
        figsize=(size + 0.8, size), layout="constrained"
    )
    axis = figure.subplots()
    image = axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        axis.text(
            column,
            row,
            f"{shares[row, column]:.2f}\n({count})",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if shares[row, column] > 0.5 else "black",
        )
    ticks = range(len(classes))
    axis.set_xticks(ticks, classes)
    axis.set_yticks(ticks, classes)
    axis.set(xlabel="predicted", ylabel="true", title=title)
    figure.colorbar(image, label="share of the true class")
    make_readable(figure, str(path).removesuffix(".png"))
    with replacing(path, "wb") as stream:
        figure.savefig(stream, format="png", dpi=120)
