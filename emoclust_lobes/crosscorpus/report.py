"""A page on a matrix, and its tables inside READMEs."""

import pathlib

from emoclust_lobes.crosscorpus.figures import plot_matrix
from emoclust_lobes.crosscorpus.matrix import read_matrix
from emoclust_lobes.crosscorpus.tables import (
    TEXTS,
    about,
    matrix_table,
    matrix_text,
    pairs_text,
)
from emoclust_lobes.protocol.markdown import indented, paragraph
from emoclust_lobes.protocol.readme_tables import ReadmeTables
from emoclust_lobes.protocol.report import write_parts
from emoclust_lobes.protocol.schema import write_table


def write_report(folder):
    """Write ``report.md``, ``matrix.csv`` and ``figures/`` beside the runs.

    Returns the report's path; the same results give the same one.
    """
    folder = pathlib.Path(folder)
    matrix = read_matrix(folder)
    write_table(folder / "matrix.csv", matrix_table(matrix))
    plot_matrix(matrix, folder / "figures" / "matrix")
    parts = ["# Across corpora: results", about(matrix)]
    parts += ["## Matrix", matrix_text(matrix)]
    parts += ["![UAR across corpora](figures/matrix.png)"]
    parts += ["## Every pair", pairs_text(matrix)]
    parts += ["## How they were made", indented(matrix.facts["commands"])]
    commits = sorted({x for y in matrix.runs["commit"] for x in y.split()})
    parts += [f"Code: {', '.join(commits)}."] if commits else []
    return write_parts(folder, parts)


def _for_readme(path, folder, name):
    """Write a table of a README, and what it is of."""
    matrix = read_matrix(path)
    origin = (
        f"Every run: [`runs.csv`]({folder}/runs.csv). Settings: "
        f"`{matrix.facts['yaml']}`. Made by"
    )
    parts = [about(matrix), TEXTS[name](matrix), paragraph(origin)]
    return "\n\n".join([*parts, indented(matrix.facts["commands"])])


README_TABLES = ReadmeTables("crosscorpus", TEXTS, _for_readme)
