"""What an evaluation leaves: a CSV, numbers, and a page with figures."""

import pathlib

import jinja2
import numpy as np
import pandas as pd
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
    """Write predictions, numbers, figures and the page; return the page's path."""
    folder = pathlib.Path(folder)
    with replacing(folder / "predictions.csv") as stream:
        tables.to_csv(stream, index=False, float_format="%.6f")
    write_json(folder / "evaluation.json", {**facts, "results": results})
    last = results[-1]
    shown = {"Confusion": folder / "confusion.png"}
    title = f"UAR {last['uar']:.3f}, n = {last['n']}"
    plot_confusion(
        last["confusion"], last["classes"], title, shown["Confusion"]
    )
    if facts["probabilities"]:
        rows = tables[tables["enrolled"] == last["enrolled"]]
        risk, reliability = draw_risk(rows, last), draw_reliability(rows, last)
        shown["Risk and coverage"] = save_figure(risk, folder / "risk")
        shown["Reliability"] = save_figure(reliability, folder / "reliability")
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
        pictures=[(title, data_uri(path)) for title, path in shown.items()],
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
    shown = pd.DataFrame({"sure": chances.max(axis=1)})
    shown["right"] = (rows["truth"] == rows["prediction"]).to_numpy(float)
    places = np.clip(np.ceil(shown["sure"] * N_BINS), 1, N_BINS)
    means = shown.groupby(places).mean()
    figure, axes = new_figure(3.6, 3.2)
    axis = axes[0, 0]
    axis.plot([0, 1], [0, 1], color=GRAY, linestyle="--")
    axis.plot(means["sure"], means["right"], "o-", color=COLORS[0])
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
        line = (
            f"{each['n']:,} recordings of {each['speakers']} speakers{given}: "
            f"UAR {_value(each['uar'], each['intervals']['uar'])}, "
            f"WA {each['wa']:.3f}, macro-F1 {each['macro_f1']:.3f}"
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
            line = "  {column} {group}: UAR {uar:.3f}, n = {n}".format(**row)
            if row["difference"] is not None:
                ends = row["difference_interval"]
                against = _value(row["difference"], ends, "+")
                line += f", {against} against the others"
            lines.append(line)
    return "\n".join(lines)


def _value(value, ends, sign=""):
    between = " [{:{x}.3f}, {:{x}.3f}]".format(*ends, x=sign) if ends else ""
    return f"{value:{sign}.3f}{between}"
