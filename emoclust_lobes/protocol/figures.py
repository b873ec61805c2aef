"""Figures of a protocol's results, each as PNG and as SVG."""

import re

import numpy as np
from emoclust_lobes.figures.confusion import plot_confusion
from emoclust_lobes.figures.style import (
    COLORS,
    GRAY,
    new_figure,
    save_figure,
    style_of,
    styled,
)
from emoclust_lobes.protocol.averages import pooled_confusion, summary_of
from emoclust_lobes.protocol.markdown import number
from emoclust_lobes.protocol.schema import Condition
from emoclust_lobes.protocol.statistics import uar_interval
from emoclust_lobes.protocol.systems import (
    BOUND,
    NO_STAGE1,
    noise_levels,
    systems_of,
    with_all_labels,
    with_curves,
    with_enrolment,
    with_few_labels,
)

_INTERVAL = "95 % interval over test speakers"


@styled
def plot_systems(results, path):
    """Draw each system's UAR: its folds, their mean, its interval.

    With all labels and without enrolment. Every picture here is written as
    PNG and as SVG, and ``path`` has no ending.
    """
    runs = with_all_labels(results.runs)
    systems = systems_of(runs, results.order)
    summary = summary_of(results)["uar"]
    figure, axes = new_figure(7.2, 1.5 + 0.36 * len(systems))
    axis = axes[0, 0]
    for place, system in enumerate(systems):
        folds = runs[runs["system"] == system].groupby("fold")["uar"].mean()
        axis.plot(
            folds,
            np.full(len(folds), place),
            "o",
            color=GRAY,
            markerfacecolor="none",
            markersize=5,
            label="mean of a fold" if place == 0 else None,
        )
        low, high = uar_interval(results.speakers, Condition(system))
        axis.plot([low, high], [place, place], color=COLORS[0], linewidth=2.5)
        axis.plot(
            summary[Condition(system)],
            place,
            "D",
            color=COLORS[0],
            markersize=6,
            label=f"mean of the folds, {_INTERVAL}" if place == 0 else None,
        )
    axis.set_yticks(range(len(systems)), systems)
    axis.set_ylim(len(systems) - 0.5, -0.5)
    axis.set(title=results.facts["title"], xlabel=_uar_label(results))
    figure.legend(loc="outside lower left", ncols=2)
    save_figure(figure, path)


@styled
def plot_annotators(scored, results, path):
    """Draw how far each condition is from the votes, and its CCC if any.

    ``scored`` is what ``scored_conditions`` gives.
    """
    titles = {"js": "JS divergence (bits)", "mean_ccc": "mean CCC"}
    names = [x for x in titles if any(x in each for each in scored.values())]
    figure, axes = new_figure(
        7.2, 1.5 + 0.36 * len(scored), columns=len(names), sharey=True
    )
    for axis, name in zip(axes[0], names, strict=True):
        for place, scores in enumerate(scored.values()):
            value, low, high = scores.get(name, [np.nan] * 3)
            axis.plot([low, high], [place] * 2, color=COLORS[0], linewidth=2.5)
            axis.plot(value, place, "D", color=COLORS[0], markersize=6)
        axis.set_xlabel(f"{titles[name]}\n{_INTERVAL}")
    labels = [
        f"{x.system}, {100 * x.labels:g} % {x.enrolled}".strip() for x in scored
    ]
    axes[0, 0].set_yticks(range(len(scored)), labels)
    axes[0, 0].set_ylim(len(scored) - 0.5, -0.5)
    figure.suptitle(results.facts["title"])
    save_figure(figure, path)


@styled
def plot_labels(results, path):
    """Draw UAR over the share of the training labels.

    Where some systems have three shares or more, only these.
    """
    runs = with_curves(with_few_labels(results.runs))
    shares = sorted(set(runs["labels"]))
    figure, axis = _new_lines(results, "training labels (%)")
    _draw_lines(
        axis,
        results,
        {
            system: [
                (100 * share, Condition(system, share)) for share in shares
            ]
            for system in systems_of(runs, results.order)
        },
        # Intervals side by side, a few percent of the smallest step apart
        shift=lambda x, place: x * (1 + 0.025 * place),
    )
    axis.set_xscale("log")
    axis.set_xticks(
        [100 * share for share in shares], [f"{100 * x:g}" for x in shares]
    )
    axis.minorticks_off()
    _finish_lines(figure, path)


@styled
def plot_enrolment(results, path):
    """Draw UAR over the number of enrolled clips."""
    runs = with_enrolment(results.runs)
    kinds = list(dict.fromkeys(runs["enrolled"]))
    figure, axis = _new_lines(results, "enrolled clips of the test speaker")
    _draw_lines(
        axis,
        results,
        {
            system: [
                (place, Condition(system, 1.0, kind))
                for place, kind in enumerate(kinds)
            ]
            for system in systems_of(runs, results.order)
        },
        shift=lambda x, place: x + 0.06 * place,
    )
    axis.set_xticks(range(len(kinds)), [kind or "without" for kind in kinds])
    _finish_lines(figure, path)


@styled
def plot_noise(results, path):
    """Draw UAR over the share of utterances put into random clusters.

    Each share of the labels has a line, and beside it the UAR without stage 1
    and with the emotions for clusters, where they were tested.
    """
    levels = noise_levels(results.runs)
    lines = {
        f"{100 * share:g} % of the labels": [
            (100 * level, Condition(system, share))
            for level, system in systems.items()
        ]
        for share, systems in levels.items()
    }
    figure, axis = _new_lines(results, "utterances in a random cluster (%)")
    _draw_lines(axis, results, lines)
    summary = summary_of(results)["uar"]
    styles = style_of(lines)
    for system, line in ((BOUND, "--"), (NO_STAGE1, ":")):
        for name, share in zip(lines, levels):
            if Condition(system, share) in summary.index:
                axis.axhline(
                    summary[Condition(system, share)],
                    color=styles[name][0],
                    linestyle=line,
                    linewidth=1.4,
                    label=f"{system}, {name}",
                )
    ticks = sorted({x for points in lines.values() for x, _ in points})
    axis.set_xticks(ticks, [f"{x:g}" for x in ticks])
    _finish_lines(figure, path)


def plot_confusions(results, folder, systems):
    """Draw the pooled confusion matrix of some systems, a PNG each.

    With all labels and without enrolment; returns system -> path.
    """
    paths = {}
    for system in systems:
        confusion = pooled_confusion(results.runs, Condition(system))
        # A name that every file system and every link can hold
        name = re.sub(r"[^\w.-]+", "_", system)
        paths[system] = folder / f"confusion_{name}.png"
        plot_confusion(
            np.rint(confusion).astype(int),
            results.classes,
            f"{results.facts['title']}, {system}",
            paths[system],
        )
    return paths


def _uar_label(results):
    return f"UAR (chance {number(1 / len(results.classes))})"


def _new_lines(results, label):
    figure, axes = new_figure(6.2, 4.2)
    axis = axes[0, 0]
    axis.set(
        title=results.facts["title"], xlabel=label, ylabel=_uar_label(results)
    )
    return figure, axis


def _draw_lines(axis, results, lines, shift=lambda x, place: x):
    """Draw system -> (x, Condition), ..., where there are runs."""
    summary = summary_of(results)["uar"]
    styles = style_of(lines)
    for row, (system, points) in enumerate(lines.items()):
        color, marker = styles[system]
        points = [(x, y) for x, y in points if y in summary.index]
        place = row - (len(lines) - 1) / 2
        x = [shift(x, place) for x, _ in points]
        axis.plot(
            x,
            [summary[found] for _, found in points],
            color=color,
            marker=marker,
            markersize=5.5,
            linewidth=1.6,
            label=system,
        )
        intervals = [uar_interval(results.speakers, y) for _, y in points]
        axis.vlines(x, *zip(*intervals), color=color, linewidth=1.2, alpha=0.6)


def _finish_lines(figure, path):
    names = figure.axes[0].get_legend_handles_labels()[1]
    figure.legend(
        loc="outside lower left",
        # About 80 characters fit side by side, 8 of them for a mark
        ncols=max(1, min(4, 80 // (8 + max(map(len, names))))),
        title=f"vertical lines: {_INTERVAL}",
        alignment="left",
    )
    save_figure(figure, path)
