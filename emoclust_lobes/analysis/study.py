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
from emoclust_lobes.analysis.grid import Grid, analyze_grid, split_speakers
from emoclust_lobes.analysis.listen import choose_utterances, link
from emoclust_lobes.analysis.maps import draw_maps
from emoclust_lobes.analysis.utterances import explain_missing
from emoclust_lobes.analysis.verdict import describe_clusters_of
from tqdm import tqdm


class Study(NamedTuple):
    """What was measured on a corpus; a dict has a table for each encoder.

    Arguments
    ---------
    title : str
        Name of the corpus.
    utterances : pandas.DataFrame
        From ``describe_utterances``.
    grid : Grid
        All clusterings.
    algorithm : str
        Of the clusters that maps, matches, pairs and examples are about.
    k : int
        Likewise.
    places : dict
        Per utterance: ``ID, spk_id, emotion, cluster`` and the columns of
        ``draw_maps``.
    matches : dict
        Speaker -> matches of ``match_clusters``.
    examples : dict
        Tables of ``choose_utterances``.
    confusions, pairs, sizes : dict
        See ``confusion``, ``separate_pairs`` and ``vary_utterances``; empty
        without labels.
    pooled, probes : pandas.DataFrame
        See ``cluster_pooled`` and ``probe``, with a column ``encoder``.
    heard : frozenset
        Speakers whom the encoder of stage 1 was trained on.
    missing : dict
        What could not be compared -> why.

    Example
    -------
    >>> from emoclust_lobes.synthetic.study import made_up_study
    >>> study = made_up_study()
    >>> study.encoders, study.labeled, study.k
    (['planted'], True, 3)
    """

    title: str
    utterances: pandas.DataFrame
    grid: Grid
    algorithm: str
    k: int
    places: dict
    matches: dict
    examples: dict
    confusions: dict
    pairs: dict
    sizes: dict
    pooled: pandas.DataFrame
    probes: pandas.DataFrame
    heard: frozenset
    missing: dict

    @property
    def encoders(self):
        """Names of the embeddings, in order."""
        return list(self.places)

    @property
    def labeled(self):
        """Whether any emotion is known."""
        return "emotion" not in self.missing

    def reference(self, table):
        """Rows of a table of the grid for the reference algorithm and k."""
        return table[
            (table["algorithm"] == self.algorithm) & (table["k"] == self.k)
        ]

    def verdict(self):
        """One sentence: what the clusters follow most."""
        clauses = [
            describe_clusters_of(
                self.grid.overall,
                self.grid.speakers,
                encoder,
                self.algorithm,
                self.k,
            )
            for encoder in self.encoders
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
    reference_k,
    n_seeds,
    n_init,
    n_permutations,
    seed,
    n_jobs,
    heard=frozenset(),
):
    """Measure everything.

    Arguments
    ---------
    title : str
        Name of the corpus.
    utterances : pandas.DataFrame
        From ``describe_utterances``.
    vectors : dict
        Encoder -> embeddings, shape [n, dim].
    algorithms, ks, n_seeds, n_init, n_permutations, seed, n_jobs
        See ``analyze_grid``; the first algorithm is the reference.
    reference_k : int
        One of ``ks``.
    heard : frozenset
        See ``Study``.

    Returns
    -------
    Study

    Example
    -------
    >>> from emoclust_lobes.synthetic.study import make_table, plant
    >>> table = make_table()
    >>> study = run_study(
    ...     title="Made-up",
    ...     utterances=table,
    ...     vectors={"planted": plant(table)},
    ...     algorithms=["ward"],
    ...     ks=[3],
    ...     reference_k=3,
    ...     n_seeds=2,
    ...     n_init=1,
    ...     n_permutations=9,
    ...     seed=1,
    ...     n_jobs=1,
    ... )
    >>> study.confusions["planted"][1]
    1.0
    """
    speakers = {x: split_speakers(utterances, y) for x, y in vectors.items()}
    grid = analyze_grid(
        speakers, algorithms, ks, n_seeds, n_init, n_permutations, seed, n_jobs
    )
    missing = explain_missing(utterances)
    how = (algorithms[0], reference_k)
    by_speaker = utterances.groupby("spk_id", sort=True).indices
    # By encoder, each
    tables: dict[str, dict] = {x: {} for x in ("places", "matches", "examples")}
    labeled: dict[str, dict] = {x: {} for x in ("confusions", "pairs", "sizes")}
    pooled, probes = [], []
    for encoder, mine in tqdm(vectors.items(), "looking closer", unit="enc"):
        clusters = grid.clusters[(encoder, *how)]
        places = draw_maps(speakers[encoder], seed, n_jobs)
        tables["places"][encoder] = pandas.concat(
            [utterances[["ID", "spk_id", "emotion"]], places], axis=1
        ).assign(cluster=clusters)
        emotions = utterances["emotion"].to_numpy(dtype=str)
        tables["matches"][encoder] = {
            name: match_clusters(emotions[rows], clusters[rows])
            for name, rows in by_speaker.items()
        }
        ids = utterances["ID"].to_numpy()
        tables["examples"][encoder] = pandas.concat(
            [
                choose_utterances(x, ids[rows], clusters[rows])
                for x, rows in zip(speakers[encoder], by_speaker.values())
            ],
            ignore_index=True,
        )
        if "emotion" not in missing:
            labeled["confusions"][encoder] = confusion(
                utterances, clusters, seed
            )
            labeled["pairs"][encoder] = separate_pairs(utterances, clusters)
            labeled["sizes"][encoder] = vary_utterances(
                utterances, mine, *how, n_init, seed, n_jobs
            )
        together = cluster_pooled(utterances, mine, reference_k, n_init, seed)
        pooled.append(together.assign(encoder=encoder))
        linear = probe(utterances, mine, seed, n_jobs)
        probes.append(linear.assign(encoder=encoder))
    return Study(
        title=title,
        utterances=utterances,
        grid=grid,
        algorithm=algorithms[0],
        k=reference_k,
        **tables,
        **labeled,
        pooled=pandas.concat(pooled, ignore_index=True),
        probes=pandas.concat(probes, ignore_index=True),
        heard=frozenset(heard),
        missing=missing,
    )


def write_numbers(study, folder):
    """Write every number as CSV.

    Arguments
    ---------
    study : Study
        What was measured.
    folder : str or pathlib.Path
        Where to; links to audio are relative to the folder above.

    Returns
    -------
    list of str
        Names of the files.

    Example
    -------
    >>> from emoclust_lobes.synthetic.study import made_up_study
    >>> study = made_up_study()
    >>> names = write_numbers(study, getfixture("tmp_path") / "numbers")
    >>> names[:2]
    ['overall.csv', 'speakers.csv']
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
