"""The report: one HTML file that needs nothing but a browser."""

import json
import pathlib

import jinja2
import markupsafe
import numpy as np
from data_prep.storage.files import replacing
from emoclust_lobes.analysis.across import WITHOUT_SPEAKER
from emoclust_lobes.analysis.checkpoint import STAGE_1, UNTRAINED
from emoclust_lobes.analysis.grid import GIVEN, STABILITY, pick
from emoclust_lobes.analysis.listen import embed_audio, link
from emoclust_lobes.analysis.maps import METHODS, cluster_styles
from emoclust_lobes.analysis.measures import MEASURES
from emoclust_lobes.analysis.utterances import TARGETS
from emoclust_lobes.figures.style import EMOTIONS, GRAY, data_uri, style_of

# More would make a page that browsers are slow to open.
MOST_SPEAKERS = 200
TEMPLATES = pathlib.Path(__file__).with_name("templates")


def write_page(study, pictures, facts, path, listen, with_audio):
    """Write a ``Study`` and its pictures as an HTML file.

    ``facts`` (name -> value) say how it was made. ``listen`` is the speaker who
    is shown first, whose examples can travel inside the page.
    """
    path = pathlib.Path(path)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = format_number
    table = study.utterances
    explorer = _explorer(study, path.parent, listen, with_audio)
    text = environment.get_template("report.html").render(
        study=study,
        verdict=study.verdict(),
        counts={
            "utterances": f"{len(table):,}",
            "speakers": f"{table['spk_id'].nunique():,}",
            "hours": f"{table['duration'].sum() / 3600:.1f}",
            "emotions": table["emotion"].replace("", np.nan).nunique(),
        },
        summary=summarize(study),
        stages=_stages(study),
        measures={x: MEASURES[x] for x in ("ami", "ari", "nmi", "purity")},
        pooled=study.pooled.to_dict("records"),
        probes=study.probes.to_dict("records"),
        overall=_all_rows(study),
        pictures=[(x, data_uri(x.svg)) for x in pictures],
        facts=facts,
        stability=STABILITY,
        without_speaker=WITHOUT_SPEAKER,
        maps=list(explorer["methods"]),
        shown=len(explorer["speakers"]),
        # Inside a script element "</" would end it.
        explorer=markupsafe.Markup(
            json.dumps(explorer, allow_nan=False).replace("</", "<\\/")
        ),
    )
    with replacing(path) as stream:
        stream.write(text)


def format_number(value):
    """Write a number for a reader: a true minus, a dash where there is none."""
    if value is None or value != value:
        return "–"
    return f"{value:.3f}".replace("-", "−")


def summarize(study):
    """Rows of the grid for each encoder's default clusters, None without."""
    rows = {
        (row["encoder"], row["target"], row["measure"]): _plain(row)
        for row in study.default_rows(study.grid.overall).to_dict("records")
    }
    return [
        {
            "encoder": encoder,
            **{x: rows.get((encoder, "emotion", x)) for x in MEASURES},
            "stability": rows.get((encoder, STABILITY, "ami")),
            "silhouette": rows.get((encoder, "clusters", "silhouette")),
            "confounds": {
                x: rows[encoder, x, "ami"]
                for x in TARGETS
                if x != "emotion" and (encoder, x, "ami") in rows
            },
        }
        for encoder in study.encoders
    ]


def _plain(row):
    """A row whose empty numbers are None, which JSON has."""
    return {
        key: None if isinstance(x, float) and np.isnan(x) else x
        for key, x in row.items()
    }


def _all_rows(study):
    """Rows of the long table, one for each way to cluster and target."""
    overall = study.grid.overall
    key = ["encoder", "algorithm", "k", "target"]
    given = pick(overall, measure=GIVEN).set_index(key)["chance"].to_dict()
    rows = overall[overall["measure"].isin(["ami", "silhouette"])]
    return [
        {**_plain(row), "given": given.get(tuple(row[x] for x in key))}
        for row in rows.to_dict("records")
    ]


def _stages(study):
    """AMI with emotion before and after stage 1, seen speakers and others."""
    if STAGE_1 not in study.places or not study.labeled:
        return []
    result = []
    # The other encoders come first.
    order = {UNTRAINED: 1, STAGE_1: 2}
    for encoder in sorted(study.encoders, key=lambda x: order.get(x, 0)):
        rows = study.default_rows(
            study.grid.speakers, encoder=encoder, target="emotion"
        )
        seen = rows["spk_id"].isin(study.seen)
        parts = (rows[seen]["ami"], rows[~seen]["ami"])
        result.append((encoder, *((len(x), x.mean()) for x in parts)))
    return result


def _explorer(study, folder, listen, with_audio):
    """What the page's own figure of one speaker needs, as JSON."""
    table = study.utterances
    emotions = sorted(set(table["emotion"]) - {""})
    columns = study.places[study.encoders[0]]
    methods = {x: y for x, y in METHODS.items() if f"{x}_x" in columns}
    speakers = {}
    rows_of = table.groupby("spk_id", sort=True).indices
    for name in sorted({*list(rows_of)[: MOST_SPEAKERS - 1], listen}):
        rows = rows_of[name]
        mine = table.iloc[rows]
        speakers[name] = {
            "ids": mine["ID"].tolist(),
            "audio": [link(row, folder) for _, row in mine.iterrows()],
            "emotion": mine["emotion"].tolist(),
            "sentence": mine["sentence"].tolist(),
            "maps": {
                x: _speaker_maps(study, x, name, rows, methods)
                for x in study.encoders
            },
        }
    embedded = {}
    if with_audio:
        examples = [
            pick(study.examples[x], spk_id=listen)["ID"] for x in study.encoders
        ]
        chosen = table[table["ID"].isin({y for x in examples for y in x})]
        embedded = {row["ID"]: embed_audio(row) for _, row in chosen.iterrows()}
    return {
        "methods": methods,
        "emotions": {
            x: {"name": EMOTIONS.get(x, x), "color": color, "marker": marker}
            for x, (color, marker) in style_of(emotions).items()
        },
        "unknown": GRAY,
        "encoders": study.encoders,
        "first": listen,
        "speakers": speakers,
        "embedded": embedded,
    }


def _speaker_maps(study, encoder, name, rows, methods):
    places = study.places[encoder].iloc[rows]
    matches = study.matches[encoder][name]
    styles = cluster_styles(places["cluster"], matches)
    examples = pick(study.examples[encoder], spk_id=name)
    row_of = {x: row for row, x in enumerate(places["ID"])}
    examples = examples.assign(row=examples["ID"].map(row_of)).round(3)
    columns = ["cluster", "place", "row", "distance", "margin"]
    shares = places[["pca_x_share", "pca_y_share"]].iloc[0]
    return {
        "cluster": places["cluster"].tolist(),
        "clusters": {
            x: {"color": y[0], "marker": y[1], "match": matches.get(x, "")}
            for x, y in styles.items()
        },
        "places": {
            x: places[[f"{x}_x", f"{x}_y"]].round(3).to_numpy().tolist()
            for x in methods
        },
        "shares": shares.round(3).tolist(),
        "examples": examples[columns].values.tolist(),
    }
