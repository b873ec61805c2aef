"""Folders of a user's own corpus, and options to prepare and cluster it."""

import functools
import shutil

from case import Case, nothing, remove, sound, text

FOLDERS = functools.partial(Case, base="folders")

NO_FOLDER = (
    "--data_folder={folder} is not a folder: give that of the corpus\nWithout "
    "it: `make demo` in the repository of emoclust shows everything on "
    "synthetic speech"
)


def empty(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def a_file(folder):
    shutil.rmtree(folder)
    text(folder, "not a folder")


def same_sound(folder):
    """All recordings of a speaker are the same."""
    for path in folder.glob("*/*/*.wav"):
        first = folder / path.relative_to(folder).parts[0] / "happy/1.wav"
        if path != first:
            path.unlink()
            shutil.copyfile(first, path)


def one_utterance(folder):
    """Somebody without a label who says one thing."""
    sound(folder / "Zoe/unknown/1.wav")


CASES = [
    FOLDERS("a good corpus", nothing),
    FOLDERS("no folder", remove(""), NO_FOLDER.format(folder="{folder}")),
    FOLDERS("a file as folder", a_file, NO_FOLDER.format(folder="{folder}")),
    FOLDERS(
        "an empty folder",
        empty,
        "data_folder={folder} is not the folder of corpus that holds "
        "*/*/*; it holds nothing.",
    ),
    FOLDERS(
        "no folder given",
        nothing,
        "--data_folder= cannot be used: give text",
        options={"data_folder": ""},
    ),
    FOLDERS(
        "a list of folders",
        nothing,
        NO_FOLDER.format(folder="['{folder}']"),
        options={"data_folder": "['{folder}']"},
    ),
    FOLDERS(
        "pools that are a number",
        nothing,
        "The pool {here}/5 is no folder and no CSV file: pools is a list of "
        "'own', folders and CSV files.",
        options={"pools": 5},
    ),
    FOLDERS(
        "a fold that is no number",
        nothing,
        "--fold=one cannot be used: give a whole number from 1",
        options={"fold": "one"},
    ),
    FOLDERS(
        "an option that is none",
        nothing,
        "{yaml} has no option flod; did you mean --fold?",
        options={"flod": 1},
    ),
    Case(
        "more clusters than utterances",
        nothing,
        command="clusters",
        options={"n_clusters": 9},
    ),
    Case(
        "one cluster",
        nothing,
        "--n_clusters=1 cannot be used: give a whole number from 2, or silhouette",
        command="clusters",
        options={"n_clusters": 1},
    ),
    Case(
        "a speaker of one utterance",
        one_utterance,
        command="clusters",
        options={"classes": "[happy, sad]"},
    ),
    Case(
        "one recording under all names of a speaker",
        same_sound,
        command="clusters",
    ),
    Case(
        "an encoder nobody knows",
        nothing,
        "--speaker_encoder=ears cannot be used: give one of ecapa, "
        "xvector, resnet, campplus, ge2e, egemaps, stats, ssl, or some "
        "joined by +",
        command="clusters",
        options={"speaker_encoder": "ears"},
    ),
]
