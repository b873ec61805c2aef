"""All figures of a study, each with a caption that says how to read it."""

import hashlib
import pathlib
from typing import NamedTuple

import joblib
import yaml
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


# Name -> heading, caption
CAPTIONS: dict[str, tuple[str, str]] = yaml.safe_load(
    pathlib.Path(__file__)
    .with_name("templates")
    .joinpath("captions.yaml")
    .read_text("utf-8")
)


def draw_gallery(study, folder, n_maps, n_jobs):
    """Draw all figures, with maps of single speakers; return the report's."""
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
    """Name the speakers with the lowest, median and highest agreement."""
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
