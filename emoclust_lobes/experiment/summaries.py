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
    """Tell what a fold's manifests and those of its pools hold."""
    folder = pathlib.Path(manifest_folder)
    pools = sorted(folder.glob("pools/**/manifest.json"))
    folders = [folder, *(path.parent for path in pools)]
    return "\n\n".join(map(_describe_manifest, folders))


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
    lines += _describe_annotations(summary.get("annotations", {}))
    for reason, count in summary["dropped"].items():
        lines.append(f"left out: {count:,} ({reason})")
    for reason, count in summary["unlabeled"].items():
        lines.append(f"unlabeled: {count:,} ({reason})")
    return "\n".join([*lines, f"manifests: {folder}"])


def _describe_annotations(found):
    """Tell how many votes there are, how often they tie, and what is rated."""
    rows: dict[str, dict[str, str]] = {}
    for split, by_column in found.get("splits", {}).items():
        for name, x in by_column.items():
            if name == "votes":
                tied = x["without_plurality"] / x["utterances"]
                text = f"{x['mean']:.1f}, {tied:.1%} without a plurality"
            else:
                text = f"{x['mean']:.2f} ({x['lowest']:g} to {x['highest']:g})"
            rows.setdefault(name, {})[split] = text
    if not rows:
        return []
    scale = found["scale"]
    on = f" on a scale from {scale[0]:g} to {scale[1]:g}" if scale else ""
    whose = f"; votes: {found['votes']}" if found["votes"] else ""
    table = pandas.DataFrame.from_dict(rows).fillna("-")
    return [f"annotations, means{on}{whose}", table.to_string()]


def describe_embeddings(sources, embedding_folder, encoder):
    """Tell how many vectors there are, of what, and where."""
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
    """Tell how good the clusters of a folder are and what they follow."""
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
    ]
    emotion = mean["emotion"] or {"chance": {}}
    rows = {}
    for name in MEASURES:
        title = name if name == "purity" else name.upper()
        numbers = [emotion.get(name), emotion["chance"].get(name)]
        rows[f"{title} with emotion"] = [*numbers, speakers_with["emotion"]]
    others = {
        "stability (AMI of two seeds)": "stability_ami",
        "silhouette (cosine)": "silhouette",
        **{f"AMI with {name}": f"{name}_ami" for name in CONFOUNDS},
    }
    for title, key in others.items():
        rows[title] = [mean[key], None, speakers_with[key]]
    columns = ["clusters", "chance", "speakers"]
    table = pandas.DataFrame.from_dict(rows, orient="index", columns=columns)
    table = table.astype({"clusters": float, "chance": float})
    lines += [
        "means over speakers",
        table.to_string(float_format="{:.3f}".format, na_rep="-"),
        "(AMI and ARI are 0 by chance; -: not known, or the same for all "
        "utterances of a speaker)",
        "",
        f"clusters: {folder / 'clusters.csv'}",
        f"report, every speaker: {folder / 'clusters.json'}",
    ]
    return "\n".join(lines)
