"""A recipe's README in SpeechBrain's form, made of those that there are."""

import pathlib
import re
import shlex
import textwrap

import jinja2
from emoclust_lobes.protocol.averages import summarize
from emoclust_lobes.protocol.markdown import number, table
from emoclust_lobes.protocol.plan import read_systems
from emoclust_lobes.protocol.runs import read_results
from emoclust_lobes.protocol.systems import with_all_labels
from emoclust_lobes.protocol.tables import about

from recipes.upstream.layout import HOMES, ROOT, UpstreamError, path_of

NOTES = (
    "UAR, the mean of the classes' recalls, and WA, the accuracy: means over "
    "the folds, each the mean over its seeds."
)


def make_readme(recipe, scripts):
    """Write the README of a recipe that has some of the scripts.

    The repository's README gives the method and what to cite, that of the
    corpus the protocol, and the folders beside that one the numbers.
    """
    own = ROOT / "recipes" / recipe.dataset
    main = (ROOT / "README.md").read_text(encoding="utf-8")
    page = (own / "README.md").read_text(encoding="utf-8")
    template = pathlib.Path(__file__).with_name("template.md")
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    text = environment.from_string(template.read_text(encoding="utf-8")).render(
        dataset=recipe.dataset,
        data_folder=recipe.data_folder,
        about=_section(page, recipe.dataset),
        protocol=_section(page, "Protocol"),
        method=_section(main, "The method"),
        citing=_section(main, "Citing"),
        has_stage1="train_contrastive" in scripts,
        results=[
            result
            for folder in sorted((own / "results").glob("*"))
            if (result := _result(folder, recipe, scripts))
        ],
    )
    for module, home in HOMES.items():
        text = text.replace(f"{module.replace('.', '/')}.py", path_of(home))
    return re.sub(r"\n{3,}", "\n\n", text)


def _section(text, title):
    """Cut out what stands between a heading and the next one."""
    match = re.search(
        rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", text, re.M | re.S
    )
    if not match:
        raise UpstreamError(
            f"a README has no section {title!r}, which the exported one is "
            "made of: give it one, or change recipes/upstream/readme.py"
        )
    return match[1].strip("\n")


def _result(folder, recipe, scripts):
    """Tell one folder of results; None where no run has all labels."""
    results = read_results(folder)
    runs = with_all_labels(results.runs)
    rows = summarize(runs, by=["system"]).set_index("system")
    # Results may be of systems that are no longer offered
    offered = read_systems(ROOT / "hparams" / "systems.yaml")
    known = {system.name: system for system in offered}
    stem = results.facts["yaml"].rpartition("/")[2]
    lines = []
    for name in results.order:
        if name not in known.keys() & rows.index:
            continue
        system = known[name]
        from_stage1 = system.stage1_name != "none"
        # None of the scripts makes these
        if system.baseline or (
            from_stage1 and "train_contrastive" not in scripts
        ):
            continue
        row = rows.loc[system.name]
        options = _options({**system.stage1, **system.stage2})
        seeds = {f"{row.seeds_min:.0f}", f"{row.seeds_max:.0f}"}
        lines.append(
            {
                "hyperparams file": f"train_ser{stem.removeprefix(recipe.name)}",
                "options": f"`{options}`",
                "Val. UAR": number(row.valid_uar),
                "Test UAR": number(row.uar),
                "Test WA": number(row.wa),
                "folds x seeds": f"{row.folds:.0f} x {'-'.join(sorted(seeds))}",
                "Model link": "-",
                "GPUs": "-",
            }
        )
    if not lines:
        return None
    settings = textwrap.wrap(
        _options(results.facts["settings"]),
        76,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return {
        "about": about(results),
        "table": table(lines, NOTES),
        "options": "\n    ".join(settings),
    }


def _options(changes):
    """Write overrides as they are given on the command line."""
    words = [f"--{key}={value}" for key, value in changes.items()]
    return " ".join(shlex.quote(word) for word in words)
