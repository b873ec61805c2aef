"""How every figure looks: colors, shapes, files.

The colors are those of Okabe and Ito ("Color universal design", 2008), in the order
in which they also differ in gray; each goes with a marker. Heat maps use viridis.
"""

import base64
import pathlib

import matplotlib
import matplotlib.figure
from data_prep.storage.files import replacing
from emoclust_lobes.figures.letters import make_readable

COLORS = (
    *("#0072B2", "#E69F00", "#009E73", "#D55E00"),
    *("#56B4E9", "#CC79A7", "#222222", "#F0E442"),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
# In the order of their colors
_WORDS = "sad happy disgusted angry calm fearful neutral surprised"
EMOTIONS = {word[:3]: word for word in _WORDS.split()}
GRAY = "#8C8C8C"
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
    """Map names to (color, marker), emotions always to the same ones.

    There are 64 combinations; they repeat from then on.
    """
    styles = {}
    fixed = {name: place for place, name in enumerate(EMOTIONS)}
    for position, name in enumerate(names):
        color = fixed.get(name, position)
        # The ninth has the first color again, but another marker.
        marker = (color + color // len(COLORS)) % len(MARKERS)
        styles[name] = COLORS[color % len(COLORS)], MARKERS[marker]
    return styles


def new_figure(width, height, rows=1, columns=1, **kwargs):
    """Make an empty figure, in inches, with axes of shape [rows, columns]."""
    figure = matplotlib.figure.Figure((width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **kwargs)


def new_panels(n, width, height, **kwargs):
    """Make a figure with n panels of a size in inches, two in a row."""
    columns = min(n, 2)
    rows = -(-n // columns)
    figure, axes = new_figure(
        columns * width, rows * height, rows, columns, **kwargs
    )
    for axis in axes.flat[n:]:
        axis.remove()
    return figure, list(axes.flat[:n])


@styled
def save_figure(figure, path, dpi=150):
    """Write PNG and SVG, the same bytes every time; return the SVG's path.

    The path is given without an ending.
    """
    path = pathlib.Path(path)
    make_readable(figure, path)
    figure.set_dpi(dpi)
    if engine := figure.get_layout_engine():
        engine.execute(figure)  # once, not for each format: it takes longest
        figure.set_layout_engine(None)
    for ending in ("png", "svg"):
        metadata = {"Date": None} if ending == "svg" else None
        with replacing(f"{path}.{ending}", "wb") as stream:
            figure.savefig(stream, format=ending, dpi=dpi, metadata=metadata)
    return pathlib.Path(f"{path}.svg")


def data_uri(path):
    """Pack an SVG or PNG into an address, so that it travels with a page."""
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    kind = {".svg": "svg+xml", ".png": "png"}[path.suffix]
    return f"data:image/{kind};base64,{content}"
