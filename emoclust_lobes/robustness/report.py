"""Tables and figures of what conditions cost."""

import pandas as pd
from emoclust_lobes.figures.style import (
    new_figure,
    save_figure,
    style_of,
    styled,
)
from emoclust_lobes.protocol.markdown import number, p_value, paragraph, table
from emoclust_lobes.protocol.report import write_parts
from emoclust_lobes.protocol.schema import write_table
from emoclust_lobes.robustness.clusters import MEASURES

NOTES = (
    "In brackets, the interval of 95 % over the test speakers, who are drawn "
    "again as a whole. Lost: clean UAR less this one, of the same draws."
)
GAINED = (
    "Gained: against {first} under the same condition; p of the corrected "
    "resampled t-test over runs (Nadeau and Bengio 2003), not corrected for "
    "the number of conditions."
)


def report_models(folder, runs, speakers, found, commands):
    """Write tables, a figure and a page on models."""
    write_table(folder / "runs.csv", runs)
    write_table(folder / "speakers.csv", speakers)
    write_table(folder / "robustness.csv", found)
    values = {
        system: rows.set_index("condition")[["uar", "low", "high"]]
        for system, rows in found.groupby("system", sort=False)
    }
    plot(values, "UAR", folder / "figures" / "robustness")
    several = found["system"].nunique() > 1
    lines = [
        {
            "Condition": row.condition,
            "System": row.system,
            "UAR": _with_interval(row.uar, row.low, row.high),
            "Lost": _with_interval(row.loss, row.loss_low, row.loss_high, "+"),
            "Gained": _with_interval(
                row.gain, row.gain_low, row.gain_high, "+"
            ),
            "p": "-" if pd.isna(row.gain_p) else p_value(row.gain_p),
        }
        for row in found.itertuples()
    ]
    if not several:
        for line in lines:
            del line["System"], line["Gained"], line["p"]
    notes = NOTES + " " + GAINED.format(first=found["system"].iloc[0])
    counts = runs.groupby("system", sort=False).agg(
        folds=("fold", "nunique"), seeds=("seed", "nunique")
    )
    about = "; ".join(
        f"{name}: {row.folds} folds, {row.seeds} seeds"
        for name, row in counts.iterrows()
    )
    n_speakers = speakers["speaker"].nunique()
    parts = [
        "# Robustness",
        paragraph(f"{n_speakers} test speakers. {about}."),
        table(lines, notes if several else NOTES),
        "![UAR under each condition](figures/robustness.png)",
    ]
    return _finish(folder, parts, commands)


def report_clusters(folder, per_speaker, found, commands):
    """Write tables, a figure and a page on clusters."""
    write_table(folder / "speakers.csv", per_speaker)
    write_table(folder / "clusters.csv", found)
    values = {}
    names = ["with emotion", "half clean: emotion", "half clean: channel"]
    for encoder, rows in found.groupby("encoder", sort=False):
        rows = rows.set_index("condition")
        for measure, name in zip(MEASURES, names, strict=True):
            columns = [measure, f"{measure}_low", f"{measure}_high"]
            values[f"{encoder}, {name}"] = rows[columns]
    plot(values, "AMI", folder / "figures" / "clusters")
    lines = [
        {
            "Condition": row.condition,
            "Encoder": row.encoder,
            "Emotion": _with_interval(
                row.emotion, row.emotion_low, row.emotion_high
            ),
            "Lost": _with_interval(row.loss, row.loss_low, row.loss_high, "+"),
            "Half clean: emotion": number(row.mixed_emotion),
            "Half clean: channel": number(row.mixed_channel),
        }
        for row in found.itertuples()
    ]
    notes = (
        "AMI of k-means inside each speaker, mean over "
        f"{per_speaker['speaker'].nunique()} speakers; 0 is chance. In "
        "brackets, the interval of 95 % over speakers. Half clean: every other "
        "clip of an emotion is heard under the condition."
    )
    parts = ["# Clusters under other conditions", table(lines, notes)]
    parts += ["![AMI under each condition](figures/clusters.png)"]
    return _finish(folder, parts, commands)


def _finish(folder, parts, commands):
    lines = "\n".join(f"    {x}" for x in commands)
    return write_parts(folder, [*parts, "## How it was made", lines])


def _with_interval(value, low, high, sign=""):
    if pd.isna(low):
        return number(value, sign)
    return (
        f"{number(value, sign)} ({number(low, sign)} to {number(high, sign)})"
    )


@styled
def plot(values, label, path):
    """Draw a row for each condition; values of name -> a table of value, low
    and high by condition.
    """
    first = next(iter(values.values()))
    names = list(first.index)
    figure, axes = new_figure(6.5, 1.2 + 0.24 * len(names))
    axis = axes[0, 0]
    for place, (name, (color, marker)) in enumerate(style_of(values).items()):
        rows = values[name].reindex(names)
        value, low, high = rows.to_numpy(dtype=float).T
        offset = 0.14 * (place - (len(values) - 1) / 2)
        heights = [x + offset for x in range(len(names))]
        axis.errorbar(
            value,
            heights,
            xerr=[(value - low).clip(0), (high - value).clip(0)],
            fmt=marker,
            color=color,
            markersize=4,
            linewidth=1,
            label=name,
        )
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.set_xlabel(f"{label}, with its interval of 95 % over speakers")
    figure.legend(loc="outside lower center", ncols=2)
    save_figure(figure, path)
