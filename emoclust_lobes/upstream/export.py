"""Write the recipes as a tree that drops into a SpeechBrain checkout."""

import ast
import csv
import os
import pathlib
import re
import shutil

from data_prep.storage.files import replacing
from emoclust_lobes.upstream.errors import UpstreamError
from emoclust_lobes.upstream.imports import Modules, third_party
from emoclust_lobes.upstream.layout import (
    CREMAD,
    HOMES,
    KINDS,
    PACKAGES,
    PULL_REQUESTS,
    RECIPES,
    ROOT,
    SCRIPTS,
    SHARED,
    path_of,
)
from emoclust_lobes.upstream.lint import format_python
from emoclust_lobes.upstream.readme import make_readme
from emoclust_lobes.upstream.requirements import extra_requirements
from emoclust_lobes.upstream.rows import (
    make_row,
    needs_front_end,
    setup_script,
    with_rows,
)
from emoclust_lobes.upstream.yaml_parts import split_yaml

# How our errors say what to install, and how they say it there
_ADVICE = re.compile(r'pip install "emoclust\[\w+\]"')
_THEIR_ADVICE = "pip install -r extra_requirements.txt"
_COMMAND = re.compile(r"(train_\w+)\.py hparams/[a-z]+(_\w+)?\.yaml")


def make_tree(folder, pull_request="contrastive", root=ROOT):
    """Write everything but the sample data into a folder of its own.

    Arguments
    ---------
    folder : str or pathlib.Path
        New or empty.
    pull_request : str
        What is contributed: a key of ``PULL_REQUESTS``.
    root : str or pathlib.Path
        Our own tree.

    Raises
    ------
    UpstreamError
        When our tree cannot be exported.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> make_tree(folder, "cremad")
    >>> recipe = folder / "recipes/CREMA-D/emotion_recognition/emoclust"
    >>> (recipe / "train_ser.py").is_file()
    True
    """
    folder = pathlib.Path(folder)
    recipes, scripts = PULL_REQUESTS[pull_request]
    modules = Modules(pathlib.Path(root))
    if not (modules.root / f"{scripts[0]}.py").is_file():
        raise UpstreamError(
            f"{root} holds no {scripts[0]}.py: the recipes are exported from a "
            "checkout of emoclust, installed with pip install -e ."
        )
    files = {}
    for recipe in recipes:
        texts = _yamls(recipe, scripts, modules)
        rows = [
            make_row(recipe, script, name, text)
            for (script, name), text in texts.items()
        ]
        files[recipe.rows] = with_rows("", rows)
        files |= _recipe(recipe, scripts, texts, modules)
        files |= dict(setup_script(x) for x in rows if needs_front_end(x))
    files |= _shared(recipes, scripts, modules)
    files |= _requirements(recipes, files, modules)
    for name, text in files.items():
        with replacing(folder / name) as stream:
            stream.write(text)
        if text.startswith("#!"):
            (folder / name).chmod(0o755)
    for name, target in _links(recipes).items():
        beside = pathlib.Path(name).parent
        (folder / name).symlink_to(os.path.relpath(target, beside))
    format_python([folder / x for x in files if x.endswith(".py")])


def check_destination(destination):
    """Refuse a folder that is no place for an export.

    Arguments
    ---------
    destination : str or pathlib.Path
        A new or empty folder, or a SpeechBrain checkout without the recipes.

    Raises
    ------
    UpstreamError
        Saying what is there instead.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> check_destination(folder)
    >>> _ = (folder / "thesis.tex").write_text("")
    >>> check_destination(folder)
    Traceback (most recent call last):
    ...
    emoclust_lobes.upstream.errors.UpstreamError: ...
    """
    destination = pathlib.Path(destination)
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

    Arguments
    ---------
    tree : str or pathlib.Path
        From ``make_tree``.
    destination : str or pathlib.Path
        As for ``check_destination``.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "tree" / "recipes").mkdir(parents=True)
    >>> _ = (folder / "tree" / "recipes" / "README.md").write_text("Owls")
    >>> overlay(folder / "tree", folder / "checkout")
    >>> (folder / "checkout" / "recipes" / "README.md").read_text()
    'Owls'
    """
    tree, destination = pathlib.Path(tree), pathlib.Path(destination)
    merged = {}
    for path in tree.glob("tests/recipes/*.csv"):
        name = path.relative_to(tree)
        with open(path, newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        before = destination / name
        text = before.read_text(encoding="utf-8") if before.is_file() else ""
        merged[name] = with_rows(text, rows)
    shutil.copytree(tree, destination, symlinks=True, dirs_exist_ok=True)
    for name, text in merged.items():
        with replacing(destination / name) as stream:
            stream.write(text)


def _script(name, modules):
    return (modules.root / f"{name}.py").read_text(encoding="utf-8")


def _yaml(recipe, kind, modules):
    path = modules.root / "hparams" / f"{recipe.name}{kind}.yaml"
    return path.read_text(encoding="utf-8")


def _yamls(recipe, scripts, modules):
    """Return the YAML of each script and kind: (script, file name) -> text."""
    texts = {}
    for kind in KINDS:
        whole = _yaml(recipe, kind, modules)
        for script in scripts:
            code = _script(script, modules)
            needed = modules.needed({".py": code, ".yaml": whole})
            lobes = [modules.source(x) for x in needed]
            text = split_yaml(whole, code, lobes)
            name = f"{script}{kind}.yaml"
            for other in set(SCRIPTS) - set(scripts):
                text = re.sub(rf"# .*\b{other}\.py.*\n", "", text)
            texts[script, name] = _there(modules.moved_yaml(text), recipe)
    return texts


def _recipe(recipe, scripts, texts, modules):
    """Return what the folder of a recipe has of its own: path -> text."""
    files = {f"hparams/{name}": text for (_, name), text in texts.items()}
    for script in scripts:
        code = modules.moved_code(_script(script, modules))
        files[f"{script}.py"] = _there(code, recipe)
    files["README.md"] = make_readme(recipe, scripts, modules.root)
    return {f"{recipe.folder}/{name}": text for name, text in files.items()}


def _shared(recipes, scripts, modules):
    """Return all modules that the recipes need: path -> text."""
    texts = {f"{x}.py": _script(x, modules) for x in scripts}
    texts |= {
        f"{recipe.name}{kind}.yaml": _yaml(recipe, kind, modules)
        for recipe in recipes
        for kind in KINDS
    }
    files = {}
    for module in modules.needed(texts):
        code = modules.moved_code(modules.source(module))
        files[path_of(HOMES.get(module, module))] = _there(code, CREMAD)
        package = module.rpartition(".")[0]
        # Without its re-exports, which would drag everything in
        title = ast.get_docstring(ast.parse(modules.source(package))) or ""
        first = title.partition("\n\n")[0]
        files[path_of(f"{package}.__init__")] = f'"""{first}"""\n'
    return files


def _requirements(recipes, files, modules):
    """Return extra_requirements.txt of each recipe: path -> text."""
    code = [text for name, text in files.items() if name.endswith(".py")]
    own = {*PACKAGES, *(recipe.prepare for recipe in RECIPES)}
    setup = (modules.root / "setup.py").read_text(encoding="utf-8")
    text = extra_requirements(third_party(code) - own, setup)
    return {f"{x.folder}/extra_requirements.txt": text for x in recipes}


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
