"""Before and after stage 1, for the speakers it has heard and for others."""

import re

import pandas
import pytest
from emoclust_lobes.analysis import analyze
from emoclust_lobes.analysis.checkpoint import STAGE_1, UNTRAINED

OPTIONS = {
    "title": "made up",
    "algorithms": ["kmeans"],
    "ks": [3],
    "reference_k": 3,
    "n_seeds": 1,
    "n_init": 1,
    "n_permutations": 20,
    "seed": 1,
    "n_maps": 1,
}
ROW = re.compile(
    r"<tr><th>(.*?)</th>"
    + 2 * r'\s*<td class="n">(.*?)<small>(\d+) speakers</small></td>'
    + r"\s*</tr>"
)


@pytest.mark.parametrize(
    "heard, caption",
    [
        ({"s0"}, ", whom it has not heard in training"),
        ({"s0", "s1", "s2", "s3"}, ""),
    ],
    ids=["one", "all"],
)
def test_both_stages_are_told_apart(make_corpus, tmp_path, heard, caption):
    sources, caches = make_corpus(encoders=(STAGE_1, UNTRAINED))
    analyze(sources, caches, tmp_path, heard=frozenset(heard), **OPTIONS)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    table = page.partition("Before and after stage 1</h3>")[2]
    rows = ROW.findall(table.partition("</tbody>")[0])
    assert [row[0] for row in rows] == [UNTRAINED, STAGE_1]
    numbers = pandas.read_csv(tmp_path / "numbers" / "speakers.csv")
    numbers = numbers[numbers["target"] == "emotion"]
    for encoder, *cells in rows:
        mine = numbers[numbers["encoder"] == encoder]
        for among, text, n in zip((True, False), cells[::2], cells[1::2]):
            part = mine[mine["spk_id"].isin(heard) == among]["ami"]
            assert int(n) == len(part)
            if len(part):
                assert float(text) == pytest.approx(part.mean(), abs=0.006)
        assert cells[1::2] == [str(len(heard)), str(4 - len(heard))]
    assert f"utterances of one speaker{caption}, placed by our" in page
    assert (tmp_path / "figures" / "before_after.svg").exists()
