"""Tables of a protocol's results, as Markdown."""

from emoclust_lobes.protocol.averages import summarize
from emoclust_lobes.protocol.markdown import (
    number,
    p_value,
    paragraph,
    signed,
    table,
)
from emoclust_lobes.protocol.schema import Condition
from emoclust_lobes.protocol.statistics import NOTHING, holm, paired_difference
from emoclust_lobes.protocol.systems import (
    BASELINE,
    CONTROL,
    noise_levels,
    systems_of,
    with_all_labels,
    with_enrolment,
    with_few_labels,
)

_SPREAD = (
    "Means over folds, each the mean over its seeds; fold dev.: deviation of "
    "the folds' UAR; seed dev.: deviation over the seeds of a fold, on average."
)
_LABELS = "Systems are compared with the same labels."
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

    Example
    -------
    >>> from emoclust_lobes.synthetic.results import made_up_results
    >>> results = made_up_results(getfixture("tmp_path"))
    >>> print(about(results).partition(":")[0])
    **Made-up**
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

    Example
    -------
    >>> from emoclust_lobes.synthetic.results import made_up_results
    >>> results = made_up_results(getfixture("tmp_path"))
    >>> [line.split(" | ")[0] for line in main_table(results).splitlines()[2:4]]
    ['| none', '| contrastive']
    """
    cells = with_all_labels(results.cells)
    conditions = [Condition(x) for x in systems_of(cells, results.order)]
    if not conditions:
        return ""
    rows = _summaries(results)
    corrected = holm(
        [_difference(results, x, Condition(BASELINE)).p for x in conditions]
    )
    best = number(max(rows.loc[x, "uar"] for x in conditions))
    lines = []
    for condition, p in zip(conditions, corrected):
        row = rows.loc[condition]
        line = {
            "system": condition.system,
            **_scores(row),
            "WA": number(row.wa),
            "macro-F1": number(row.macro_f1),
            "development UAR": number(row.valid_uar),
            **_differences(results, condition, [BASELINE]),
            "p": p_value(p),
            **_differences(results, condition, [CONTROL]),
            "n": f"{row.n:,.0f}",
            "code": _commits(cells, condition.system),
        }
        if line["UAR"] == best:
            line["UAR"] = f"**{best}**"
        lines.append(line)
    notes = (
        f"{_SPREAD} {_INTERVALS}; p of the corrected resampled t-test for the "
        f"difference to `{BASELINE}`, Holm-corrected over the systems of this "
        "table."
    )
    return table(lines, notes)


def labels_table(results):
    """Tell what systems make of a part of the training labels.

    Arguments
    ---------
    results
        As for ``main_table``.

    Returns
    -------
    str
        Markdown, or "" where all cells have all labels.

    Example
    -------
    >>> from emoclust_lobes.synthetic.results import made_up_results
    >>> folder = getfixture("tmp_path")
    >>> results = made_up_results(folder, ("none", 0.1, ""))
    >>> labels_table(results).splitlines()[2].split(" | ")[:2]
    ['| 10 %', 'none']
    """
    cells = with_few_labels(results.cells)
    lines = []
    for share in sorted(set(cells["labels"]) - {1.0}):
        given = cells[cells["labels"] == share]
        lines += [
            {
                "labels": f"{100 * share:g} %",
                **_line(results, Condition(system, share)),
            }
            for system in systems_of(given, results.order)
        ]
    return table(lines, f"{_SPREAD} {_LABELS} {_INTERVALS}.") if lines else ""


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

    Example
    -------
    >>> from emoclust_lobes.synthetic.results import made_up_results
    >>> folder = getfixture("tmp_path")
    >>> results = made_up_results(folder, ("noise_0.5", 1.0, ""))
    >>> noise_table(results).splitlines()[3].split(" | ")[:3]
    ['| 100 %', '50 %', 'noise_0.5']
    """
    lines = [
        {
            "labels": f"{100 * share:g} %",
            "utterances in a random cluster": f"{100 * level:g} %",
            **_line(results, Condition(system, share)),
        }
        for share, levels in noise_levels(results.cells).items()
        for level, system in levels.items()
    ]
    return table(lines, f"{_SPREAD} {_LABELS} {_INTERVALS}.") if lines else ""


def enrolment_table(results):
    """Tell what systems make of unlabeled clips of the test speaker.

    Arguments
    ---------
    results
        As for ``main_table``.

    Returns
    -------
    str
        Markdown, or "" where no cell has enrolment.

    Example
    -------
    >>> from emoclust_lobes.synthetic.results import made_up_results
    >>> folder = getfixture("tmp_path")
    >>> clips = [("none", 1.0, "0"), ("none", 1.0, "1")]
    >>> results = made_up_results(folder, *clips)
    >>> lines = enrolment_table(results).splitlines()[3:5]
    >>> [line.split(" | ")[0] for line in lines]
    ['| none, enrolled, 0 clips', '| none, enrolled, 1 clip']
    """
    cells = with_enrolment(results.cells)
    rows = _summaries(results)
    lines = []
    for system in systems_of(cells, results.order):
        kinds = cells.loc[cells["system"] == system, "enrolled"]
        for enrolled in dict.fromkeys(kinds):
            condition = Condition(system, 1.0, enrolled)
            without = condition._replace(enrolled="0")
            difference = _difference(results, condition, without)
            lines.append(
                {
                    "system": f"{system}{_clips(system, enrolled)}",
                    **_scores(rows.loc[condition]),
                    "to 0 clips (95 % interval)": signed(difference),
                    "n": f"{rows.loc[condition].n:,.0f}",
                }
            )
    notes = (
        "Enrolled clips are unlabeled speech of the test speaker, other than "
        f"the one that is scored. {_SPREAD} {_INTERVALS}."
    )
    return table(lines, notes) if lines else ""


TABLES = {
    "main": main_table,
    "labels": labels_table,
    "enrolment": enrolment_table,
    "noise": noise_table,
}


def _summaries(results):
    """Means and deviations of each condition."""
    return summarize(results.cells).set_index(list(Condition._fields))


def _line(results, condition):
    """Tell a condition beside the baseline and the control."""
    row = _summaries(results).loc[condition]
    return {
        "system": condition.system,
        **_scores(row),
        **_differences(results, condition, [BASELINE, CONTROL]),
        "n": f"{row.n:,.0f}",
    }


def _scores(row):
    """Tell a mean UAR, its spread, and over how many runs."""
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
    return {
        f"to `{system}` (95 % interval)": signed(
            _difference(results, condition, condition._replace(system=system))
        )
        for system in systems
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


def _clips(system, enrolled):
    if enrolled == "":
        return ""
    said = "" if system.endswith("enrolled") else ", enrolled"
    return f"{said}, {enrolled} clip{'' if enrolled == '1' else 's'}"
