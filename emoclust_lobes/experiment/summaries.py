"""What the steps before training have made, in words and numbers."""

import pathlib

import pandas
from data_prep.manifests.manifest import read_manifests
from data_prep.manifests.summary import read_summary
from data_prep.storage.files import read_json
from emoclust_lobes.clustering.report import CONFOUNDS, MEASURES
from emoclust_lobes.embeddings.cache import cache_path, read_cache
from emoclust_lobes.embeddings.joined import split_encoders


def describe_manifests(manifest_folder):
    """Tell what a fold's manifests and those of its pools hold.

    Arguments
    ---------
    manifest_folder : str or pathlib.Path
        Where they were written.

    Returns
    -------
    str
        Utterances by split and class, and what was left out and why.

    Example
    -------
    >>> from data_prep import prepare_ravdess
    >>> from emoclust_lobes.synthetic import make_ravdess
    >>> folder = getfixture("tmp_path")
    >>> sizes = {"n_speakers": 3, "n_statements": 1, "n_repetitions": 1}
    >>> corpus, _ = folder / "corpus", make_ravdess(folder / "corpus", **sizes)
    >>> prepare_ravdess(corpus, folder / "fold", expect_complete=False)
    >>> print(describe_manifests(folder / "fold").splitlines()[0])
    RAVDESS: utterances by split and class
    """
    folder = pathlib.Path(manifest_folder)
    pools = sorted(folder.glob("pools/**/manifest.json"))
    parts = [
        _describe_manifest(x) for x in (folder, *(p.parent for p in pools))
    ]
    return "\n\n".join(parts)


def _describe_manifest(folder):
    summary = read_summary(folder)
    classes = summary["classes"]
    rows = {}
    for split, counts in summary["counts"].items():
        speakers = set().union(*counts.values())
        per_class = {x: sum(counts.get(x, {}).values()) for x in classes}
        rows[split] = {
            **per_class,
            "unlabeled": sum(counts.get("", {}).values()),
            "all": summary["utterances"][split],
            "speakers": len(speakers),
            "hours": f"{summary['seconds'][split] / 3600:.2f}",
        }
    lines = [
        f"{summary['corpus']}: utterances by split and class",
        pandas.DataFrame.from_dict(rows, orient="index").to_string(),
    ]
    for reason, count in summary["dropped"].items():
        lines.append(f"left out: {count:,} ({reason})")
    for reason, count in summary["unlabeled"].items():
        lines.append(f"unlabeled: {count:,} ({reason})")
    return "\n".join([*lines, f"manifests: {folder}"])


def describe_embeddings(sources, embedding_folder, encoder):
    """Tell how many vectors there are, of what, and where.

    Arguments
    ---------
    sources : list of (str, str)
        Manifests and the folders their ``$data_root`` stands for.
    embedding_folder : str or pathlib.Path
        Where the caches lie.
    encoder : str
        Name of the speaker encoder.

    Returns
    -------
    str

    Example
    -------
    >>> from emoclust_lobes.synthetic.noise import make_noise
    >>> folder = getfixture("tmp_path")
    >>> sources = make_noise(folder, [8000, 16000])
    >>> from emoclust_lobes.embeddings.extraction import embed_utterances
    >>> embed_utterances(sources, folder, "stats")
    >>> print(describe_embeddings(sources, folder, "stats").splitlines()[0])
    2 utterances embedded in 160 dimensions
    """
    cache = read_cache(embedding_folder, encoder)
    identity = ", ".join(f"{k} {v}" for k, v in cache.identity.items())
    folders = ", ".join(
        str(cache_path(embedding_folder, name))
        for name in split_encoders(encoder)
    )
    return (
        f"{len(read_manifests(sources)):,} utterances embedded in "
        f"{cache.dim} dimensions\n"
        f"encoder: {identity}\n"
        f"cache: {folders} ({len(cache):,} vectors)"
    )


def describe_clusters(cluster_folder):
    """Tell how good the clusters of a folder are and what they follow.

    Arguments
    ---------
    cluster_folder : str or pathlib.Path
        Where ``clusters.json`` lies.

    Returns
    -------
    str

    Example
    -------
    >>> from emoclust_lobes.clustering.clusters import cluster_utterances
    >>> from emoclust_lobes.embeddings.extraction import embed_utterances
    >>> from emoclust_lobes.synthetic.noise import make_noise
    >>> folder = getfixture("tmp_path")
    >>> sources = make_noise(folder, range(8000, 16000, 1000))
    >>> embed_utterances(sources, folder, "stats")
    >>> _ = cluster_utterances(sources, folder, "stats", folder / "c", 2)
    >>> describe_clusters(folder / "c").partition(" of 2 speakers")[0]
    '4 clusters of 8 utterances'
    """
    folder = pathlib.Path(cluster_folder)
    report = read_json(folder / "clusters.json")
    mean, speakers_with = report["mean"], report["speakers_with"]
    lines = [
        f"{report['clusters']:,} clusters of {report['utterances']:,} "
        f"utterances of {len(report['speakers']):,} speakers "
        f"({report['algorithm']}, {report['encoder']['name']}); "
        f"{report['short_speakers']:,} speakers have too few utterances for "
        f"n_clusters {report['n_clusters']}",
        "",
        f"{'mean over speakers':<28}{'clusters':>9}{'chance':>9}{'speakers':>9}",
    ]

    emotion = mean["emotion"] or {"chance": {}}
    rows = [
        (
            f"{name if name == 'purity' else name.upper()} with emotion",
            emotion.get(name),
            emotion["chance"].get(name),
            "emotion",
        )
        for name in MEASURES
    ]
    rows += [
        (title, mean[key], None, key)
        for title, key in [
            ("stability (AMI of two seeds)", "stability_ami"),
            ("silhouette (cosine)", "silhouette"),
            *((f"AMI with {name}", f"{name}_ami") for name in CONFOUNDS),
        ]
    ]
    for title, value, chance, key in rows:
        numbers = ["-" if x is None else f"{x:.3f}" for x in (value, chance)]
        columns = [f"{x:>9}" for x in (*numbers, speakers_with[key])]
        lines.append(f"{title:<28}{''.join(columns)}")
    lines += [
        "(AMI and ARI are 0 by chance; -: not known, or the same for all "
        "utterances of a speaker)",
        "",
        f"clusters: {folder / 'clusters.csv'}",
        f"report, every speaker: {folder / 'clusters.json'}",
    ]
    return "\n".join(lines)
