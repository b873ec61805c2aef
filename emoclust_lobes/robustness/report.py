"""Tables and figures of what conditions cost."""

import pandas as pd
from emoclust_lobes.figures.style import (
    new_figure,
    save_figure,
    style_of,
    styled,
)
from emoclust_lobes.protocol.markdown import (
    number,
    p_value,
    paragraph,
    table,
    with_interval,
)
from emoclust_lobes.protocol.report import write_parts
from emoclust_lobes.protocol.schema import write_table
from emoclust_lobes.robustness.clusters import MEASURES

NOTES = (
    "In brackets, the interval of 95 % over the test speakers, who are drawn "
    "again as a whole. Lost: clean UAR less this one, of the same draws."
)
GAINED = (
    " Gained: against {first} under the same condition; p of the corrected "
    "resampled t-test over runs (Nadeau and Bengio 2003), not corrected for "
    "the number of conditions."
)


def report_models(folder, runs, speakers, found, command):
    """Write tables, a figure and a page on models."""
    write_table(folder / "runs.csv", runs)
    write_table(folder / "speakers.csv", speakers)
    write_table(folder / "robustness.csv", found)
    systems = found.groupby("system", sort=False)
    columns = ["uar", "low", "high"]
    values = {x: y.set_index("condition")[columns] for x, y in systems}
    plot(values, "UAR", folder / "figures" / "robustness")
    several = len(values) > 1
    lines = []
    for row in found.to_dict("records"):
        line = {"Condition": row["condition"], "System": row["system"]}
        line["UAR"] = with_interval(*(row[x] for x in columns))
        line["Lost"] = _signed(row, "loss")
        line["Gained"] = _signed(row, "gain")
        line["p"] = "-" if pd.isna(row["gain_p"]) else p_value(row["gain_p"])
        if not several:
            line = {x: line[x] for x in ("Condition", "UAR", "Lost")}
        lines.append(line)
    counts = runs.groupby("system", sort=False)[["fold", "seed"]].nunique()
    about = "; ".join(
        f"{name}: {row.fold} folds, {row.seed} seeds"
        for name, row in counts.iterrows()
    )
    n_speakers = speakers["speaker"].nunique()
    notes = NOTES + GAINED.format(first=next(iter(values))) * several
    parts = [
        "# Robustness",
        paragraph(f"{n_speakers} test speakers. {about}."),
        table(lines, notes),
        "![UAR under each condition](figures/robustness.png)",
    ]
    return write_parts(folder, [*parts, _HOW.format(command)])


def report_clusters(folder, per_speaker, found, command):
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
            "Condition": row["condition"],
            "Encoder": row["encoder"],
            "Emotion": with_interval(
                row["emotion"], row["emotion_low"], row["emotion_high"]
            ),
            "Lost": _signed(row, "loss"),
            "Half clean: emotion": number(row["mixed_emotion"]),
            "Half clean: channel": number(row["mixed_channel"]),
        }
        for row in found.to_dict("records")
    ]
    notes = (
        "AMI of k-means inside each speaker, mean over "
        f"{per_speaker['speaker'].nunique()} speakers; 0 is chance. In "
        "brackets, the interval of 95 % over speakers. Half clean: every other "
        "clip of an emotion is heard under the condition."
    )
    parts = ["# Clusters under other conditions", table(lines, notes)]
    parts += ["![AMI under each condition](figures/clusters.png)"]
    return write_parts(folder, [*parts, _HOW.format(command)])


_HOW = "## How it was made\n\n    {}"


def _signed(row, what):
    values = (row[what], row[f"{what}_low"], row[f"{what}_high"])
    return with_interval(*values, "+")


@styled
def plot(values, label, path):
    """Draw a row for each condition; name -> table of value, low and high."""
    names = list(next(iter(values.values())).index)
    figure, axes = new_figure(6.5, 1.2 + 0.24 * len(names))
    axis = axes[0, 0]
    for place, (name, (color, marker)) in enumerate(style_of(values).items()):
        rows = values[name].reindex(names)
        value, low, high = rows.to_numpy(dtype=float).T
        offset = 0.14 * (place - (len(values) - 1) / 2)
        axis.errorbar(
            value,
            [x + offset for x in range(len(names))],
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
