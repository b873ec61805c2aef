"""The picture of a matrix, as PNG and as SVG."""

import matplotlib.patches
import numpy as np
from emoclust_lobes.crosscorpus.tables import matrix_table, row_name
from emoclust_lobes.figures.style import GRAY, new_panels, save_figure, styled
from emoclust_lobes.protocol.markdown import number


@styled
def plot_matrix(matrix, path):
    """Draw the UAR of each pair of corpora, a panel for each system.

    As PNG and as SVG; ``path`` has no ending.
    """
    titles = matrix.facts["corpora"]
    chance = 1 / len(matrix.facts["classes"])
    table = matrix_table(matrix)
    size = 1.5 + 0.75 * len(titles)
    figure, axes = new_panels(len(matrix.rows), size + 0.5, size)
    # One scale for all panels
    highest = max(table[list(titles)].max().max(), chance + 0.1)
    for axis, row in zip(axes, matrix.rows):
        own = (table[["system", "adapt", "enrolled"]] == row).all(axis=1)
        uars = table.loc[own, list(titles)].to_numpy()
        image = axis.imshow(uars, vmin=chance, vmax=highest)
        _write_numbers(axis, uars, (chance + highest) / 2)
        axis.set_xticks(range(len(titles)), titles.values(), rotation=30)
        axis.set_yticks(range(len(titles)), titles.values())
        axis.grid(False)
        axis.set(title=row_name(*row), xlabel="tested on", ylabel="trained on")
    figure.colorbar(image, ax=axes, label=f"UAR (chance {number(chance)})")
    figure.legend(
        handles=[
            matplotlib.patches.Patch(
                facecolor="none",
                edgecolor="black",
                label="within a corpus, over its speaker-disjoint folds",
            )
        ],
        loc="outside lower left",
    )
    save_figure(figure, path)


def _write_numbers(axis, uars, middle):
    """Write each UAR into its square, and frame those within a corpus."""
    for (row, column), uar in np.ndenumerate(uars):
        color = "black" if uar > middle else "white"
        axis.text(
            column,
            row,
            number(uar),
            ha="center",
            va="center",
            color=GRAY if np.isnan(uar) else color,
        )
        if row == column and not np.isnan(uar):
            axis.add_patch(
                matplotlib.patches.Rectangle(
                    (column - 0.5, row - 0.5),
                    1,
                    1,
                    fill=False,
                    edgecolor="black",
                    linewidth=2,
                )
            )
