"""Write the recipes as a tree that drops into a SpeechBrain checkout."""

import ast
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from data_prep.storage.files import replacing

from recipes.upstream.imports import Modules, extra_requirements, third_party
from recipes.upstream.layout import (
    CREMAD,
    HOMES,
    KINDS,
    PACKAGES,
    PULL_REQUESTS,
    RECIPES,
    ROOT,
    SCRIPTS,
    SHARED,
    UpstreamError,
    path_of,
)
from recipes.upstream.readme import make_readme
from recipes.upstream.rows import (
    make_row,
    read_rows,
    setup_scripts,
    with_rows,
    write_samples,
)
from recipes.upstream.yaml_parts import split_yaml

# How our errors say what to install, and how they say it there
_ADVICE = re.compile(r'pip install "emoclust\[\w+\]"')
_THEIR_ADVICE = "pip install -r extra_requirements.txt"
_COMMAND = re.compile(r"(train_\w+)\.py hparams/[a-z]+(_\w+)?\.yaml")
_MODULES = Modules(ROOT)


def export(destination, pull_request):
    """Write a contribution into a folder; return the number of its files.

    Where anything is wrong, nothing is written.
    """
    check_destination(destination)
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder, "tree")
        make_tree(tree, pull_request)
        recipes, _ = PULL_REQUESTS[pull_request]
        write_samples(tree, recipes)
        overlay(tree, destination)
        return sum(path.is_file() for path in tree.rglob("*"))


def make_tree(folder, pull_request):
    """Write everything but the sample data into a new or empty folder."""
    recipes, scripts = PULL_REQUESTS[pull_request]
    files = {}
    for recipe in recipes:
        texts = _yamls(recipe, scripts)
        rows = [
            make_row(recipe, script, name, text)
            for (script, name), text in texts.items()
        ]
        files[f"tests/recipes/{recipe.dataset}.csv"] = with_rows("", rows)
        files |= _recipe(recipe, scripts, texts)
        files |= setup_scripts(rows)
    files |= _shared(recipes, scripts)
    code = [text for name, text in files.items() if name.endswith(".py")]
    own = {*PACKAGES, *(recipe.prepare for recipe in RECIPES)}
    requirements = extra_requirements(
        third_party(code) - own, _source("setup.py")
    )
    for recipe in recipes:
        files[f"{recipe.folder}/extra_requirements.txt"] = requirements
    for name, text in files.items():
        with replacing(folder / name) as stream:
            stream.write(text)
        if text.startswith("#!"):
            (folder / name).chmod(0o755)
    _format(folder)
    for name, target in _links(recipes).items():
        beside = pathlib.Path(name).parent
        (folder / name).symlink_to(os.path.relpath(target, beside))


def check_destination(destination):
    """Refuse what is no new folder, nor a checkout without the recipes."""
    if destination.is_file():
        raise UpstreamError(f"{destination} is a file: give a new folder")
    is_checkout = (destination / "speechbrain" / "version.txt").is_file()
    if destination.exists() and any(destination.iterdir()) and not is_checkout:
        raise UpstreamError(
            f"{destination} holds something, and it is no SpeechBrain checkout "
            "(no speechbrain/version.txt): give a new folder, or a checkout"
        )
    for recipe in RECIPES:
        if (destination / recipe.folder).exists():
            raise UpstreamError(
                f"{destination / recipe.folder} is there already: remove it, "
                "or give another folder"
            )


def overlay(tree, destination):
    """Lay an exported tree over a checkout, or into a new folder.

    Rows of recipe tests are added to those that are there; other files of the
    tree take the place of those of the same name.
    """
    merged = {}
    for path in tree.glob("tests/recipes/*.csv"):
        before = destination / path.relative_to(tree)
        text = before.read_text(encoding="utf-8") if before.is_file() else ""
        merged[before] = with_rows(text, read_rows(path))
    shutil.copytree(tree, destination, symlinks=True, dirs_exist_ok=True)
    for path, text in merged.items():
        with replacing(path) as stream:
            stream.write(text)


def _source(name):
    return (ROOT / name).read_text(encoding="utf-8")


def _yaml(recipe, kind):
    return _source(f"hparams/{recipe.name}{kind}.yaml")


def _yamls(recipe, scripts):
    """Return the YAML of each script and kind: (script, file name) -> text."""
    texts = {}
    for kind in KINDS:
        whole = _yaml(recipe, kind)
        for script in scripts:
            code = _source(f"{script}.py")
            needed = _MODULES.needed({".py": code, ".yaml": whole})
            lobes = [_MODULES.source(x) for x in needed]
            text = split_yaml(whole, code, lobes)
            for other in set(SCRIPTS) - set(scripts):
                text = re.sub(rf"# .*\b{other}\.py.*\n", "", text)
            text = _there(_MODULES.moved_yaml(text), recipe)
            texts[script, f"{script}{kind}.yaml"] = text
    return texts


def _recipe(recipe, scripts, texts):
    """Return what the folder of a recipe has of its own: path -> text."""
    files = {f"hparams/{name}": text for (_, name), text in texts.items()}
    for script in scripts:
        code = _MODULES.moved_code(_source(f"{script}.py"))
        files[f"{script}.py"] = _there(code, recipe)
    files["README.md"] = make_readme(recipe, scripts)
    return {f"{recipe.folder}/{name}": text for name, text in files.items()}


def _shared(recipes, scripts):
    """Return all modules that the recipes need: path -> text."""
    texts = {f"{x}.py": _source(f"{x}.py") for x in scripts}
    for recipe in recipes:
        for kind in KINDS:
            texts[f"{recipe.name}{kind}.yaml"] = _yaml(recipe, kind)
    files = {}
    for module in _MODULES.needed(texts):
        code = _MODULES.moved_code(_MODULES.source(module))
        files[path_of(HOMES.get(module, module))] = _there(code, CREMAD)
        package = module.rpartition(".")[0]
        beside = pathlib.Path(*package.split("."), "templates")
        for path in sorted((ROOT / beside).glob("*")):
            if path.name in code:
                text = path.read_text(encoding="utf-8")
                files[f"{SHARED}/{beside / path.name}"] = text
        # Without its face, which would drag everything in
        title = ast.get_docstring(ast.parse(_MODULES.source(package))) or ""
        first = title.partition("\n\n")[0]
        files[path_of(f"{package}.__init__")] = f'"""{first}"""\n'
    return files


def _links(recipes):
    """Return what stands once and is seen twice: path of a link -> target."""
    links = {
        f"{recipe.folder}/{package}": f"{SHARED}/{package}"
        for recipe in recipes
        for package in PACKAGES
        if recipe is not CREMAD
    }
    prepare = f"{CREMAD.prepare}.py"
    return {**links, f"{SHARED}/{prepare}": path_of(CREMAD.prepare)}


def _there(text, recipe):
    """Rewrite commands in a text as they are given in SpeechBrain's tree."""
    text = _COMMAND.sub(r"\1.py hparams/\1\2.yaml", text)
    text = _ADVICE.sub(_THEIR_ADVICE, text)
    for other in RECIPES:
        text = text.replace(
            f"--data_folder={other.data_folder}",
            f"--data_folder={recipe.data_folder}",
        )
    return text


def _format(tree):
    """Sort the imports of Python files and format them, as SpeechBrain does."""
    settings = ["--config", str(ROOT / "pyproject.toml")]
    # It does not know our packages, and its oldest Python is older
    settings += ["--config", "lint.isort.known-third-party = []"]
    settings += ["--target-version", "py38", "--no-cache"]
    for command in (["check", "--fix", "--select=I"], ["format"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *settings, "."],
            capture_output=True,
            text=True,
            cwd=tree,
        )
        if done.returncode:
            raise UpstreamError(
                f"ruff cannot format the recipes:\n{done.stdout}{done.stderr}"
            )
