"""The manifests of a fold and its pools, as the steps of a run ask for them."""

import pathlib

from data_prep.manifests.manifest import Source
from data_prep.pools.preparation import (
    OWN,
    as_list,
    fold_sources,
    pool_sources,
    prepare_pools,
)


class Sources:
    """The manifests of a fold and its pools, as a YAML names them once.

    The arguments are those of :func:`prepare_pools`.

    Example
    -------
    >>> sources = Sources(["own"], "/data/RAVDESS", "fold_1")
    >>> sources.of_pools()[0].csv
    'fold_1/pool.csv'
    """

    def __init__(self, pools, data_folder, manifest_folder):
        self.pools = pools
        self.folders = (data_folder, manifest_folder)

    @property
    def has_own(self):
        """Whether the fold's training speakers are a pool, too."""
        return OWN in as_list(self.pools)

    def prepare_pools(self):
        """Write the manifests of all external pools that are not current."""
        prepare_pools(self.pools, *self.folders)

    def of_pools(self):
        """Return what stage 1 trains on, as :func:`pool_sources`."""
        return pool_sources(self.pools, *self.folders)

    def of_splits(self, splits):
        """Return the CSVs of these splits that the fold has."""
        folder = pathlib.Path(self.folders[1])
        paths = [folder / f"{split}.csv" for split in splits]
        return [Source(str(x), self.folders[0]) for x in paths if x.exists()]

    def of_fold(self):
        """Return what is embedded and clustered, as :func:`fold_sources`."""
        return fold_sources(self.pools, *self.folders)

    def labeled(self):
        """Return what stage 2 hears: the fold without external pools."""
        return fold_sources([OWN], *self.folders)
