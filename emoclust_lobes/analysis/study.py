"""Everything that is measured, as tables, and the files that hold it."""

import pathlib
from typing import NamedTuple

import pandas
from data_prep.storage.files import replacing
from emoclust_lobes.analysis.across import cluster_pooled, probe
from emoclust_lobes.analysis.emotions import (
    confusion,
    match_clusters,
    separate_pairs,
    vary_utterances,
)
from emoclust_lobes.analysis.grid import (
    Grid,
    analyze_grid,
    pick,
    split_speakers,
)
from emoclust_lobes.analysis.listen import choose_utterances, link
from emoclust_lobes.analysis.maps import draw_maps
from emoclust_lobes.analysis.utterances import explain_missing
from emoclust_lobes.analysis.verdict import describe_clusters_of
from tqdm import tqdm


class Study(NamedTuple):
    """What was measured on a corpus; a dict has a table for each encoder."""

    title: str
    utterances: pandas.DataFrame  # of describe_utterances
    grid: Grid  # all clusterings
    algorithm: str  # of the clusters of maps, matches, pairs and examples
    k: int  # likewise
    places: dict  # per utterance: emotion, cluster, columns of draw_maps
    matches: dict  # speaker -> matches of match_clusters
    examples: dict  # of choose_utterances
    confusions: dict  # of confusion; like the next two empty without labels
    pairs: dict  # of separate_pairs
    sizes: dict  # of vary_utterances
    pooled: pandas.DataFrame  # of cluster_pooled, with a column encoder
    probes: pandas.DataFrame  # of probe, with a column encoder
    seen: frozenset  # speakers that the encoder of stage 1 was trained on
    missing: dict  # what could not be compared -> why

    @property
    def encoders(self):
        """Names of the embeddings, in order."""
        return list(self.places)

    @property
    def labeled(self):
        """Whether any emotion is known."""
        return "emotion" not in self.missing

    def default_rows(self, table, **values):
        """Rows of a table of the grid for the default algorithm and k."""
        return pick(table, algorithm=self.algorithm, k=self.k, **values)

    def verdict(self):
        """One sentence: what the clusters follow most."""
        how = (self.algorithm, self.k)
        clauses = [
            describe_clusters_of(self.grid.overall, self.grid.speakers, x, *how)
            for x in self.encoders
        ]
        return (
            f"Of the clusters inside each speaker of {self.title} "
            f"({self.algorithm}, k = {self.k}), {'; '.join(clauses)}."
        )


def run_study(
    title,
    utterances,
    vectors,
    algorithms,
    ks,
    default_k,
    n_seeds,
    n_init,
    n_permutations,
    seed,
    n_jobs,
    seen=frozenset(),
):
    """Measure everything on encoder -> embeddings, shape [n, dim]."""
    speakers = {x: split_speakers(utterances, y) for x, y in vectors.items()}
    grid = analyze_grid(
        speakers, algorithms, ks, n_seeds, n_init, n_permutations, seed, n_jobs
    )
    missing = explain_missing(utterances)
    how = (algorithms[0], default_k)
    by_speaker = utterances.groupby("spk_id", sort=True).indices
    emotions = utterances["emotion"].to_numpy(dtype=str)
    ids = utterances["ID"].to_numpy()
    # By encoder, each
    names = ("places", "matches", "examples", "confusions", "pairs", "sizes")
    tables: dict[str, dict] = {x: {} for x in names}
    pooled, probes = [], []
    for encoder, mine in tqdm(vectors.items(), "looking closer", unit="enc"):
        clusters = grid.clusters[(encoder, *how)]
        places = draw_maps(speakers[encoder], seed, n_jobs)
        tables["places"][encoder] = pandas.concat(
            [utterances[["ID", "spk_id", "emotion"]], places], axis=1
        ).assign(cluster=clusters)
        tables["matches"][encoder] = {
            name: match_clusters(emotions[rows], clusters[rows])
            for name, rows in by_speaker.items()
        }
        tables["examples"][encoder] = pandas.concat(
            [
                choose_utterances(x, ids[rows], clusters[rows])
                for x, rows in zip(speakers[encoder], by_speaker.values())
            ],
            ignore_index=True,
        )
        if "emotion" not in missing:
            tables["confusions"][encoder] = confusion(
                utterances, clusters, seed
            )
            tables["pairs"][encoder] = separate_pairs(utterances, clusters)
            tables["sizes"][encoder] = vary_utterances(
                utterances, mine, *how, n_init, seed, n_jobs
            )
        together = cluster_pooled(utterances, mine, default_k, n_init, seed)
        pooled.append(together.assign(encoder=encoder))
        linear = probe(utterances, mine, seed, n_jobs)
        probes.append(linear.assign(encoder=encoder))
    return Study(
        title=title,
        utterances=utterances,
        grid=grid,
        algorithm=algorithms[0],
        k=default_k,
        **tables,
        pooled=pandas.concat(pooled, ignore_index=True),
        probes=pandas.concat(probes, ignore_index=True),
        seen=frozenset(seen),
        missing=missing,
    )


def write_numbers(study, folder):
    """Write every number as CSV into a folder; return the files' names.

    Links to audio are relative to the folder above, where the page lies.
    """
    folder = pathlib.Path(folder)
    links = {
        row["ID"]: link(row, folder.parent)
        for _, row in study.utterances.iterrows()
    }
    confusions = {
        encoder: counts.rename_axis("emotion").reset_index()
        for encoder, (counts, _, _) in study.confusions.items()
    }
    tables = {
        "overall": study.grid.overall,
        "speakers": study.grid.speakers,
        "pooled": study.pooled,
        "probes": study.probes,
        "utterances": _stack(study.places),
        "examples": _stack(study.examples),
        "matching": _stack(confusions),
        "emotion_pairs": _stack(study.pairs),
        "number_of_utterances": _stack(study.sizes),
    }
    tables["examples"]["audio"] = tables["examples"]["ID"].map(links)
    names = []
    for name, table in tables.items():
        if not table.empty:
            names.append(f"{name}.csv")
            with replacing(folder / names[-1]) as stream:
                table.to_csv(stream, index=False, float_format="%.5f")
    return names


def _stack(tables):
    """One table of those of all encoders, the encoder in front."""
    parts = [y.assign(encoder=x) for x, y in tables.items()] or [
        pandas.DataFrame(columns=["encoder"])
    ]
    table = pandas.concat(parts, ignore_index=True)
    return table[["encoder", *table.columns.drop("encoder")]]
