"""Letters that the usual font lacks, as those of Chinese labels."""

import functools
import pathlib
import re

from data_prep.storage.files import replacing

from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)


def make_readable(figure, path):
    """Let a figure be drawn with fonts that have its letters.

    Where no font of the system has them, codes stand in their place, and
    ``NAME.key.txt`` beside the figure says of what; ``path`` is the figure's.
    """
    from matplotlib.text import Text

    axes = [x for each in figure.axes for x in (each.xaxis, each.yaxis)]
    for axis in axes:
        axis.get_ticklabels()  # which have no text before
    texts = figure.findobj(Text)
    letters = "".join(sorted(set("".join(x.get_text() for x in texts))))
    families, missing = find_fonts(letters)
    for text in texts if families else ():
        text.set_fontfamily([*text.get_fontfamily(), *families])
    path = pathlib.Path(path)
    key = path.with_name(f"{path.name}.key.txt")
    key.unlink(missing_ok=True)
    if not missing:
        return
    codes: dict[str, str] = {}
    words = re.compile(f"[{re.escape(missing)}]+")

    def encode(text):
        return words.sub(
            lambda x: codes.setdefault(x[0], f"[{len(codes) + 1}]"), text
        )

    # Before the others: those of ticks are made anew when they are drawn
    for axis in axes:
        labels = [x.get_text() for x in axis.get_ticklabels()]
        if any(map(words.search, labels)):
            axis.set_ticks(axis.get_ticklocs(), list(map(encode, labels)))
    for text in texts:
        text.set_text(encode(text.get_text()))
    with replacing(key) as stream:
        stream.writelines(f"{code} {word}\n" for word, code in codes.items())
    _tell_once()


@functools.cache
def find_fonts(letters):
    """Name fonts that have what the usual one lacks, and what all lack."""
    from matplotlib import font_manager

    def charmap(path):
        return font_manager.get_font(path).get_charmap()

    usual = charmap(
        font_manager.findfont(
            font_manager.FontProperties(family=["sans-serif"])
        )
    )
    missing = {x for x in letters if x.isprintable() and ord(x) not in usual}
    families = []
    fonts = font_manager.fontManager.ttflist if missing else ()
    for font in sorted(fonts, key=lambda x: (x.style != "normal", x.name)):
        try:
            found = {x for x in missing if ord(x) in charmap(font.fname)}
        except (OSError, RuntimeError):  # removed, or damaged
            continue
        if found:
            families.append(font.name)
            missing -= found
    return families, "".join(sorted(missing))


@functools.cache
def _tell_once():
    logger.warning(
        "No font here has all letters of the labels: in figures, codes stand "
        "in their place, and a .key.txt beside each says of what. Install a "
        "font that has them, such as Noto Sans CJK."
    )
