"""A page on a matrix, and its tables inside READMEs."""

import pathlib
import re

from emoclust_lobes.crosscorpus.cells import read_matrix
from emoclust_lobes.crosscorpus.figures import plot_matrix
from emoclust_lobes.crosscorpus.tables import (
    TEXTS,
    about,
    cells_text,
    matrix_table,
    matrix_text,
)
from emoclust_lobes.files import replacing
from emoclust_lobes.protocol.markdown import paragraph

_OPENING = "<!-- crosscorpus:"
_CLOSING = "<!-- /crosscorpus -->"
_BLOCK = re.compile(
    rf"{_OPENING} (?P<folder>\S+) (?P<table>\S+) -->\n"
    rf"(?P<text>(?:(?!<!-- ).)*?){_CLOSING}",
    re.DOTALL,
)


def write_report(folder):
    """Write ``report.md``, ``matrix.csv`` and ``figures/`` beside the cells.

    Arguments
    ---------
    folder : str or pathlib.Path
        Where the results of a matrix are.

    Returns
    -------
    pathlib.Path
        The report; the same results give the same one.

    Raises
    ------
    FileNotFoundError, ValueError
        As ``read_matrix``.
    """
    folder = pathlib.Path(folder)
    matrix = read_matrix(folder)
    with replacing(folder / "matrix.csv") as stream:
        matrix_table(matrix).to_csv(stream, index=False, float_format="%.6f")
    plot_matrix(matrix, folder / "figures" / "matrix")
    parts = ["# Across corpora: results", about(matrix)]
    parts += ["## Matrix", matrix_text(matrix)]
    parts += ["![UAR across corpora](figures/matrix.png)"]
    parts += ["## Every pair", cells_text(matrix)]
    parts += ["## How they were made", _commands(matrix)]
    commits = sorted({x for y in matrix.cells["commit"] for x in y.split()})
    parts += [f"Code: {', '.join(commits)}."] if commits else []
    report = folder / "report.md"
    with replacing(report) as stream:
        stream.write("\n\n".join(parts) + "\n")
    return report


def rebuild_readme(readme):
    """Renew the tables of matrices in a README.

    A table stands between ``<!-- crosscorpus: FOLDER TABLE -->``, with a
    folder of results relative to the README's own and ``matrix`` or
    ``cells``, and ``<!-- /crosscorpus -->``, each on a line of its own.

    Arguments
    ---------
    readme : str or pathlib.Path
        The file; what stands elsewhere in it is kept.

    Raises
    ------
    FileNotFoundError
        When there are no results in a folder.
    ValueError
        When a marker has no end, or an unknown table.
    """
    readme = pathlib.Path(readme)
    text = _checked(readme)
    rebuilt = _BLOCK.sub(lambda block: _rebuilt(block, readme), text)
    if rebuilt != text:
        with replacing(readme) as stream:
            stream.write(rebuilt)


def stale_tables(readme):
    """List the tables of a README that are not those of the results.

    Arguments
    ---------
    readme : str or pathlib.Path
        As for ``rebuild_readme``.

    Returns
    -------
    list of str
        "FOLDER TABLE" of each that ``rebuild_readme`` would change.

    Raises
    ------
    FileNotFoundError, ValueError
        As ``rebuild_readme``.
    """
    readme = pathlib.Path(readme)
    return [
        f"{block['folder']} {block['table']}"
        for block in _BLOCK.finditer(_checked(readme))
        if _rebuilt(block, readme) != block[0]
    ]


def _checked(readme):
    text = readme.read_text(encoding="utf-8")
    whole = {block.start() for block in _BLOCK.finditer(text)}
    for marker in re.finditer(rf"{_OPENING}[^\n]*", text):
        if marker.start() not in whole:
            raise ValueError(
                f"{readme}: {marker[0]!r} is not '{_OPENING} FOLDER TABLE -->' "
                f"alone on its line, or no '{_CLOSING}' follows it"
            )
    return text


def _rebuilt(block, readme):
    folder, name = block["folder"], block["table"]
    marker = f"{_OPENING} {folder} {name} -->"
    if name not in TEXTS:
        raise ValueError(
            f"{readme}: {marker!r} names none of the tables {list(TEXTS)}"
        )
    matrix = read_matrix(readme.parent / folder)
    origin = (
        f"Every cell and seed: [`cells.csv`]({folder}/cells.csv). Settings: "
        f"`{matrix.facts['yaml']}`. Made by"
    )
    parts = [marker, about(matrix), TEXTS[name](matrix)]
    return "\n\n".join([*parts, paragraph(origin), _commands(matrix), _CLOSING])


def _commands(matrix):
    return "\n".join(f"    {x}" for x in matrix.facts["commands"])
