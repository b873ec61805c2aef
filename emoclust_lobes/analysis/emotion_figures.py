"""Figures of emotions and probes: what separates, what merges."""

import numpy as np
import pandas
from emoclust_lobes.analysis.agreement_figures import AMI_AXIS
from emoclust_lobes.analysis.emotions import UNMATCHED
from emoclust_lobes.figures.style import (
    EMOTIONS,
    new_figure,
    new_panels,
    style_of,
    styled,
)


@styled
def plot_matching(confusions):
    """Draw where the utterances of each emotion went, one panel an encoder."""
    size = max(len(counts) for counts, _, _ in confusions.values())
    width, height = 2.2 + 0.5 * size, 1.7 + 0.42 * size
    figure, axes = new_panels(len(confusions), width, height)
    for axis, (encoder, found) in zip(axes, confusions.items()):
        counts, accuracy, chance = found
        shares = counts.to_numpy() / counts.to_numpy().sum(1, keepdims=True)
        columns = [x if x != UNMATCHED else "no match" for x in counts]
        image = _heat_map(axis, shares, counts.index, columns)
        title = f"{accuracy:.2f} on the diagonal ({chance:.2f} by chance)"
        axis.set_title(f"{encoder}: {title}", fontsize=9)
        axis.set(xlabel="emotion that the cluster matches", ylabel="emotion")
    label = "share of the emotion's utterances"
    figure.colorbar(image, ax=axes, label=label, shrink=0.9)
    return figure


@styled
def plot_pairs(pairs):
    """Draw how well the clusters hold each two emotions apart."""
    both = pandas.concat(pairs.values())
    both = pandas.concat(
        [both.set_index(x)["ami"] for x in ("first", "second")]
    )
    # From the emotion that is held apart best to the one that merges most.
    mean = both.groupby(level=0).mean()
    names = mean.sort_values(ascending=False, kind="stable").index.tolist()
    size = len(names) - 1
    figure, axes = new_panels(len(pairs), 2.0 + 0.5 * size, 1.5 + 0.42 * size)
    for axis, (encoder, table) in zip(axes, pairs.items()):
        values = np.full((len(names), len(names)), np.nan)
        for row in table.itertuples():
            place = sorted(map(names.index, (row.first, row.second)))
            values[place[1], place[0]] = row.ami
        image = _heat_map(axis, values[1:, :-1], names[1:], names[:-1])
        axis.set(title=encoder)
    figure.colorbar(image, ax=axes, label=AMI_AXIS, shrink=0.9)
    return figure


def _heat_map(axis, values, rows, columns):
    image = axis.imshow(values, cmap="viridis", vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            axis.text(
                column,
                row,
                f"{value:.2f}",
                ha="center",
                va="center",
                fontsize=7.5,
                color="black" if value > 0.6 else "white",
            )
    long = [EMOTIONS.get(x, x) for x in columns]
    axis.set_xticks(range(len(columns)), long, rotation=45, ha="right")
    axis.set_yticks(range(len(rows)), [EMOTIONS.get(x, x) for x in rows])
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    return image


@styled
def plot_by_utterances(sizes):
    """AMI with emotion against the number of utterances of a speaker."""
    figure, axes = new_figure(5.4, 3.3)
    axis = axes[0, 0]
    styles = style_of(sizes)
    for encoder, table in sizes.items():
        color, marker = styles[encoder]
        by_size = table.groupby("utterances")["ami"]
        mean = by_size.mean()
        error = 1.96 * by_size.sem().fillna(0)
        axis.fill_between(
            mean.index,
            mean - error,
            mean + error,
            color=color,
            alpha=0.15,
            linewidth=0,
        )
        axis.plot(mean, color=color, marker=marker, markersize=5, label=encoder)
    axis.set(
        xlabel="utterances of a speaker that are clustered",
        ylabel="AMI with emotion (0: chance)",
    )
    axis.set_ylim(bottom=min(0, axis.get_ylim()[0]))
    axis.legend()
    return figure


@styled
def plot_probes(probes):
    """Linear probes: recall of each target beside its chance level."""
    kinds = list(dict.fromkeys(zip(probes["target"], probes["space"])))
    encoders = list(dict.fromkeys(probes["encoder"]))
    figure, axes = new_figure(7.2, 1.4 + 0.45 * len(kinds))
    axis = axes[0, 0]
    styles = style_of(encoders)
    for row in probes.itertuples():
        place = kinds.index((row.target, row.space))
        number = encoders.index(row.encoder)
        shift = 0.5 * ((number + 0.5) / len(encoders) - 0.5)
        color, marker = styles[row.encoder]
        axis.plot(
            [row.chance] * 2,
            [place - 0.38, place + 0.38],
            color="black",
            linewidth=1.5,
            linestyle=":",
        )
        axis.errorbar(
            row.uar,
            place + shift,
            xerr=row.fold_std,
            fmt=marker,
            color=color,
            markersize=6,
            label=row.encoder if place == 0 else None,
        )
    axis.plot([], [], ":", color="black", label="chance")
    names = [f"{target},\n{space}" for target, space in kinds]
    axis.set_yticks(range(len(kinds)), names)
    axis.set_ylim(len(kinds) - 0.5, -0.5)
    axis.set_xlim(0, 1.02)
    axis.set(xlabel="unweighted average recall (UAR)")
    figure.legend(loc="outside lower left", ncols=5)
    return figure
