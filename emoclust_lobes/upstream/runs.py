"""Run the recipes of a tree as SpeechBrain's recipe tests do.

``tests/utils/recipe_tests.py`` there gives a row's flags to its script, with
``--debug --debug_persistently``, and looks for the files that the row says are
left. Here the same is done without a checkout: the ``speechbrain`` that is
installed is copied beside the export.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sysconfig
import venv

from emoclust_lobes.upstream.rows import read_rows

import speechbrain

RUN_OPTIONS = ("--device=cpu", "--debug", "--debug_persistently")
LAST_LINES = 15  # of what a failed run said


def copy_library(tree):
    """Copy the installed ``speechbrain`` package into a tree.

    Arguments
    ---------
    tree : str or pathlib.Path
        A new or empty folder, into which the recipes are then exported.

    Example
    -------
    >>> tree = getfixture("tmp_path")
    >>> copy_library(tree)
    >>> (tree / "speechbrain" / "core.py").is_file()
    True
    """
    library = pathlib.Path(speechbrain.__file__).parent
    shutil.copytree(
        library,
        pathlib.Path(tree, "speechbrain"),
        ignore=shutil.ignore_patterns("__pycache__"),
    )


def make_python(folder, tree):
    """Make an environment in which ``speechbrain`` is that of a tree.

    Everything else is what is installed here, except for what is installed as
    editable: our own packages are seen in the tree or not at all.

    Arguments
    ---------
    folder : str or pathlib.Path
        A new folder.
    tree : str or pathlib.Path
        Root of the tree.

    Returns
    -------
    pathlib.Path
        The ``python`` of the environment.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> make_python(folder / "venv", folder / "tree").name
    'python'
    """
    venv.create(folder, symlinks=True)
    base = {"base": str(folder), "platbase": str(folder)}
    site = pathlib.Path(sysconfig.get_path("purelib", vars=base))
    paths = [pathlib.Path(tree).resolve(), sysconfig.get_path("purelib")]
    lines = "".join(f"{path}\n" for path in paths)
    (site / "tree.pth").write_text(lines, encoding="utf-8")
    return pathlib.Path(folder, "bin", "python")


def failed_rows(tree, python):
    """Run the recipe of each row.

    Arguments
    ---------
    tree : str or pathlib.Path
        Root of the tree. Runs leave their results in ``tests/tmp`` there.
    python : str or pathlib.Path
        From ``make_python``.

    Returns
    -------
    list of str
        What went wrong, and in which row; empty when all is well.

    Example
    -------
    >>> from emoclust_lobes.upstream.rows import FIELDS, with_rows
    >>> tree = getfixture("tmp_path")
    >>> row = dict.fromkeys(FIELDS, "") | {
    ...     "Script_file": "recipes/Birds/train.py",
    ...     "Hparam_file": "recipes/Birds/train.yaml",
    ...     "test_debug_checks": "file_exists=[log.txt]",
    ... }
    >>> for name in ("recipes/Birds", "tests/recipes"):
    ...     (tree / name).mkdir(parents=True)
    >>> _ = (tree / "tests/recipes/Birds.csv").write_text(with_rows("", [row]))
    >>> _ = (tree / "recipes/Birds/train.py").write_text("print('no owl')")
    >>> failed_rows(tree, "python")
    ['recipes/Birds/train.yaml: log.txt was not left']
    """
    problems = []
    for number, (dataset, row) in enumerate(read_rows(pathlib.Path(tree))):
        output = f"tests/tmp/{dataset}_row_{number + 1:02d}"
        for problem in _run(pathlib.Path(tree), python, row, output):
            problems.append(f"{row['Hparam_file']}: {problem}")
    return problems


def _run(tree, python, row, output):
    """Run a row; return what is wrong."""
    script, hparams = row["Script_file"], row["Hparam_file"]
    folder = pathlib.PurePosixPath(script).parent
    environment = {
        **os.environ,
        "PATH": f"{pathlib.Path(python).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(tree / folder),
    }
    set_up = tree.joinpath(
        "tests/recipes/setup",
        script.removesuffix(".py").replace("/", "_"),
        hparams.removeprefix(f"{folder}/")
        .removesuffix(".yaml")
        .replace("/", "_"),
    )
    commands = [[str(set_up.resolve())]] if set_up.is_file() else []
    flags = shlex.split(row["test_debug_flags"])
    output_flag = f"--output_folder={output}"
    run = [str(python), script, hparams, *flags, *RUN_OPTIONS, output_flag]
    for command in [*commands, run]:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True
        )
        if done.returncode:
            said = (done.stdout + done.stderr).splitlines()[-LAST_LINES:]
            return [f"exit code {done.returncode}\n" + "\n".join(said)]
    left = re.search(r"file_exists=\[(.*?)\]", row["test_debug_checks"])
    return [
        f"{name} was not left"
        for name in (left[1].split(",") if left else ())
        if not (tree / output / name).exists()
    ]
