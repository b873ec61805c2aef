"""The report: one HTML file that needs nothing but a browser."""

import json
import pathlib

import jinja2
import markupsafe
import numpy as np
from data_prep.storage.files import replacing
from emoclust_lobes.analysis.across import WITHOUT_SPEAKER
from emoclust_lobes.analysis.checkpoint import STAGE_1, UNTRAINED
from emoclust_lobes.analysis.grid import GIVEN, STABILITY
from emoclust_lobes.analysis.listen import embed_audio, link
from emoclust_lobes.analysis.map_figures import METHODS, cluster_styles
from emoclust_lobes.analysis.measures import MEASURES
from emoclust_lobes.figures.style import EMOTIONS, GREY, data_uri, style_of

# More would make a page that browsers are slow to open.
MOST_SPEAKERS = 200
TEMPLATES = pathlib.Path(__file__).with_name("templates")


def write_page(study, pictures, facts, path, listen, with_audio):
    """Write the report.

    Arguments
    ---------
    study : Study
        What was measured.
    pictures : list of Picture
        The figures.
    facts : dict
        How it was made, name -> text.
    path : str or pathlib.Path
        The HTML file.
    listen : str
        The speaker who is shown first.
    with_audio : bool
        Whether this speaker's examples travel inside the page.

    Example
    -------
    >>> from emoclust_lobes.synthetic.study import made_up_study
    >>> study = made_up_study()
    >>> path = getfixture("tmp_path") / "report.html"
    >>> write_page(study, [], {"k": "3"}, path, listen="s0", with_audio=False)
    >>> path.read_text(encoding="utf-8")[:15]
    '<!DOCTYPE html>'
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
    explorer = _explorer(study, path.parent, listen)
    if with_audio:
        _embed(explorer, study, listen)
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


def format_number(value, digits=3):
    """Write a number for a reader: a true minus, a dash where there is none.

    Arguments
    ---------
    value : float or None
        What to write.
    digits : int
        After the point.

    Returns
    -------
    str

    Example
    -------
    >>> format_number(-0.0123), format_number(None), format_number(0.5, 1)
    ('−0.012', '–', '0.5')
    """
    if value is None or value != value:
        return "–"
    return f"{value:.{digits}f}".replace("-", "−")


def summarize(study):
    """The main numbers of each encoder, for its reference clusters.

    Arguments
    ---------
    study : Study
        What was measured.

    Returns
    -------
    list of dict
        One per encoder: ``encoder``, and for each measure of emotion, for
        ``stability`` and for ``silhouette`` a row of the grid's table, None
        where there is none; ``confounds``: target -> row of AMI.

    Example
    -------
    >>> from emoclust_lobes.synthetic.study import made_up_study
    >>> study = made_up_study()
    >>> round(summarize(study)[0]["ami"]["value"], 3)
    1.0
    """
    reference = study.reference(study.grid.overall)
    rows = {
        (row["encoder"], row["target"], row["measure"]): _plain(row)
        for row in reference.to_dict("records")
    }
    targets = list(dict.fromkeys(reference["target"]))
    targets = [
        x for x in targets if x not in ("emotion", "clusters", STABILITY)
    ]
    return [
        {
            "encoder": encoder,
            **{x: rows.get((encoder, "emotion", x)) for x in MEASURES},
            "stability": rows.get((encoder, STABILITY, "ami")),
            "silhouette": rows.get((encoder, "clusters", "silhouette")),
            "confounds": {
                x: rows[encoder, x, "ami"]
                for x in targets
                if (encoder, x, "ami") in rows
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
    given = overall[overall["measure"] == GIVEN]
    given = given.set_index(key)["chance"].to_dict()
    rows = overall[overall["measure"].isin(["ami", "silhouette"])]
    return [
        {**_plain(row), "given": given.get(tuple(row[x] for x in key))}
        for row in rows.to_dict("records")
    ]


def _stages(study):
    """AMI with emotion before and after stage 1, heard speakers and others."""
    if STAGE_1 not in study.places or not study.labeled:
        return []
    rows = study.reference(study.grid.speakers)
    rows = rows[rows["target"] == "emotion"]
    heard = rows["spk_id"].isin(study.heard)
    result = []
    for encoder in study.encoders:
        mine = rows["encoder"] == encoder
        parts = (rows[mine & heard]["ami"], rows[mine & ~heard]["ami"])
        result.append((encoder, *((len(x), x.mean()) for x in parts)))
    order = {UNTRAINED: 1, STAGE_1: 2}
    return sorted(result, key=lambda row: order.get(row[0], 0))


def _explorer(study, folder, listen):
    """What the page's own figure of one speaker needs, as JSON."""
    table = study.utterances
    emotions = sorted(set(table["emotion"]) - {""})
    looks = style_of(emotions)
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
    return {
        "methods": methods,
        "emotions": {
            x: {
                "name": EMOTIONS.get(x, x),
                "color": looks[x][0],
                "marker": looks[x][1],
            }
            for x in emotions
        },
        "unknown": GREY,
        "encoders": study.encoders,
        "first": listen,
        "speakers": speakers,
        "embedded": {},
    }


def _speaker_maps(study, encoder, name, rows, methods):
    places = study.places[encoder].iloc[rows]
    matches = study.matches[encoder][name]
    styles = cluster_styles(places["cluster"], matches)
    examples = study.examples[encoder]
    examples = examples[examples["spk_id"] == name]
    row_of = {x: row for row, x in enumerate(places["ID"])}
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
        "shares": places[["pca_x_share", "pca_y_share"]]
        .iloc[0]
        .round(3)
        .tolist(),
        "examples": [
            [
                row.cluster,
                row.place,
                row_of[row.ID],
                round(row.distance, 3),
                round(row.margin, 3),
            ]
            for row in examples.itertuples()
        ],
    }


def _embed(explorer, study, listen):
    """Put a speaker's examples of all encoders into the page."""
    rows = study.utterances.set_index("ID", drop=False)
    for encoder in study.encoders:
        examples = study.examples[encoder]
        for name in examples[examples["spk_id"] == listen]["ID"]:
            if name not in explorer["embedded"]:
                explorer["embedded"][name] = embed_audio(rows.loc[name])
