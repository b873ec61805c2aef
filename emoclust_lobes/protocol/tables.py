"""Tables of a protocol's results, as Markdown."""

import pandas as pd
from emoclust_lobes.protocol.markdown import (
    number,
    p_value,
    paragraph,
    signed,
    table,
)
from emoclust_lobes.protocol.schema import Condition
from emoclust_lobes.protocol.statistics import (
    NOTHING,
    holm,
    paired_difference,
    summarize,
)
from emoclust_lobes.protocol.systems import (
    BASELINE,
    CONTROL,
    noise_levels,
    systems_of,
    with_all_labels,
    with_enrolment,
    with_few_labels,
)

_INTERVALS = (
    "Differences are over the runs that both have, with 95 % bootstrap "
    "intervals over test speakers"
)


def about(results):
    """Say what was tested, and the chance level.

    Arguments
    ---------
    results : Results
        From ``read_results``.

    Returns
    -------
    str
        Title, class set, split, encoder, note and chance, where known.
    """
    facts, n_classes = results.facts, len(results.classes)
    given = [f"{n_classes} classes"]
    if facts.get("label_source"):
        given.append(f"{facts['label_source']} labels")
    given += [facts[x] for x in ("split", "encoder") if facts.get(x)]
    text = f"**{facts['title']}**: {', '.join(given)}."
    if facts.get("note"):
        text += f" {facts['note'].rstrip('.')}."
    return paragraph(f"{text} Chance is {number(1 / n_classes)}.")


def main_table(results):
    """Tell all systems, with all labels and without enrolment.

    Arguments
    ---------
    results : Results
        From ``read_results``.

    Returns
    -------
    str
        Markdown, or "" where there are no such cells.
    """
    cells = with_all_labels(results.cells)
    systems = systems_of(cells, results.order)
    if not systems:
        return ""
    rows = summarize(cells).set_index("system").loc[systems]
    to_baseline, to_control = (
        [_difference(results, Condition(x), Condition(y)) for x in systems]
        for y in (BASELINE, CONTROL)
    )
    corrected = holm([x.p for x in to_baseline])
    best = number(rows["uar"].max())
    lines = [
        {
            "system": row.Index,
            "folds x seeds": _runs(row),
            "UAR": _bold_if(number(row.uar), best),
            "fold dev.": number(row.uar_fold_std),
            "seed dev.": number(row.uar_seed_std),
            "WA": number(row.wa),
            "macro-F1": number(row.macro_f1),
            "development UAR": number(row.valid_uar),
            f"to `{BASELINE}` (95 % interval)": signed(to_baseline[place]),
            "p": p_value(corrected[place]),
            f"to `{CONTROL}` (95 % interval)": signed(to_control[place]),
            "n": f"{row.n:,.0f}",
            "code": _commits(cells, row.Index),
        }
        for place, row in enumerate(rows.itertuples())
    ]
    notes = (
        "UAR, WA and macro-F1: means over folds, each the mean over its seeds; "
        "fold dev.: deviation of the folds' UAR; seed dev.: deviation over the "
        f"seeds of a fold, on average. {_INTERVALS}; p of the corrected "
        f"resampled t-test for the difference to `{BASELINE}`, Holm-corrected "
        "over the systems of this table."
    )
    return table(lines, notes)


def labels_table(results):
    """Tell what systems make of a share of the training labels.

    Arguments
    ---------
    results
        As for ``main_table``.

    Returns
    -------
    str
        Markdown, or "" where all cells have all labels.
    """
    cells = with_few_labels(results.cells)
    if cells.empty:
        return ""
    summary = summarize(cells).set_index(["system", "labels"])
    lines = []
    for system in systems_of(cells, results.order):
        line = {"system": system}
        for share in sorted(set(cells["labels"])):
            column = f"{100 * share:g} % of labels"
            line[column] = "-"
            if (system, share) in summary.index:
                line[column] = _spread(summary.loc[system, share])
            difference = _difference(
                results, Condition(system, share), Condition(BASELINE, share)
            )
            if difference.pairs > 0:
                line[column] += f"; {signed(difference)}"
        lines.append(line)
    notes = (
        "UAR +- its deviation over folds; difference to "
        f"`{BASELINE}` with the same labels. {_INTERVALS}."
    )
    return table(lines, notes)


def enrolment_table(results):
    """Tell what systems make of unlabelled clips of the test speaker.

    Arguments
    ---------
    results
        As for ``main_table``.

    Returns
    -------
    str
        Markdown, or "" where no cell has enrolment.
    """
    cells = with_enrolment(results.cells)
    if cells.empty:
        return ""
    summary = summarize(cells).set_index(["system", "enrolled"])
    lines = []
    for system in systems_of(cells, results.order):
        kinds = cells.loc[cells["system"] == system, "enrolled"]
        for enrolled in dict.fromkeys(kinds):
            row = summary.loc[system, enrolled]
            difference = _difference(
                results, Condition(system, 1.0, enrolled), Condition(system)
            )
            lines.append(
                {
                    "system": f"{system}{_clips(enrolled)}",
                    "folds x seeds": _runs(row),
                    "UAR": number(row.uar),
                    "fold dev.": number(row.uar_fold_std),
                    "seed dev.": number(row.uar_seed_std),
                    "to no enrolment (95 % interval)": signed(difference),
                    "n": f"{row.n:,.0f}",
                }
            )
    notes = (
        "Enrolled clips are unlabelled speech of the test speaker; the "
        f"difference is to the same system without. {_INTERVALS}."
    )
    return table(lines, notes)


def noise_table(results):
    """Tell what systems make of clusters with a share of exchanged members.

    Arguments
    ---------
    results
        As for ``main_table``.

    Returns
    -------
    str
        Markdown, or "" where no system is called ``noise_...``.
    """
    cells = with_all_labels(results.cells)
    summary = summarize(cells).set_index("system")
    lines = []
    for level, system in noise_levels(cells).items():
        difference = _difference(
            results, Condition(system), Condition(BASELINE)
        )
        lines.append(
            {
                "utterances in a random cluster": f"{100 * level:g} %",
                "system": system,
                "folds x seeds": _runs(summary.loc[system]),
                "UAR": _spread(summary.loc[system]),
                f"to `{BASELINE}` (95 % interval)": signed(difference),
            }
        )
    notes = f"UAR +- its deviation over folds. {_INTERVALS}."
    return table(lines, notes) if lines else ""


TABLES = {
    "main": main_table,
    "labels": labels_table,
    "enrolment": enrolment_table,
    "noise": noise_table,
}


def _difference(results, condition, baseline):
    if condition == baseline:
        return NOTHING
    return paired_difference(
        results.cells, results.speakers, condition, baseline
    )


def _commits(cells, system):
    """Commits of the code that a system's runs were made with."""
    found = set(cells.loc[cells["system"] == system, "commit"]) - {""}
    return ", ".join(sorted(found)) or "-"


def _runs(row):
    seeds = f"{row.seeds_min:.0f}"
    if row.seeds_max > row.seeds_min:
        seeds += f"-{row.seeds_max:.0f}"
    return f"{row.folds:.0f} x {seeds}"


def _spread(row):
    if pd.isna(row.uar_fold_std):
        return number(row.uar)
    return f"{number(row.uar)} +- {number(row.uar_fold_std)}"


def _bold_if(text, best):
    return f"**{text}**" if text == best else text


def _clips(enrolled):
    if enrolled == "":
        return ""
    return f", enrolled, {enrolled} clip{'' if enrolled == '1' else 's'}"
