"""Tables of a protocol's results, as Markdown."""

import pandas as pd
from emoclust_lobes.protocol.averages import summary_of
from emoclust_lobes.protocol.markdown import (
    clips,
    compared,
    headline,
    number,
    p_value,
    table,
)
from emoclust_lobes.protocol.schema import CLUSTERS, Condition
from emoclust_lobes.protocol.statistics import holm, paired_difference
from emoclust_lobes.protocol.systems import (
    CONTROL,
    LABELS,
    NO_STAGE1,
    TEST_SPEAKERS,
    noise_levels,
    systems_of,
    with_all_labels,
    with_enrolment,
    with_few_labels,
)

_DEVIATIONS = (
    "Means over folds, each the mean over its seeds; fold dev.: deviation of "
    "the folds' UAR; seed dev.: deviation over the seeds of a fold, on average."
)
_LABELS = "Systems are compared with the same labels."
_INTERVALS = (
    "Differences are over the runs that both have, with 95 % intervals: "
    "bootstrap over test speakers, the same over speakers and seeds, and "
    "Student's t over folds, corrected for training sets that overlap. "
    "\\*: all three are clear of zero"
)
_USES = (
    "Uses: what is known beside the labels of the training speakers, of "
    "unlabeled speech"
)
_CLUSTERED = (
    " With clusters all clips are heard, and those of a cluster decided "
    "together: compared with the same without enrolment."
)
_FEW = f"{_DEVIATIONS} {_LABELS} {_INTERVALS}. {_USES}."


def about(results):
    """Say what was tested, as far as it is known, and the chance level."""
    facts, n_classes = results.facts, len(results.classes)
    given = [f"{n_classes} classes"]
    if facts.get("label_source"):
        given.append(f"{facts['label_source']} labels")
    given += [facts[x] for x in ("split", "encoder") if facts.get(x)]
    text = f"**{facts['title']}**: {', '.join(given)}."
    return headline(text, facts, n_classes)


def main_table(results):
    """Tell all systems, with all labels and without enrolment.

    As Markdown, like all tables here; "" where there are no such runs.
    """
    runs = with_all_labels(results.runs)
    conditions = [Condition(x) for x in systems_of(runs, results.order)]
    if not conditions:
        return ""
    rows = summary_of(results)
    corrected = holm(
        [_difference(results, x, Condition(NO_STAGE1)).p for x in conditions]
    )
    best = number(max(rows.loc[x, "uar"] for x in conditions))
    lines = []
    for condition, p in zip(conditions, corrected):
        row = rows.loc[condition]
        line = {
            "system": condition.system,
            "uses": _uses(results, condition),
            **_scores(row),
            "WA": number(row.wa),
            "macro-F1": number(row.macro_f1),
            "development UAR": number(row.valid_uar),
            **_differences(results, condition, [NO_STAGE1]),
            "p": p_value(p),
            **_differences(results, condition, [CONTROL]),
            "n": f"{row.n:,.0f}",
            "code": _commits(runs, condition.system),
        }
        if line["UAR"] == best:
            line["UAR"] = f"**{best}**"
        lines.append(line)
    notes = (
        f"{_DEVIATIONS} {_INTERVALS}. p: of the folds, for the difference to "
        f"`{NO_STAGE1}`, Holm-corrected over the systems of this table. "
        f"{_USES}.{_detectable(results, conditions)}"
    )
    return table(lines, notes)


def labels_table(results):
    """Tell what systems make of a part of the training labels."""
    runs = with_few_labels(results.runs)
    lines, told = [], []
    for share in sorted(set(runs["labels"]) - {1.0}):
        given = runs[runs["labels"] == share]
        conditions = [
            Condition(x, share) for x in systems_of(given, results.order)
        ]
        told += conditions
        lines += [
            {"labels": f"{100 * share:g} %", **_line(results, x)}
            for x in conditions
        ]
    notes = _FEW + _detectable(results, told)
    return table(lines, notes) if lines else ""


def noise_table(results):
    """Tell what systems make of clusters with a share of exchanged members."""
    lines = [
        {
            "labels": f"{100 * share:g} %",
            "utterances in a random cluster": f"{100 * level:g} %",
            **_line(results, Condition(system, share)),
        }
        for share, levels in noise_levels(results.runs).items()
        for level, system in levels.items()
    ]
    return table(lines, _FEW) if lines else ""


def enrolment_table(results):
    """Tell what systems make of unlabeled clips of the test speaker."""
    runs = with_enrolment(results.runs)
    rows = summary_of(results)
    lines = []
    for system in systems_of(runs, results.order):
        kinds = runs.loc[runs["system"] == system, "enrolled"]
        for enrolled in dict.fromkeys(kinds):
            condition = Condition(system, 1.0, enrolled)
            # What is decided by cluster is compared with what is not
            without = "" if enrolled == CLUSTERS else "0"
            difference = _difference(
                results, condition, condition._replace(enrolled=without)
            )
            lines.append(
                {
                    "system": f"{system}{_enrolled(system, enrolled)}",
                    "uses": _uses(results, condition),
                    **_scores(rows.loc[condition]),
                    **compared("0 clips", difference),
                    "n": f"{rows.loc[condition].n:,.0f}",
                }
            )
    clustered = (runs["enrolled"] == CLUSTERS).any()
    notes = (
        "Enrolled clips are unlabeled speech of the test speaker, other than "
        f"the one that is scored. {_DEVIATIONS} {_INTERVALS}. {_USES}."
        + _CLUSTERED
        * bool(clustered)
    )
    return table(lines, notes) if lines else ""


TABLES = {
    "main": main_table,
    "labels": labels_table,
    "enrolment": enrolment_table,
    "noise": noise_table,
}


def _line(results, condition):
    """Tell a condition beside that without stage 1 and the control."""
    row = summary_of(results).loc[condition]
    return {
        "system": condition.system,
        "uses": _uses(results, condition),
        **_scores(row),
        **_differences(results, condition, [NO_STAGE1, CONTROL]),
        "n": f"{row.n:,.0f}",
    }


def _scores(row):
    """Tell a mean UAR, its deviations, and over how many runs."""
    seeds = f"{row.seeds_min:.0f}"
    if row.seeds_max > row.seeds_min:
        seeds += f"-{row.seeds_max:.0f}"
    return {
        "folds x seeds": f"{row.folds:.0f} x {seeds}",
        "UAR": number(row.uar),
        "fold dev.": number(row.uar_fold_std),
        "seed dev.": number(row.uar_seed_std),
    }


def _differences(results, condition, systems):
    """Tell the differences to other systems with the same labels."""
    cells: dict[str, str] = {}
    for system in systems:
        other = condition._replace(system=system)
        difference = _difference(results, condition, other)
        cells |= compared(f"`{system}`", difference)
    return cells


def _detectable(results, conditions):
    """Say how large a difference must be to be found, as a sentence."""
    sizes = [
        _difference(results, x, x._replace(system=NO_STAGE1)).detectable
        for x in conditions
    ]
    sizes = pd.DataFrame(sizes).median()
    if sizes.isna().all():
        return ""
    folds, speakers = map(number, sizes)
    return (
        f" The smallest difference to `{NO_STAGE1}` that is found four times "
        f"in five: {folds} over folds, {speakers} over speakers (median of "
        "the rows; Bloom 1995)."
    )


def _uses(results, condition):
    """Tell what a condition knows of unlabeled speech."""
    uses = results.facts.get("uses", {}).get(condition.system, "-")
    if condition.enrolled in ("", "0"):
        return uses
    return f"{'' if uses == LABELS else uses + ', '}{TEST_SPEAKERS}"


def _difference(results, condition, other):
    return paired_difference(
        results.runs,
        results.speakers,
        condition,
        other,
        deterministic=results.facts.get("deterministic", ()),
    )


def _commits(runs, system):
    """Commits of the code that a system's runs were made with."""
    found = set(runs.loc[runs["system"] == system, "commit"]) - {""}
    return ", ".join(sorted(found)) or "-"


def _enrolled(system, enrolled):
    if enrolled == "":
        return ""
    said = "" if system.endswith("enrolled") else ", enrolled"
    return f"{said}, {clips(enrolled)}"
