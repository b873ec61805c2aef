"""The maps of speakers, by emotion and by cluster side by side."""

import numpy as np
from emoclust_lobes.figures.style import (
    EMOTIONS,
    GREY,
    MARKERS,
    new_figure,
    style_of,
    styled,
)

METHODS = {"pca": "PCA", "tsne": "t-SNE"}


def cluster_styles(clusters, matches):
    """Color each cluster as the emotion that it matches.

    Arguments
    ---------
    clusters : iterable of int
        Clusters of a speaker.
    matches : dict
        Cluster -> emotion, from ``match_clusters``; empty without labels.

    Returns
    -------
    dict
        Cluster -> (color, marker); where there are labels, clusters that
        match none are gray.

    Example
    -------
    >>> cluster_styles([0, 1], {0: "ang"})
    {0: ('#D55E00', 'D'), 1: ('#8C8C8C', 's')}
    """
    clusters = sorted({int(x) for x in clusters})
    if not matches:
        return style_of(clusters)
    emotions = style_of(matches.values())
    return {
        x: emotions[matches[x]]
        if x in matches
        else (GREY, MARKERS[x % len(MARKERS)])
        for x in clusters
    }


@styled
def plot_maps(panels, with_emotion, methods):
    """Draw maps: a row a speaker or encoder, columns by emotion and cluster.

    Arguments
    ---------
    panels : list of (str, pandas.DataFrame, dict)
        Of each row the title; a table of one speaker's utterances with
        ``emotion``, ``cluster`` and the columns of ``draw_maps``; and
        ``match_clusters``' matches.
    with_emotion : bool
        Whether emotions are known.
    methods : list of str
        "pca", "tsne".

    Returns
    -------
    matplotlib.figure.Figure

    Example
    -------
    >>> from emoclust_lobes.synthetic.study import made_up_study
    >>> study = made_up_study()
    >>> places, matches = study.places["planted"], study.matches["planted"]
    >>> own = places[places["spk_id"] == "s0"]
    >>> len(plot_maps([("s0", own, matches["s0"])], True, ["pca"]).axes)
    2
    """
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
        styles["emotion"][""] = (GREY, ".")
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
            shown.update(set(table["emotion"]) - {""})
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
        names = [EMOTIONS.get(x, x) for x in sorted(shown)]
        figure.legend(
            handles,
            names,
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
