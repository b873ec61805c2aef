"""Unlabeled pools: speech of many speakers for pretraining.

A pool is "own" (the training speakers of the corpus' fold), or as
:mod:`data_prep.pools.scans` reads it. Its manifest is in ``pools/<name>`` of the
fold's; the name, the folder's or file's, stands in front of IDs and speakers.
"""

import collections
import os
import pathlib
from typing import NamedTuple

from data_prep.errors import ManifestError, name_some
from data_prep.manifests.manifest import Source, read_manifest
from data_prep.manifests.preparation import prepare_manifest
from data_prep.manifests.summary import read_summary
from data_prep.pools.scans import scan_folder, scan_table
from data_prep.recordings.audio_files import file_size
from data_prep.recordings.copies import find_copies
from data_prep.recordings.tar_shards import name_audio
from data_prep.storage.files import fingerprint, read_json, write_json

OWN = "own"


class Pool(NamedTuple):
    """A pool's name, and the folder or CSV file that it comes from."""

    name: str
    path: pathlib.Path

    @property
    def data_root(self):
        """The folder that paths start from."""
        return self.path if self.path.is_dir() else self.path.parent


def name_pools(pools):
    """Name the external pools, in order, each in another way.

    Those whose base names are equal have as much of the path in front as tells
    them apart.
    """
    paths = [
        pathlib.Path(os.path.abspath(pathlib.Path(str(pool)).expanduser()))
        for pool in as_list(pools)
        if pool != OWN
    ]
    for path in paths:
        if not path.is_dir() and not (path.is_file() and path.suffix == ".csv"):
            raise ManifestError(
                f"The pool {path} is no folder and no CSV file: pools is a "
                f"list of {OWN!r}, folders and CSV files."
            )
    listed = [x for x in as_list(pools) if x == OWN]
    listed += [os.path.realpath(path) for path in paths]
    twice = [x for x, n in collections.Counter(listed).items() if n > 1]
    if twice:
        raise ManifestError(f"pools has {name_some(twice)} more than once.")

    names = [_name(path, 1) for path in paths]
    for depth in range(2, max((len(path.parts) for path in paths), default=0)):
        uses = collections.Counter(names)
        names = [
            name if uses[name] == 1 else _name(path, depth)
            for name, path in zip(names, paths, strict=True)
        ]
    if len(set(names)) < len(names):
        raise ManifestError(
            f"The pools {name_some(map(str, paths))} cannot be told apart by "
            "name: rename one."
        )
    return [Pool(*pair) for pair in zip(names, paths, strict=True)]


def as_list(pools):
    """List the pools, of which one may stand alone."""
    return list(pools) if isinstance(pools, list | tuple) else [pools]


def _name(path, depth):
    """Join the last parts of a path, all but a CSV's ending."""
    stem = path if path.is_dir() else path.with_suffix("")
    return "-".join(stem.parts[-depth:])


def prepare_pools(pools, data_folder, manifest_folder):
    """Write the manifests of all external ``pools`` that are not current.

    ``pools`` are "own" (prepared with the corpus), folders and CSV files. One
    that cannot be used, holds a recording that the fold validates or tests on,
    or one that another pool has under another speaker is a ManifestError.
    """
    scans = {
        pool: (scan_folder if pool.path.is_dir() else scan_table)(
            pool.path, pool.name
        )
        for pool in name_pools(pools)
    }
    own = _own_files(pools, data_folder, manifest_folder)
    if scans:
        _refuse_shared(scans, own, manifest_folder)
    # As the fold is, so that nothing tells them apart
    fold = read_summary(manifest_folder) if scans else {}
    trim_silence = fold.get("arguments", {}).get("trim_silence")
    for pool, scan in scans.items():
        prepare_manifest(
            corpus=pool.name,
            scan=scan,
            speakers=None,
            classes=(),
            data_folder=pool.data_root,
            manifest_folder=_pool_folder(manifest_folder, pool),
            details={"arguments": {"trim_silence": trim_silence}},
        )


def pool_sources(pools, data_folder, manifest_folder):
    """Return what stage 1 trains on: a Source for each of the ``pools``."""
    listed = as_list(pools)
    if not listed:
        raise ManifestError(
            f"pools is empty: list {OWN!r}, folders or CSV files."
        )
    external = iter(name_pools(pools))
    sources = []
    for pool in listed:
        if pool == OWN:
            folder, root = pathlib.Path(manifest_folder), data_folder
        else:
            named = next(external)
            folder = _pool_folder(manifest_folder, named)
            root = named.data_root
        sources.append(Source(str(folder / "pool.csv"), str(root)))
    return sources


def fold_sources(pools, data_folder, manifest_folder):
    """Return what is embedded and clustered: pools, valid.csv if any, test.csv."""
    return [
        *pool_sources(pools, data_folder, manifest_folder),
        *_held_out(data_folder, manifest_folder),
    ]


def _pool_folder(manifest_folder, pool):
    return pathlib.Path(manifest_folder) / "pools" / pool.name


def _held_out(data_folder, manifest_folder):
    summary = read_summary(manifest_folder)
    return [
        Source(str(pathlib.Path(manifest_folder) / name), str(data_folder))
        for name in ("valid.csv", "test.csv")
        if name in summary["files"]
    ]


def _own_files(pools, data_folder, manifest_folder):
    """List what no external pool may hold: (path, which CSV of the fold)."""
    sources = _held_out(data_folder, manifest_folder)
    if OWN in as_list(pools):
        folder = pathlib.Path(manifest_folder)
        sources.append(Source(str(folder / "pool.csv"), str(data_folder)))
    return {
        (wav, os.path.basename(source.csv))
        for source in sources
        for wav in read_manifest(source)["wav"]
    }


def _refuse_shared(scans, own, manifest_folder):
    """Raise when a pool holds a recording that is elsewhere, under any name."""
    owned = {
        (f"{pool.data_root}/{utterance.wav}", str(pool.path))
        for pool, scan in scans.items()
        for utterance in scan.utterances
    }
    owned.update(own)
    note = pathlib.Path(manifest_folder) / "pools" / ".compared.json"
    key = fingerprint(sorted(ascii((x, file_size(x[0]))) for x in owned))
    if read_json(note) == key:
        return
    groups = find_copies(owned)
    if groups:
        told = [
            " is ".join(f"{name_audio(x)} ({owner})" for x, owner in group)
            for group in groups
        ]
        raise ManifestError(
            f"{len(groups):,} recordings of the pools are elsewhere, too: "
            f"{name_some(told, 5)}. Pretraining must not hear what is "
            "validated or tested on, nor one speaker under two names: take "
            "them out of the pool (delete the file there, or its row), or the "
            "pool out of the list."
        )
    write_json(note, key)
