"""Where everything goes in SpeechBrain's tree.

Parts that are of use beyond these recipes, and need nothing but PyTorch and
NumPy, go into the ``speechbrain`` package. The rest needs libraries that
SpeechBrain does not depend on, and stays in the folder of the recipe. There it
stands once, in the CREMA-D recipe; IEMOCAP's has symbolic links to it.
"""

import pathlib
from typing import NamedTuple

from data_prep.errors import EmoclustError

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ("data_prep", "emoclust_lobes")
SCRIPTS = ("train_contrastive", "train_ser")

# Modules that get another name, if they exist; all others keep theirs
_CONTRAST, _LOSS = "emoclust_lobes.contrast", "speechbrain.nnet.loss"
_HOMES = {
    "data_prep.corpora.cremad": "cremad_prepare",
    "data_prep.corpora.iemocap": "iemocap_prepare",
    f"{_CONTRAST}.losses": f"{_LOSS}.cluster_contrastive_loss",
    f"{_CONTRAST}.memory": f"{_LOSS}.embedding_memory",
    f"{_CONTRAST}.row_blocks": f"{_LOSS}.row_blocks",
    f"{_CONTRAST}.samplers": "speechbrain.dataio.cluster_sampler",
}
HOMES = {
    module: home
    for module, home in _HOMES.items()
    if (ROOT / f"{module.replace('.', '/')}.py").is_file()
}


class UpstreamError(EmoclustError):
    """Something cannot be exported."""


class Recipe(NamedTuple):
    """A corpus: as SpeechBrain calls it, as our YAML files do, its place."""

    dataset: str
    name: str
    data_folder: str  # in examples

    @property
    def folder(self):
        """Folder of the recipe."""
        return f"recipes/{self.dataset}/emotion_recognition/emoclust"

    @property
    def prepare(self):
        """Module that prepares the corpus."""
        return HOMES[f"data_prep.corpora.{self.name}"]

    @property
    def samples(self):
        """Folder of the sample data for its tests."""
        return f"tests/samples/emotion/{self.dataset}"


CREMAD = Recipe("CREMA-D", "cremad", "/data/CREMA-D")
IEMOCAP = Recipe("IEMOCAP", "iemocap", "/data/IEMOCAP_full_release")
RECIPES = (CREMAD, IEMOCAP)
SHARED = CREMAD.folder
# What each contribution brings: recipes and scripts. The later one holds the
# earlier one.
PULL_REQUESTS = {
    "cremad": ((CREMAD,), ("train_ser",)),
    "contrastive": (RECIPES, SCRIPTS),
}
# What our YAML files add to the name of the corpus, and theirs to the script's
KINDS = ("", "_wav2vec2")


def path_of(module):
    """Say where a module goes, whose name is that in SpeechBrain's tree."""
    path = f"{module.replace('.', '/')}.py"
    if module.startswith("speechbrain."):
        return path
    if module == CREMAD.prepare:
        return f"recipes/{CREMAD.dataset}/{path}"
    if module == IEMOCAP.prepare:  # SpeechBrain has one of this name above
        return f"{IEMOCAP.folder}/{path}"
    return f"{SHARED}/{path}"
