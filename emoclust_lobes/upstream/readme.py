"""A recipe's README in SpeechBrain's form, made of those that there are."""

import importlib.resources
import re
import shlex
import textwrap

import jinja2
import ruamel.yaml
from emoclust_lobes.protocol.averages import summarize
from emoclust_lobes.protocol.cells import read_results
from emoclust_lobes.protocol.markdown import number, table
from emoclust_lobes.protocol.plan import read_systems
from emoclust_lobes.protocol.systems import with_all_labels
from emoclust_lobes.protocol.tables import about
from emoclust_lobes.upstream.errors import UpstreamError
from emoclust_lobes.upstream.layout import HOMES, KINDS, path_of

NOTES = (
    "UAR, the mean of the classes' recalls, and WA, the accuracy: means over "
    "the folds, each the mean over its seeds."
)


def make_readme(recipe, scripts, root):
    """Write the README of a recipe.

    Arguments
    ---------
    recipe : Recipe
        Which.
    scripts : sequence of str
        Those that the recipe has. Results of others are left out.
    root : pathlib.Path
        Our own tree. Its ``README.md`` gives the method and what to cite,
        ``recipes/DATASET/README.md`` the corpus and the protocol, and
        ``recipes/DATASET/results`` the numbers.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    UpstreamError
        When one of the sections is not there.

    Example
    -------
    >>> from emoclust_lobes.upstream.layout import CREMAD, ROOT
    >>> make_readme(CREMAD, ["train_ser"], ROOT).startswith("# ")
    True
    """
    own = root / "recipes" / recipe.dataset
    main = (root / "README.md").read_text(encoding="utf-8")
    page = (own / "README.md").read_text(encoding="utf-8")
    template = importlib.resources.files(__package__) / "templates/README.md"
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    text = environment.from_string(template.read_text(encoding="utf-8")).render(
        dataset=recipe.dataset,
        data_folder=recipe.data_folder,
        about=section(page, recipe.dataset),
        protocol=section(page, "Protocol"),
        method=section(main, "The method"),
        citing=section(main, "Citing"),
        has_stage1="train_contrastive" in scripts,
        results=[
            result
            for folder in sorted((own / "results").glob("*"))
            if (result := _result(folder, recipe, scripts, root))
        ],
    )
    for module, home in HOMES.items():
        text = text.replace(f"{module.replace('.', '/')}.py", path_of(home))
    return re.sub(r"\n{3,}", "\n\n", text)


def section(text, title):
    """Cut a section out of a Markdown file.

    Arguments
    ---------
    text : str
        The file.
    title : str
        Of the heading.

    Returns
    -------
    str
        What stands between the heading and the next one.

    Raises
    ------
    UpstreamError
        When there is no such heading.

    Example
    -------
    >>> section(
    ...     "# Birds\\n\\nThey fly.\\n\\n## Owls\\n\\nBy night.\\n", "Birds"
    ... )
    'They fly.'
    """
    match = re.search(
        rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", text, re.M | re.S
    )
    if not match:
        raise UpstreamError(
            f"a README has no section {title!r}, which the exported one is "
            "made of: give it one, or change emoclust_lobes/upstream/readme.py"
        )
    return match[1].strip("\n")


def _result(folder, recipe, scripts, root):
    """Tell one folder of results; None where no run has all labels."""
    results = read_results(folder)
    cells = with_all_labels(results.cells)
    rows = summarize(cells, by=["system"]).set_index("system")
    path = root / "hparams" / "systems.yaml"
    offered = ruamel.yaml.YAML(typ="safe").load(
        path
    )  # what is gone, cannot run
    names = [x for x in results.order if x in rows.index and x in offered]
    systems = read_systems(path, names)
    stem = results.facts["yaml"].rpartition("/")[2].removesuffix(".yaml")
    kind = KINDS[stem.removeprefix(recipe.name)]
    lines = []
    for system in systems:
        row = rows.loc[system.name]
        # None of the scripts makes these
        if system.reference or not (
            system.stage1_name == "none" or "train_contrastive" in scripts
        ):
            continue
        changes = {**system.stage1, **system.stage2}
        seeds = {f"{row.seeds_min:.0f}", f"{row.seeds_max:.0f}"}
        lines.append(
            {
                "hyperparams file": f"train_ser{kind}.yaml",
                "options": f"`{_options(changes)}`",
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
    settings = _options(results.facts["settings"])
    return {
        "about": about(results),
        "table": table(lines, NOTES),
        "options": "\n    ".join(
            textwrap.wrap(
                settings, 76, break_on_hyphens=False, break_long_words=False
            )
        ),
    }


def _options(changes):
    """Write overrides as they are given on the command line."""
    words = [f"--{key}={value}" for key, value in changes.items()]
    return " ".join(shlex.quote(word) for word in words)
