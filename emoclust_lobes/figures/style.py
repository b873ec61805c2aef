"""How every figure looks: colors, shapes, files.

The eight colors are those of Okabe and Ito ("Color universal design", 2008),
which readers with any of the common color deficiencies can tell apart, in
the order in which they also differ in gray; each goes with a marker of its
own. Heat maps use viridis, which grows evenly in lightness.
"""

import base64
import pathlib

import matplotlib
import matplotlib.figure
from data_prep.storage.files import replacing

COLORS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#56B4E9",
    "#CC79A7",
    "#222222",
    "#F0E442",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
EMOTIONS = {
    "neu": "neutral",
    "cal": "calm",
    "hap": "happy",
    "sad": "sad",
    "ang": "angry",
    "fea": "fearful",
    "dis": "disgusted",
    "sur": "surprised",
}
_EMOTION_ORDER = {
    "sad": 0,
    "hap": 1,
    "dis": 2,
    "ang": 3,
    "cal": 4,
    "fea": 5,
    "neu": 6,
    "sur": 7,
}
GREY = "#8C8C8C"
_RC: dict = {
    "font.size": 9,
    "font.family": "sans-serif",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "svg.hashsalt": "emoclust",  # the same figure gives the same file
}


# Around every function that draws: titles and legends look at these too.
styled = matplotlib.rc_context(_RC)


def style_of(names):
    """Give each name a color and a marker, emotions always the same ones.

    Arguments
    ---------
    names : iterable of str
        Emotions, clusters, encoders.

    Returns
    -------
    dict
        Name -> (color, marker). There are 64 combinations; they repeat from
        then on.

    Example
    -------
    >>> style_of(["ang", "x"])
    {'ang': ('#D55E00', 'D'), 'x': ('#E69F00', 's')}
    """
    styles = {}
    for position, name in enumerate(names):
        color = _EMOTION_ORDER.get(name, position)
        marker = color + color // len(COLORS)
        styles[name] = (
            COLORS[color % len(COLORS)],
            MARKERS[marker % len(MARKERS)],
        )
    return styles


def new_figure(width, height, rows=1, columns=1, **kwargs):
    """Make an empty figure with axes.

    Arguments
    ---------
    width, height : float
        In inches.
    rows, columns : int
        Of axes.
    **kwargs
        Further arguments of ``Figure.subplots``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : numpy.ndarray
        Shape [rows, columns].

    Example
    -------
    >>> figure, axes = new_figure(4, 2, rows=1, columns=2)
    >>> axes.shape
    (1, 2)
    """
    figure = matplotlib.figure.Figure((width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **kwargs)


def new_panels(n, width, height, most=2, **kwargs):
    """Make a figure with a panel for each of some things, a few in a row.

    Arguments
    ---------
    n : int
        Number of panels.
    width, height : float
        Of a panel, in inches.
    most : int
        Panels in a row.
    **kwargs
        Further arguments of ``Figure.subplots``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : list of matplotlib.axes.Axes
        n of them.

    Example
    -------
    >>> figure, axes = new_panels(3, 2, 1)
    >>> len(axes), figure.get_size_inches().tolist()
    (3, [4.0, 2.0])
    """
    columns = min(n, most)
    rows = -(-n // columns)
    figure, axes = new_figure(
        columns * width, rows * height, rows, columns, **kwargs
    )
    for axis in axes.flat[n:]:
        axis.remove()
    return figure, list(axes.flat[:n])


@styled
def save_figure(figure, path, dpi=150):
    """Write a figure as PNG and as SVG, the same bytes every time.

    Arguments
    ---------
    figure : matplotlib.figure.Figure
        What to write.
    path : str or pathlib.Path
        Without an ending.
    dpi : int
        Of the PNG.

    Returns
    -------
    pathlib.Path
        The SVG.

    Example
    -------
    >>> figure, _ = new_figure(2, 1)
    >>> save_figure(figure, getfixture("tmp_path") / "empty").name
    'empty.svg'
    """
    path = pathlib.Path(path)
    for ending in ("png", "svg"):
        metadata = {"Date": None} if ending == "svg" else None
        with replacing(f"{path}.{ending}", "wb") as stream:
            figure.savefig(stream, format=ending, dpi=dpi, metadata=metadata)
    return pathlib.Path(f"{path}.svg")


def data_uri(path):
    """Pack an SVG into an address, so that it travels with a page.

    Arguments
    ---------
    path : pathlib.Path
        The file.

    Returns
    -------
    str

    Example
    -------
    >>> path = getfixture("tmp_path") / "empty.svg"
    >>> _ = path.write_text("<svg/>")
    >>> data_uri(path)
    'data:image/svg+xml;base64,PHN2Zy8+'
    """
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"data:image/svg+xml;base64,{content}"
