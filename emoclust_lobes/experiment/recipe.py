"""Lay out a recipe: the two scripts and the YAML of an experiment.

In a checkout they lie where they are written; an installed emoclust has copies
of them, which ``setup.py`` makes when a wheel is built.
"""

import difflib
import pathlib
import shlex
import shutil

from data_prep.errors import EmoclustError

PACKAGE = pathlib.Path(__file__).parents[1]
# Of a wheel, or of a checkout
SOURCES = (PACKAGE / "recipes_data", PACKAGE.parent)
SCRIPTS = ("train_contrastive.py", "train_ser.py")
# What `emoclust protocol` and `crosscorpus` read beside a YAML
BESIDE = ("systems.yaml", "crosscorpus.yaml")


class RecipeError(EmoclustError):
    """A recipe that there is not, or that cannot be laid there."""


def add_arguments(parser):
    """Declare which recipe, and where to."""
    parser.add_argument(
        "recipe",
        metavar="RECIPE",
        nargs="?",
        help="such as ravdess or ravdess_wav2vec2; without it, all are listed",
    )
    parser.add_argument(
        "folder", metavar="DEST", nargs="?", help="folder that gets the files"
    )


def run(options):
    """List the recipes, or lay one out and say how to go on."""
    if options.recipe is None:
        titles = find_recipes()
        width = max(map(len, titles))
        return "\n".join(f"{x:<{width}}  {titles[x]}" for x in titles)
    if options.folder is None:
        find_recipe(options.recipe)
        raise RecipeError(
            "say where the files go: emoclust recipe "
            f"{options.recipe} {options.recipe}"
        )
    folder = pathlib.Path(options.folder).expanduser()
    files = lay_out(options.recipe, folder)
    return "\n".join(
        [
            f"{folder}: {', '.join(files)}",
            f"cd {shlex.quote(str(folder))}; python train_ser.py hparams/{options.recipe}.yaml "
            "--help",
        ]
    )


def lay_out(recipe, folder):
    """Copy one of ``find_recipes`` into a folder that has none of its files.

    Returns their paths, relative to the folder.
    """
    source, folder = find_recipe(recipe), pathlib.Path(folder)
    files = [*SCRIPTS, *(f"hparams/{x}" for x in (f"{recipe}.yaml", *BESIDE))]
    there = [x for x in files if (folder / x).exists()]
    if there:
        raise RecipeError(
            f"{folder} holds {', '.join(there)} already: give another folder, "
            "or move these away"
        )
    (folder / "hparams").mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(source / file, folder / file)
    return files


def find_recipe(recipe):
    """Return the folder that holds a recipe, or name those that there are."""
    titles = find_recipes()
    if recipe not in titles:
        nearest_first = difflib.get_close_matches(
            recipe, titles, n=len(titles), cutoff=0
        )
        raise RecipeError(
            f"there is no recipe {recipe!r}: choose from "
            f"{', '.join(nearest_first)}"
        )
    return _source()


def find_recipes():
    """Map the names of the recipes to what their YAMLs say they are."""
    found = {}
    for path in sorted(_source().glob("hparams/*.yaml")):
        if path.name not in BESIDE:
            lines = path.read_text(encoding="utf-8").splitlines()
            found[path.stem] = lines[2].removeprefix("# ")
    return found


def _source():
    for folder in SOURCES:
        if all((folder / script).is_file() for script in SCRIPTS):
            return folder
    raise RecipeError(
        f"neither {SOURCES[0]} nor {SOURCES[1]} holds {' and '.join(SCRIPTS)}: "
        "install emoclust again"
    )
