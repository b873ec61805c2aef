"""Two-dimensional maps of speakers, by emotion and by cluster side by side."""

import importlib.util
import warnings

import joblib
import numpy as np
import pandas
from emoclust_lobes.figures.style import (
    EMOTIONS,
    GRAY,
    MARKERS,
    new_figure,
    style_of,
    styled,
)
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

METHODS = {"pca": "PCA", "tsne": "t-SNE"}


def has_tsne():
    """Tell whether openTSNE is installed."""
    return importlib.util.find_spec("openTSNE") is not None


def draw_maps(speakers, seed, n_jobs=1):
    """Place the utterances of each ``Speaker`` on a plane, a row each.

    Columns: ``pca_x, pca_y, pca_x_share, pca_y_share`` (of the speaker's
    variance) and, with openTSNE, ``tsne_x, tsne_y``.
    """
    pool = joblib.Parallel(n_jobs=n_jobs)
    tables = pool(joblib.delayed(_map)(x.vectors, seed) for x in speakers)
    return pandas.concat(tables, ignore_index=True)


def _map(vectors, seed):
    with threadpool_limits(1):
        places, shares = pca(vectors)
        table = pandas.DataFrame(places, columns=["pca_x", "pca_y"])
        table["pca_x_share"], table["pca_y_share"] = shares
        if has_tsne():
            table[["tsne_x", "tsne_y"]] = tsne(vectors, seed)
    return table


def pca(vectors):
    """Project [n, dim] on the two directions of largest variance, [n, 2].

    And their shares of the variance, shape [2]; 0 where there is no second.
    """
    places, shares = np.zeros((len(vectors), 2)), np.zeros(2)
    n = min(2, *vectors.shape)
    if np.ptp(vectors, axis=0).any():
        model = PCA(n, svd_solver="full")
        places[:, :n] = model.fit_transform(vectors)
        shares[:n] = model.explained_variance_ratio_
    return places, shares


def tsne(vectors, seed):
    """Place [n, dim] so that near ones (by cosine) stay near, [n, 2].

    By openTSNE (Policar, Strazar and Zupan, Journal of Statistical Software
    109, 2024); at 0 where there are fewer than five or all are the same.
    """
    if len(vectors) < 5 or not np.ptp(vectors, axis=0).any():
        return np.zeros((len(vectors), 2))
    import openTSNE

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = openTSNE.TSNE(
            # Three times as many neighbors are looked at, and must be there.
            perplexity=min(15, (len(vectors) - 1) / 3),
            metric="cosine",
            neighbors="exact",
            negative_gradient_method="bh",
            random_state=seed,
            n_jobs=1,
        )
        return np.asarray(model.fit(vectors))


def cluster_styles(clusters, matches):
    """Map clusters to (color, marker) of the emotion that each matches.

    Without labels there are no matches, and each has its own; with labels,
    clusters that match none are gray.
    """
    clusters = sorted({int(x) for x in clusters})
    if not matches:
        return style_of(clusters)
    emotions = style_of(matches.values())
    return {
        x: emotions[matches[x]]
        if x in matches
        else (GRAY, MARKERS[x % len(MARKERS)])
        for x in clusters
    }


@styled
def plot_maps(panels, with_emotion):
    """Draw maps: a row a speaker or encoder, columns by emotion and cluster."""
    methods = [x for x in METHODS if f"{x}_x" in panels[0][1]]
    colorings = ["emotion", "cluster"] if with_emotion else ["cluster"]
    columns = [(x, y) for x in methods for y in colorings]
    figure, axes = new_figure(
        2.55 * len(columns) + 0.3,
        2.6 * len(panels) + 0.7,
        rows=len(panels),
        columns=len(columns),
    )
    shown = set()
    for line, (title, table, matches) in zip(axes, panels):
        styles = {
            "emotion": style_of(sorted(set(table["emotion"]))),
            "cluster": cluster_styles(table["cluster"], matches),
        }
        styles["emotion"][""] = (GRAY, ".")
        shown.update(set(table["emotion"]) - {""})
        for axis, (method, coloring) in zip(line, columns):
            for value, rows in table.groupby(coloring):
                color, marker = styles[coloring][value]
                axis.plot(
                    rows[f"{method}_x"],
                    rows[f"{method}_y"],
                    marker,
                    color=color,
                    # A star of the same size would look smaller.
                    markersize=9 if marker == "*" else 5.5,
                    markeredgecolor="#333333" if marker == "*" else "white",
                    markeredgewidth=0.4,
                    linestyle="none",
                )
            _name_axes(axis, table, method)
            # An empty line for the title of the row.
            axis.set_title(f"\n{METHODS[method]}, by {coloring}", fontsize=9)
        row_title = line[0].annotate(
            title,
            (0, 1),
            xytext=(0, 17.5),
            xycoords="axes fraction",
            textcoords="offset points",
            fontweight="bold",
        )
        # It may be wider than its axes, which should not move for it.
        row_title.set_in_layout(False)
    if with_emotion:
        handles = [
            axes[0, 0].plot([], [], marker, color=color, linestyle="none")[0]
            for color, marker in style_of(sorted(shown)).values()
        ]
        figure.legend(
            handles,
            [EMOTIONS.get(x, x) for x in sorted(shown)],
            loc="outside lower center",
            ncols=8,
            title="emotion, and cluster that matches it (gray: none)",
        )
    return figure


def _name_axes(axis, table, method):
    axis.grid(False)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_visible(True)
    axis.spines[:].set_color("#BBBBBB")
    axis.margins(0.08)
    if method == "pca":
        shares = table[["pca_x_share", "pca_y_share"]].iloc[0]
        axis.set_xlabel(f"PC 1, {shares.iloc[0]:.0%} of variance", fontsize=7.5)
        axis.set_ylabel(f"PC 2, {shares.iloc[1]:.0%}", fontsize=7.5)
        # One unit is as long in both directions.
        axis.set_aspect("equal", adjustable="datalim")
    else:
        axis.set_xlabel("t-SNE 1 (no unit)", fontsize=7.5)
        axis.set_ylabel("t-SNE 2 (no unit)", fontsize=7.5)
    if not np.ptp(table[[f"{method}_x", f"{method}_y"]].to_numpy()):
        axis.set(xlim=(-1, 1), ylim=(-1, 1))
