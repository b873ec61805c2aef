"""Figures of agreement: what clusters follow, for which k, in whom."""

import numpy as np
from emoclust_lobes.analysis.grid import GIVEN, STABILITY, pick
from emoclust_lobes.figures.style import (
    COLORS,
    GRAY,
    MARKERS,
    new_figure,
    new_panels,
    styled,
)

AMI_AXIS = "AMI (0: chance, 1: the same)"
BAND = "#D2D2D2"  # where random clusters are
_LINES = ("-", "--", ":", "-.")


@styled
def plot_follows(overall, targets):
    """What the clusters follow: AMI with each target, one panel an encoder."""
    encoders = list(dict.fromkeys(overall["encoder"]))
    height = 1.5 + 0.38 * len(targets)
    figure, axes = new_panels(
        len(encoders), 3.9, height, sharex=True, sharey=True
    )
    places = {target: place for place, target in enumerate(targets)}
    for axis, encoder in zip(axes, encoders):
        rows = pick(overall, encoder=encoder)
        rows = rows[rows["target"].isin(targets)]
        for row in pick(rows, measure="ami").itertuples():
            y = places[row.target]
            axis.fill_betweenx(
                [y - 0.32, y + 0.32],
                row.chance_low,
                row.chance_high,
                color=BAND,
                linewidth=0,
            )
            # Of one speaker there is no interval.
            ends = [row.value if x is None else x for x in (row.low, row.high)]
            axis.plot(ends, [y, y], color=COLORS[0], linewidth=2, zorder=3)
            axis.plot(
                row.value, y, "o", color=COLORS[0], markersize=7, zorder=5
            )
        given = pick(rows, measure=GIVEN)
        axis.plot(
            given["chance"],
            given["target"].map(places),
            "D",
            color=COLORS[3],
            markerfacecolor="white",
            markersize=6,
            zorder=4,
            linestyle="none",
        )
        axis.set(title=encoder, xlabel=AMI_AXIS)
        axis.tick_params(labelbottom=True)
        axis.set_yticks(range(len(targets)), targets)
        axis.set_ylim(len(targets) - 0.5, -0.5)
        axis.axvline(0, color="#666666", linewidth=0.8)
    keys = {
        "clusters (95 % interval over speakers)": axes[0].plot(
            [], [], "o-", color=COLORS[0]
        )[0],
        "random clusters (95 %)": axes[0].fill_between([], [], color=BAND),
    }
    if (overall["measure"] == GIVEN).any():
        keys["given by the overlap with emotion alone"] = axes[0].plot(
            [], [], "D", color=COLORS[3], markerfacecolor="white"
        )[0]
    columns = min(2, len(axes))
    figure.legend(
        keys.values(), keys.keys(), loc="outside lower left", ncols=columns
    )
    return figure


@styled
def plot_by_k(overall):
    """Draw agreement with emotion, stability and silhouette against k."""
    panels = [
        ("emotion", "ami", "agreement with emotion", AMI_AXIS),
        (STABILITY, "ami", "stability", "AMI of two seeds"),
        ("clusters", "silhouette", "silhouette", "silhouette (cosine)"),
    ]
    panels = [x for x in panels if (overall["target"] == x[0]).any()]
    figure, axes = new_figure(3.4 * len(panels) + 0.2, 3.4, columns=len(panels))
    encoders = list(dict.fromkeys(overall["encoder"]))
    algorithms = list(dict.fromkeys(overall["algorithm"]))
    for axis, (target, measure, title, unit) in zip(axes[0], panels):
        rows = pick(overall, target=target, measure=measure)
        lines = rows.groupby(["encoder", "algorithm"], sort=False)
        for (encoder, algorithm), line in lines:
            number = encoders.index(encoder)
            first = algorithm == algorithms[0]
            if first and line["low"].notna().all():
                axis.fill_between(
                    line["k"],
                    line["low"].astype(float),
                    line["high"].astype(float),
                    color=COLORS[number % 8],
                    alpha=0.15,
                    linewidth=0,
                )
            axis.plot(
                line["k"],
                line["value"],
                linestyle=_LINES[algorithms.index(algorithm) % 4],
                marker=MARKERS[number % 8] if first else None,
                color=COLORS[number % 8],
                markersize=4.5,
                linewidth=1.6 if first else 1.2,
                label=f"{encoder}, {algorithm}",
            )
        axis.set(title=title, xlabel="clusters per speaker, k", ylabel=unit)
        axis.set_xticks(sorted(set(overall["k"])))
        axis.set_ylim(top=axis.get_ylim()[1] * 1.05)
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower left", ncols=4)
    return figure


@styled
def plot_spread(speakers, genders):
    """AMI with emotion of every speaker, one box an encoder."""
    encoders = list(dict.fromkeys(speakers["encoder"]))
    figure, axes = new_figure(7.2, 1.3 + 0.85 * len(encoders))
    axis = axes[0, 0]
    rng = np.random.default_rng(0)
    groups = {"F": "women", "M": "men", "": "gender not known"}
    groups = {x: y for x, y in groups.items() if x in genders.values()}
    axis.axvspan(
        speakers["ami_chance_low"].mean(),
        speakers["ami_chance_high"].mean(),
        color=BAND,
        linewidth=0,
        label="random clusters of one speaker, 95 %",
    )
    for place, encoder in enumerate(encoders):
        rows = pick(speakers, encoder=encoder)
        axis.boxplot(
            rows["ami"],
            positions=[place],
            orientation="horizontal",
            widths=0.6,
            showfliers=False,
            medianprops={"color": "black", "linewidth": 1.6},
            boxprops={"color": GRAY},
            whiskerprops={"color": GRAY},
            capprops={"color": GRAY},
        )
        of_gender = rows["spk_id"].map(genders).fillna("")
        for number, gender in enumerate(groups):
            values = rows["ami"][of_gender == gender]
            axis.plot(
                values,
                place + rng.uniform(-0.2, 0.2, len(values)),
                MARKERS[number],
                color=COLORS[number],
                alpha=0.75,
                markersize=5,
                markeredgewidth=0,
                linestyle="none",
                label=groups[gender] if place == 0 else None,
            )
    axis.set_yticks(range(len(encoders)), encoders)
    axis.set_ylim(len(encoders) - 0.5, -0.5)
    axis.set(xlabel=f"AMI with emotion, one mark a speaker {AMI_AXIS[4:]}")
    figure.legend(loc="outside lower left", ncols=4)
    return figure
