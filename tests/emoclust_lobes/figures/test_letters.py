"""Labels in letters that the usual font has, that another has, that none has."""

import warnings

import numpy as np
import pytest
from emoclust_lobes.figures import letters
from emoclust_lobes.figures.confusion import plot_confusion
from emoclust_lobes.figures.letters import find_fonts
from emoclust_lobes.figures.style import new_figure, save_figure
from matplotlib import font_manager

NOWHERE = "\U0010fffd"  # for private use; no font has it


@pytest.fixture(autouse=True)
def forget():
    letters._tell_once.cache_clear()
    find_fonts.cache_clear()


def draw(folder, names):
    """Draw with these labels; any warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot_confusion(np.eye(2), names, f"of {names[0]}", folder / "a.png")
        figure, axes = new_figure(3, 3)
        axes[0, 0].plot([0, 1], [0, 1], label=names[0])
        axes[0, 0].set_xticks([0, 1], names)
        axes[0, 0].legend()
        save_figure(figure, folder / "b")
    return figure


def test_usual_letters_need_nothing(tmp_path):
    assert find_fonts("abcäöü €é") == ([], "")
    draw(tmp_path, ["ärgerlich", "freudig"])
    assert sorted(x.name for x in tmp_path.iterdir()) == [
        "a.png",
        "b.png",
        "b.svg",
    ]


def test_another_font_has_the_letters():
    usual = font_manager.get_font(
        font_manager.findfont(font_manager.FontProperties())
    )
    others = {
        code
        for font in font_manager.fontManager.ttflist
        for code in font_manager.get_font(font.fname).get_charmap()
    } - set(usual.get_charmap())
    letter = chr(min(x for x in others if chr(x).isprintable()))
    families, missing = find_fonts(f"a{letter}{NOWHERE}")
    assert missing in ("", NOWHERE) and families
    paths = [
        x.fname for x in font_manager.fontManager.ttflist if x.name in families
    ]
    assert any(
        ord(letter) in font_manager.get_font(x).get_charmap() for x in paths
    )


def test_letters_that_no_font_has_become_codes(tmp_path, monkeypatch, caplog):
    fonts = font_manager.fontManager.ttflist
    ours = [x for x in fonts if "DejaVu" in x.name]  # whatever others are here
    monkeypatch.setattr(font_manager.fontManager, "ttflist", ours)
    find_fonts.cache_clear()
    figure = draw(tmp_path, ["快乐", "悲伤 (low)"])
    axis = figure.axes[0]
    assert [x.get_text() for x in axis.get_xticklabels()] == [
        "[1]",
        "[2] (low)",
    ]
    assert axis.get_legend().get_texts()[0].get_text() == "[1]"
    for name in ("a", "b"):
        key = (tmp_path / f"{name}.key.txt").read_text(encoding="utf-8")
        assert key == "[1] 快乐\n[2] 悲伤\n"
    assert len([x for x in caplog.records if x.levelname == "WARNING"]) == 1
