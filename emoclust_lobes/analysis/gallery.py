"""All figures of a study, each with a caption that says how to read it."""

import hashlib
import pathlib
from typing import NamedTuple

import joblib
from emoclust_lobes.analysis.agreement_figures import (
    plot_by_k,
    plot_follows,
    plot_spread,
)
from emoclust_lobes.analysis.checkpoint import STAGE_1, UNTRAINED
from emoclust_lobes.analysis.emotion_figures import (
    plot_by_utterances,
    plot_matching,
    plot_pairs,
    plot_probes,
)
from emoclust_lobes.analysis.grid import pick
from emoclust_lobes.analysis.maps import plot_maps
from emoclust_lobes.analysis.utterances import TARGETS
from emoclust_lobes.figures.style import save_figure
from tqdm import tqdm


class Picture(NamedTuple):
    """A figure in the report."""

    name: str
    heading: str
    caption: str
    svg: pathlib.Path


CAPTIONS = {
    "follows": (
        "What the clusters follow",
        "Each dot is the agreement of the clusters with one property of the "
        "utterances, measured inside each speaker and averaged; the line is "
        "its 95 % interval over speakers, the gray box where random clusters "
        "of the same sizes end up. Further right is followed more. An open "
        "diamond, where emotion is known, marks what clusters would share "
        "with the property if they knew of it only through emotion (angry "
        "speech is loud): a dot to the right of its diamond follows the "
        "property for its own sake too. Duration and loudness are cut at "
        "each speaker's quartiles. A property with fewer values than there are "
        "clusters cannot reach 1.",
    ),
    "by_k": (
        "How many clusters",
        "Agreement: with emotion, where labels are known. Stability: "
        "agreement of the clusters with those from other random seeds, which "
        "is 1 when the clusters are not a matter of luck (Ward's method draws "
        "nothing, so it is always 1). Silhouette: how much closer utterances "
        "are to their own cluster than to the next. Shaded: 95 % interval over "
        "speakers. Look for a k where all are high.",
    ),
    "spread": (
        "From speaker to speaker",
        "Each mark is one speaker; a box spans the middle half of the "
        "speakers, the line in it is the median. A mark inside the gray band "
        "could be a speaker whose clusters have nothing to do with emotion.",
    ),
    "matching": (
        "Which emotions find a cluster",
        "In each speaker every cluster was given the emotion it matches best "
        "(Hungarian method). A row shows where the utterances of one emotion "
        "went: bright on the diagonal is an emotion with a cluster of its "
        "own, bright elsewhere an emotion that lives in another's cluster. "
        "Matching always finds something: compare with chance in the title.",
    ),
    "pairs": (
        "Which emotions separate, which merge",
        "For each two emotions: how well the clusters tell their utterances "
        "apart, averaged over speakers. Bright pairs separate, dark pairs "
        "share clusters. Emotions are sorted from the best separated to the "
        "most mixed.",
    ),
    "by_utterances": (
        "How much speech of a speaker it takes",
        "Random parts of each speaker's utterances were clustered instead of "
        "all (never into more clusters than half the utterances). Where the "
        "curve is flat, more speech of a speaker does not help. Shaded: 95 % "
        "interval over speakers.",
    ),
    "probes": (
        "What a linear classifier finds",
        "Logistic regression on the embeddings themselves, with no clusters. "
        "Emotion, sentence and gender are tested on speakers that were not "
        "learned from, speakers on utterances that were not learned from. "
        "Whiskers: deviation over folds. Dotted: chance. Removing a speaker's "
        "mean uses all of the speaker's utterances, unlabeled.",
    ),
    "before_after": (
        "Before and after stage 1",
        "The same utterances of one speaker{seen}, placed by our encoder "
        "with random weights, as before training, and with those that stage "
        "1 left. Training worked where colors that are mixed above lie "
        "apart below.",
    ),
    "maps": (
        "Maps of three speakers: {encoder}",
        "Each mark is an utterance; near means similar. Left by emotion, "
        "right by cluster, where a cluster has the color and shape of the "
        "emotion it matches (gray: none): equal pictures mean that clusters "
        "are emotions. The speakers are those with the lowest, the median "
        "and the highest agreement. PCA keeps distances as far as its two "
        "axes explain the variance; t-SNE keeps neighbors, and distances "
        "between groups mean nothing.",
    ),
    "maps_unlabeled": (
        "Maps of three speakers: {encoder}",
        "Each mark is an utterance; near means similar; colors and shapes "
        "are clusters. PCA keeps distances as far as its two axes explain "
        "the variance; t-SNE keeps neighbors, and distances between groups "
        "mean nothing. The speakers are the first, the middle and the last.",
    ),
}


def draw_gallery(study, folder, n_maps, n_jobs):
    """Draw all figures as PNG and SVG; return those of the report.

    Of each encoder, maps of ``n_maps`` single speakers go to the subfolder
    ``speakers`` and are not in the report.
    """
    folder = pathlib.Path(folder)
    overall = study.grid.overall
    chosen = study.default_rows(overall)
    targets = [x for x in TARGETS if x in set(chosen["target"])]
    figures = {}
    if targets:
        figures["follows"] = plot_follows(chosen, targets)
    if not overall.empty:
        figures["by_k"] = plot_by_k(overall)
    if study.labeled and "emotion" in targets:
        rows = study.default_rows(study.grid.speakers, target="emotion")
        genders = study.utterances.groupby("spk_id")["gender"].first()
        figures["spread"] = plot_spread(rows, genders.to_dict())
        figures["matching"] = plot_matching(study.confusions)
        figures["pairs"] = plot_pairs(study.pairs)
        figures["by_utterances"] = plot_by_utterances(study.sizes)
    if not study.probes.empty:
        figures["probes"] = plot_probes(study.probes)
    pictures = [
        Picture(name, *CAPTIONS[name], save_figure(figure, folder / name))
        for name, figure in figures.items()
    ]
    if STAGE_1 in study.places:
        pictures.append(_before_after(study, folder))
    heading, caption = CAPTIONS["maps" if study.labeled else "maps_unlabeled"]
    for encoder in study.encoders:
        name = f"maps_{encoder.replace(' ', '_')}"
        speakers = example_speakers(study, encoder)
        panels = [_panel(study, encoder, x) for x in speakers]
        svg = _save_maps(panels, study.labeled, folder / name)
        title = heading.format(encoder=encoder)
        pictures.append(Picture(name, title, caption, svg))
    names = sorted(set(study.utterances["spk_id"]))[:n_maps]
    jobs = [
        joblib.delayed(_save_maps)(
            [_panel(study, encoder, name)],
            study.labeled,
            folder / "speakers" / encoder.replace(" ", "_") / _safe(name),
            dpi=110,
        )
        for encoder in study.encoders
        for name in names
    ]
    pool = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
    for _ in tqdm(pool(jobs), "maps of speakers", len(jobs), unit="fig"):
        pass
    return pictures


def example_speakers(study, encoder):
    """Name the speakers with the lowest, median and highest agreement.

    Fewer where there are fewer; by name where nothing is known of emotion.
    """
    rows = study.default_rows(
        study.grid.speakers, encoder=encoder, target="emotion"
    )
    if len(rows):
        names = rows.sort_values(["ami", "spk_id"])["spk_id"].tolist()
    else:
        names = sorted(set(study.utterances["spk_id"]))
    return list(dict.fromkeys([names[0], names[len(names) // 2], names[-1]]))


def _panel(study, encoder, speaker):
    title = f"{speaker}, {encoder}"
    rows = study.default_rows(
        study.grid.speakers, encoder=encoder, spk_id=speaker, target="emotion"
    )
    if len(rows):
        title += f" (AMI with emotion {rows['ami'].iloc[0]:.2f})"
    mine = pick(study.places[encoder], spk_id=speaker)
    return title, mine, study.matches[encoder][speaker]


def _save_maps(panels, labeled, path, dpi=150):
    return save_figure(plot_maps(panels, labeled), path, dpi)


def _before_after(study, folder):
    """Maps of a speaker whom stage 1 has not seen, if there is one."""
    names = sorted(set(study.utterances["spk_id"]))
    unseen = [x for x in names if x not in study.seen]
    speaker = (unseen or names)[len(unseen or names) // 2]
    panels = [_panel(study, x, speaker) for x in (UNTRAINED, STAGE_1)]
    svg = _save_maps(panels, study.labeled, folder / "before_after")
    heading, caption = CAPTIONS["before_after"]
    seen = ", whom it has not seen in training" if unseen else ""
    return Picture("before_after", heading, caption.format(seen=seen), svg)


def _safe(name):
    """A speaker's name as one part of a path, and no other speaker's."""
    safe = "".join(x if x.isalnum() or x in "-_." else "_" for x in name)
    if safe == name:
        return name
    return f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
