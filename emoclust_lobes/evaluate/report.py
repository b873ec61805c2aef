"""What an evaluation leaves: a CSV, numbers, and a page with figures."""

import pathlib

import jinja2
import numpy as np
from data_prep.storage.files import replacing, write_json
from emoclust_lobes.evaluation.selective import risk_coverage
from emoclust_lobes.figures.confusion import plot_confusion
from emoclust_lobes.figures.style import (
    COLORS,
    GRAY,
    data_uri,
    new_figure,
    save_figure,
    styled,
)

TEMPLATES = pathlib.Path(__file__).with_name("templates")
N_BINS = 15


def write_report(folder, facts, results, tables):
    """Write ``predictions.csv``, ``evaluation.json``, figures and the page.

    ``results`` are of ``evaluate_rows``, one a number of enrolled utterances, the
    figures of the last; ``tables`` are the predictions; return the page's path.
    """
    folder = pathlib.Path(folder)
    with replacing(folder / "predictions.csv") as stream:
        tables.to_csv(stream, index=False, float_format="%.6f")
    write_json(folder / "evaluation.json", {**facts, "results": results})
    last = results[-1]
    shown = [("Confusion", folder / "confusion.png")]
    plot_confusion(
        last["confusion"],
        last["classes"],
        f"UAR {last['uar']:.3f}, n = {last['n']}",
        shown[0][1],
    )
    if facts["probabilities"]:
        rows = tables[tables["enrolled"] == last["enrolled"]]
        for name, title, draw in (
            ("risk", "Risk and coverage", draw_risk),
            ("reliability", "Reliability", draw_reliability),
        ):
            shown.append((title, save_figure(draw(rows, last), folder / name)))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("evaluation.html").render(
        facts=facts,
        results=results,
        last=last,
        pictures=[(title, data_uri(path)) for title, path in shown],
    )
    with replacing(folder / "evaluation.html") as stream:
        stream.write(page)
    return folder / "evaluation.html"


@styled
def draw_risk(rows, scores):
    """Draw the share of wrong answers at every coverage."""
    right = rows["truth"] == rows["prediction"]
    coverage, risk = risk_coverage(rows["confidence"], right)
    figure, axes = new_figure(4.2, 3.2)
    axis = axes[0, 0]
    axis.step(coverage, risk, where="post", color=COLORS[0])
    answered = scores.get("answered")
    if answered and answered["n"]:
        axis.plot(
            answered["coverage"],
            answered["risk"],
            "o",
            color=COLORS[3],
            label="chosen threshold",
        )
        axis.legend()
    axis.set(
        xlabel="coverage: share that is answered",
        ylabel="risk: share of wrong answers",
        title="The surest recordings first",
        xlim=(0, 1.02),
        ylim=(0, None),
    )
    return figure


@styled
def draw_reliability(rows, scores):
    """Draw how often predictions of one probability are right."""
    chances = rows[[f"p_{x}" for x in scores["classes"]]].to_numpy(float)
    sure = chances.max(axis=1)
    right = (rows["truth"] == rows["prediction"]).to_numpy()
    places = np.clip(np.ceil(sure * N_BINS) - 1, 0, N_BINS - 1).astype(int)
    figure, axes = new_figure(3.6, 3.2)
    axis = axes[0, 0]
    axis.plot([0, 1], [0, 1], color=GRAY, linestyle="--")
    found = np.unique(places)
    axis.plot(
        [sure[places == x].mean() for x in found],
        [right[places == x].mean() for x in found],
        "o-",
        color=COLORS[0],
    )
    axis.set(
        xlabel="mean probability of the answer",
        ylabel="share that is right",
        title=f"ECE {scores['ece']:.3f}, 15 bins",
    )
    return figure


def summarize(results, facts):
    """Tell the main numbers in a few lines."""
    lines = []
    for each in results:
        enrolled = each["enrolled"]
        given = f", enrolled: {enrolled}" if enrolled else ""
        ends = each["intervals"]["uar"]
        between = f" [{ends[0]:.3f}, {ends[1]:.3f}]" if ends else ""
        line = (
            f"{each['n']:,} recordings of {each['speakers']} speakers{given}: "
            f"UAR {each['uar']:.3f}{between}, WA {each['wa']:.3f}, macro-F1 "
            f"{each['macro_f1']:.3f}"
        )
        if facts["probabilities"]:
            line += f", ECE {each['ece']:.3f}, NLL {each['nll']:.3f}"
        lines.append(line)
        answered = each.get("answered")
        if answered:
            risk = answered["risk"]
            lines.append(
                f"  answered: {answered['coverage']:.1%}, wrong among them: "
                + ("-" if risk is None else f"{risk:.1%}")
            )
        for row in each["groups"]:
            difference, ends = row["difference"], row["difference_interval"]
            between = f" [{ends[0]:+.3f}, {ends[1]:+.3f}]" if ends else ""
            against = (
                ""
                if difference is None
                else (f", {difference:+.3f}{between} against the others")
            )
            lines.append(
                f"  {row['column']} {row['group']}: UAR {row['uar']:.3f}, n = "
                f"{row['n']}{against}"
            )
    return "\n".join(lines)
