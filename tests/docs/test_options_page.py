"""The page of all options: the one that is made from the YAMLs."""

import runpy
import textwrap

from emoclust_lobes.experiment.script_help import read_options
from pages import ROOT

MADE = runpy.run_path(str(ROOT / "docs" / "options.py"))
PAGE = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")


def test_it_is_the_one_that_is_made():
    assert MADE["make_page"](ROOT / "hparams") == PAGE, "run `make hparams`"


def test_every_option_of_every_file_is_told():
    for path in ROOT.glob("hparams/*.yaml"):
        if path.name in MADE["LEFT_OUT"]:
            continue
        options = read_options(path.read_text(encoding="utf-8"))
        assert len(options) > 50
        assert [x for x in options if f"| `{x.key}` |" not in PAGE] == []


def test_a_row_says_where_it_holds(tmp_path):
    section = "# ---- A section\n"
    for name, value in (("a", 1), ("a_wav2vec2", 1), ("b", 2), ("c", 1)):
        text = f"{section}size: {value}  # of it\n"
        if name.startswith("a"):
            text += "only: x\n"
        (tmp_path / f"{name}.yaml").write_text(text)
    (tmp_path / "demo.yaml").write_text(f"{section}size: 9\n")
    page = MADE["make_page"](tmp_path)
    rows = textwrap.dedent(
        """
        ## A section

        | option | default | meaning | in |
        |---|---|---|---|
        | `size` | `1`; `b`: `2` | of it | all |
        | `only` | `x` |  | `a` |
        """
    )
    assert page.endswith(rows)
