"""A page on the results of a protocol, and their tables inside READMEs."""

import pathlib

import numpy as np
import pandas as pd
from data_prep.storage.files import replacing
from emoclust_lobes.protocol.annotators import (
    annotators_table,
    read_annotators,
    scored_conditions,
)
from emoclust_lobes.protocol.averages import pooled_confusion, summarize
from emoclust_lobes.protocol.figures import (
    plot_annotators,
    plot_confusions,
    plot_enrolment,
    plot_labels,
    plot_noise,
    plot_systems,
)
from emoclust_lobes.protocol.markdown import indented, number, paragraph
from emoclust_lobes.protocol.readme_tables import ReadmeTables
from emoclust_lobes.protocol.runs import read_results
from emoclust_lobes.protocol.schema import Condition
from emoclust_lobes.protocol.systems import (
    METHOD,
    NO_STAGE1,
    systems_of,
    with_all_labels,
)
from emoclust_lobes.protocol.tables import TABLES, about

_SECTIONS = {
    "main": ("Systems", plot_systems),
    "labels": ("Fewer labels", plot_labels),
    "enrolment": ("Enrolled clips", plot_enrolment),
    "noise": ("Noisy clusters", plot_noise),
}


def write_report(folder):
    """Write ``report.md`` and ``figures/`` beside the results; return its path.

    All tables that have data, each with its figure, and the confusion matrices:
    the same results give the same report. Raises what ``read_results`` does.
    """
    folder = pathlib.Path(folder)
    results = read_results(folder)
    parts = [f"# {results.facts['title']}: results", about(results)]
    for name, (title, plot) in _SECTIONS.items():
        table = TABLES[name](results)
        if table:
            plot(results, folder / "figures" / name)
            picture = f"![{title}](figures/{name}.png)"
            parts += [f"## {title}", table, picture]
    parts += _confusions(results, folder / "figures")
    judged = read_annotators(folder, results.runs)
    if judged is not None and len(judged):
        scored = scored_conditions(results, judged)
        plot_annotators(scored, results, folder / "figures" / "annotators")
        parts += ["## Annotators", annotators_table(scored)]
        parts += ["![Annotators](figures/annotators.png)"]
    parts += _origin(results)
    return write_parts(folder, parts)


def write_parts(folder, parts):
    """Write paragraphs as ``report.md``; return its path."""
    report = folder / "report.md"
    with replacing(report) as stream:
        stream.write("\n\n".join(parts) + "\n")
    return report


def _for_readme(path, folder, name):
    """Write a table of a README, and what it is of."""
    results = read_results(path)
    table = TABLES[name](results)
    if not table:
        return ""
    return "\n\n".join([about(results), table, _where_from(results, folder)])


README_TABLES = ReadmeTables("results", TABLES, _for_readme)


def _where_from(results, folder):
    """Say in a README where a table comes from."""
    facts = results.facts
    text = f"Every run: [`runs.csv`]({folder}/runs.csv)."
    if facts.get("yaml"):
        text += f" Settings: `{facts['yaml']}`."
    commands = facts.get("commands", [])
    text = paragraph(text + (" Made by" if commands else ""))
    return f"{text}\n\n{indented(commands)}" if commands else text


def _confusions(results, folder):
    """Pooled confusion matrices: all as text, three as pictures."""
    runs = with_all_labels(results.runs)
    systems = systems_of(runs, results.order)
    if not systems:
        return []
    parts = [
        "## Confusion matrices",
        "Utterances, pooled over folds, mean over seeds; rows are truth,\n"
        "columns predictions, then each row's recall.",
    ]
    for system in systems:
        confusion = pooled_confusion(runs, Condition(system))
        table = pd.DataFrame(confusion, results.classes, results.classes)
        with np.errstate(invalid="ignore"):  # a class that nobody spoke
            recalls = confusion.diagonal() / confusion.sum(axis=1)
        text = table.map("{:.1f}".format).assign(
            recall=[number(x) for x in recalls]
        )
        parts.append(f"`{system}`\n\n```\n{text.to_string()}\n```")
    best = summarize(runs).set_index("system").loc[systems, "uar"].idxmax()
    shown = [x for x in systems if x in (NO_STAGE1, METHOD, best)]
    pictures = plot_confusions(results, folder, shown)
    return parts + [
        f"![Confusion of {system}](figures/{path.name})"
        for system, path in pictures.items()
    ]


def _origin(results):
    """Say how the results were made."""
    facts = results.facts
    commands = facts.get("commands", [])
    parts = [indented(commands)] if commands else []
    commits = sorted(set(results.runs["commit"]) - {""})
    lines = [f"Settings: `{facts['yaml']}`."] if facts.get("yaml") else []
    lines += [f"Code: {', '.join(commits)}."] if commits else []
    parts += ["\n".join(lines)] if lines else []
    return ["## How they were made", *parts] if parts else []
