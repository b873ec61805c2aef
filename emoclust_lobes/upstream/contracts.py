"""The rules that SpeechBrain's own checks enforce, without a checkout.

Each rule takes a tree and returns the ways in which it is broken. They are
those of ``tests/consistency`` and of ``.pre-commit-config.yaml`` there; running
the recipes is in ``emoclust_lobes.upstream.runs``.
"""

import ast
import pathlib
import re

from emoclust_lobes.upstream.lint import lint
from emoclust_lobes.upstream.row_contracts import (
    incomplete_rows,
    missing_files,
    missing_links,
    unlisted_yamls,
)
from emoclust_lobes.upstream.rows import read_rows

from speechbrain.utils.run_opts import RunOptions

LARGEST_KB = 1024  # of a file in the repository
# Where code is a library, and everything public has a docstring
DOCUMENTED = ("speechbrain", "tools", "templates")


def unread_keys(tree):
    """Rule: a key of a YAML stands literally in the script of its row.

    A key that is referred to below needs not, and neither do options of every
    run, such as ``device``, and what is applied at once.

    Example
    -------
    >>> unread_keys(getfixture("tmp_path"))
    []
    """
    problems = []
    for _, row in read_rows(tree):
        paths = [tree / row[x] for x in ("Hparam_file", "Script_file")]
        if not all(path.is_file() for path in paths):
            continue
        yaml, script = (path.read_text(encoding="utf-8") for path in paths)
        problems += [
            f"{row['Hparam_file']}: {row['Script_file']} does not read {key}"
            for key in _keys_to_read(yaml)
            if f'["{key}"]' not in script
            and not re.search(
                rf"(hparams|modules)\.{key}|(attr\(self\.hparams, |"
                rf'hparams\.get\()"{key}',
                script,
            )
        ]
    return problems


def _keys_to_read(yaml):
    """List the keys of a YAML that no line from theirs on refers to."""
    options = set(RunOptions().as_dict())
    keys = []
    for line in yaml.splitlines():
        match = re.match(r"([^\s#][^:]*):", line)
        if match and not re.search("!!|!apply|parameter_transfer", line):
            keys.append(match[1])
        if "!ref" in line:
            referred = re.findall(r"<(\w+)", line)
            keys = [key for key in keys if key not in referred]
    return [key for key in keys if key not in options]


def undocumented(tree):
    """Rule: modules, and what is public in them, have docstrings.

    SpeechBrain asks this of its library and of every class there, and of
    methods whose name does not begin with an underscore.

    Example
    -------
    >>> tree = getfixture("tmp_path")
    >>> (tree / "tools").mkdir()
    >>> _ = (tree / "tools" / "nest.py").write_text("size = 1")
    >>> undocumented(tree)
    ['tools/nest.py: the module has no docstring']
    """
    problems = []
    for folder in DOCUMENTED:
        for path in sorted(tree.glob(f"{folder}/**/*.py")):
            if "__" in path.name:
                continue
            code = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(code):
                name = getattr(node, "name", "the module")
                is_class = isinstance(node, ast.ClassDef)
                documentable = (ast.Module, ast.ClassDef, ast.FunctionDef)
                if (
                    isinstance(node, documentable)
                    and (is_class or not name.startswith("_"))
                    and not ast.get_docstring(node)
                ):
                    where = path.relative_to(tree).as_posix()
                    problems.append(f"{where}: {name} has no docstring")
    return problems


def loose_requirements(tree):
    """Rule: extra requirements say from which version on.

    Example
    -------
    >>> tree = getfixture("tmp_path")
    >>> (tree / "recipes").mkdir()
    >>> _ = (tree / "recipes" / "extra_requirements.txt").write_text("pandas")
    >>> loose_requirements(tree)
    ["recipes/extra_requirements.txt: 'pandas' has no lower bound >="]
    """
    return [
        f"{path.relative_to(tree).as_posix()}: {line!r} has no lower bound >="
        for path in sorted(tree.glob("recipes/**/extra_requirements.txt"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if not re.fullmatch(r"[\w.-]+>=[\d.]+", line)
    ]


def dangling_links(tree):
    """Rule: symbolic links are relative and lead to something inside.

    Example
    -------
    >>> tree = getfixture("tmp_path")
    >>> (tree / "data").symlink_to("nowhere")
    >>> dangling_links(tree)
    ['data links to nowhere']
    """
    problems = []
    root = tree.resolve()
    for path in sorted(tree.rglob("*")):
        if path.is_symlink() and (
            path.readlink().is_absolute()
            or not path.exists()
            or root not in path.resolve().parents
        ):
            where = path.relative_to(tree).as_posix()
            problems.append(f"{where} links to {path.readlink()}")
    return problems


def large_files(tree):
    """Rule: no file is larger than the repository takes.

    Example
    -------
    >>> tree = getfixture("tmp_path")
    >>> _ = (tree / "weights.ckpt").write_bytes(bytes(2**21))
    >>> large_files(tree)
    ['weights.ckpt has more than 1024 kB']
    """
    return [
        f"{path.relative_to(tree).as_posix()} has more than {LARGEST_KB} kB"
        for path in _files(tree)
        if path.stat().st_size > LARGEST_KB * 1024
    ]


def untidy_text(tree):
    """Rule: no line of a text file ends in a space.

    Example
    -------
    >>> tree = getfixture("tmp_path")
    >>> _ = (tree / "notes.csv").write_text("a,b ")
    >>> untidy_text(tree)
    ['notes.csv has spaces at the end of a line']
    """
    problems = []
    for path in _files(tree):
        content = path.read_bytes()
        is_text = b"\0" not in content
        if is_text and re.search(rb"[ \t]+\r?$", content, re.M):
            where = path.relative_to(tree).as_posix()
            problems.append(f"{where} has spaces at the end of a line")
    return problems


def linted(tree):
    """Rule: ruff, yamllint and codespell find nothing.

    Example
    -------
    >>> tree = getfixture("tmp_path")
    >>> _ = (tree / "owl.py").write_text("import os")
    >>> len(linted(tree)) > 0
    True
    """
    suffixes = (".py", ".yaml", ".md", ".txt")
    return lint([path for path in _files(tree) if path.suffix in suffixes])


def _files(tree):
    """List all files of a tree once; those of Python and git are no part."""
    return [
        path
        for path in sorted(pathlib.Path(tree).rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and not {".git", "__pycache__"} & set(path.relative_to(tree).parts)
    ]


CONTRACTS = (
    unlisted_yamls,
    incomplete_rows,
    missing_files,
    missing_links,
    unread_keys,
    undocumented,
    loose_requirements,
    dangling_links,
    large_files,
    untidy_text,
    linted,
)


def broken_contracts(tree):
    """Check a tree that is laid out as SpeechBrain's.

    Arguments
    ---------
    tree : str or pathlib.Path
        Its root: an export, not a whole checkout, whose other recipes are not
        ours to judge.

    Returns
    -------
    list of str
        What breaks a rule, and which; empty when all is well.

    Example
    -------
    >>> tree = getfixture("tmp_path")
    >>> (tree / "data").symlink_to("nowhere")
    >>> broken_contracts(tree)
    ['dangling_links: data links to nowhere']
    """
    tree = pathlib.Path(tree)
    return [
        f"{contract.__name__}: {problem}"
        for contract in CONTRACTS
        for problem in contract(tree)
    ]
