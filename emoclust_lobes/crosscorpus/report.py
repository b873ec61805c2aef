"""A page on a matrix, and its tables inside READMEs."""

import pathlib

from data_prep.storage.files import replacing
from emoclust_lobes.crosscorpus.cells import read_matrix
from emoclust_lobes.crosscorpus.figures import plot_matrix
from emoclust_lobes.crosscorpus.tables import (
    TEXTS,
    about,
    cells_text,
    matrix_table,
    matrix_text,
)
from emoclust_lobes.protocol.markdown import paragraph
from emoclust_lobes.protocol.readme_tables import ReadmeTables


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

    Example
    -------
    >>> import shutil
    >>> folder = getfixture("tmp_path") / "results"
    >>> _ = shutil.copytree("recipes/crosscorpus/results", folder)
    >>> before = (folder / "report.md").read_text(encoding="utf-8")
    >>> write_report(folder).read_text(encoding="utf-8") == before
    True
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


def _for_readme(path, folder, name):
    """Write a table of a README, and what it is of."""
    matrix = read_matrix(path)
    origin = (
        f"Every cell and seed: [`cells.csv`]({folder}/cells.csv). Settings: "
        f"`{matrix.facts['yaml']}`. Made by"
    )
    parts = [about(matrix), TEXTS[name](matrix), paragraph(origin)]
    return "\n\n".join([*parts, _commands(matrix)])


README_TABLES = ReadmeTables("crosscorpus", TEXTS, _for_readme)


def _commands(matrix):
    return "\n".join(f"    {x}" for x in matrix.facts["commands"])
