"""Where everything goes in SpeechBrain's tree.

Parts that are of use beyond these recipes, and need nothing but PyTorch and
NumPy, go into the ``speechbrain`` package. The rest needs libraries that
SpeechBrain does not depend on, and stays in the folder of the recipe. There it
stands once, in the CREMA-D recipe; IEMOCAP's has symbolic links to it.
"""

import pathlib
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ("data_prep", "emoclust_lobes")
SCRIPTS = ("train_contrastive", "train_ser")
SAMPLES = "tests/samples/emotion"
SETUP = "tests/recipes/setup"

# Modules that get another name; all others keep theirs.
HOMES = {
    "data_prep.corpora.cremad": "cremad_prepare",
    "data_prep.corpora.iemocap": "iemocap_prepare",
    "emoclust_lobes.contrast.losses": "speechbrain.nnet.loss.cluster_contrastive_loss",
    "emoclust_lobes.contrast.row_blocks": "speechbrain.nnet.loss.row_blocks",
    "emoclust_lobes.contrast.samplers": "speechbrain.dataio.cluster_sampler",
}


class Recipe(NamedTuple):
    """A corpus, here and in SpeechBrain's tree.

    Arguments
    ---------
    dataset : str
        As SpeechBrain calls it.
    name : str
        As our modules and YAML files call it.
    data_folder : str
        Where the corpus lies in examples.

    Example
    -------
    >>> CREMAD.folder
    'recipes/CREMA-D/emotion_recognition/emoclust'
    >>> CREMAD.prepare
    'cremad_prepare'
    """

    dataset: str
    name: str
    data_folder: str

    @property
    def folder(self):
        """Folder of the recipe."""
        return f"recipes/{self.dataset}/emotion_recognition/emoclust"

    @property
    def prepare(self):
        """Module that prepares the corpus."""
        return HOMES[f"data_prep.corpora.{self.name}"]

    @property
    def rows(self):
        """File with the rows of the recipe's tests."""
        return f"tests/recipes/{self.dataset}.csv"


CREMAD = Recipe("CREMA-D", "cremad", "/data/CREMA-D")
IEMOCAP = Recipe("IEMOCAP", "iemocap", "/data/IEMOCAP_full_release")
RECIPES = (CREMAD, IEMOCAP)
SHARED = CREMAD.folder
# What each contribution brings: recipes and scripts. The later ones hold the
# earlier ones.
PULL_REQUESTS = {
    "cremad": ((CREMAD,), ("train_ser",)),
    "contrastive": (RECIPES, SCRIPTS),
}
# Ending of our YAML's name -> ending there
KINDS = {"": "", "_wav2vec2": "_wav2vec2"}


def path_of(module):
    """Say where a module goes.

    Arguments
    ---------
    module : str
        Its name there, as ``HOMES`` gives it.

    Returns
    -------
    str
        Relative to the root of the tree.

    Example
    -------
    >>> path_of("speechbrain.dataio.cluster_sampler")
    'speechbrain/dataio/cluster_sampler.py'
    >>> path_of("cremad_prepare")
    'recipes/CREMA-D/cremad_prepare.py'
    >>> path_of("data_prep.storage.files").rpartition("emoclust/")[2]
    'data_prep/storage/files.py'
    """
    for recipe in RECIPES:
        if module == recipe.prepare:
            return _prepare_path(recipe)
    path = f"{module.replace('.', '/')}.py"
    is_core = module.startswith("speechbrain.")
    return path if is_core else f"{SHARED}/{path}"


def _prepare_path(recipe):
    """SpeechBrain has an iemocap_prepare.py already: ours stays inside."""
    above = f"recipes/{recipe.dataset}" if recipe is CREMAD else recipe.folder
    return f"{above}/{recipe.prepare}.py"
