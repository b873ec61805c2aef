"""Before and after stage 1, for the speakers it has seen and for others."""

import pandas
import pytest
from emoclust_lobes.analysis.checkpoint import STAGE_1, UNTRAINED
from emoclust_lobes.analysis.report import analyze
from sklearn.metrics import adjusted_mutual_info_score

from tests.emoclust_lobes.analysis.page_reader import number, read_table

OPTIONS = {
    "title": "made up",
    "algorithms": ["kmeans"],
    "ks": [3],
    "default_k": 3,
    "n_seeds": 1,
    "n_init": 1,
    "n_permutations": 20,
    "seed": 1,
    "n_maps": 1,
}


@pytest.mark.parametrize(
    "seen, caption",
    [
        ({"s0"}, ", whom it has not seen in training"),
        pytest.param({"s0", "s1", "s2", "s3"}, "", marks=pytest.mark.slow),
    ],
    ids=["one", "all"],
)
def test_both_stages_are_told_apart(make_corpus, tmp_path, seen, caption):
    sources, caches = make_corpus(encoders=(STAGE_1, UNTRAINED))
    analyze(sources, caches, tmp_path, seen=frozenset(seen), **OPTIONS)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    head, *rows = read_table(page, "Before and after stage 1")
    assert head == [["embedding"], ["seen speakers"], ["other speakers"]]
    assert [row[0] for row in rows] == [[UNTRAINED], [STAGE_1]]
    utterances = pandas.read_csv(tmp_path / "numbers" / "utterances.csv")
    utterances["emotion"] = utterances["ID"].str[3:6]
    for (encoder,), *cells in rows:
        amis = {
            name: adjusted_mutual_info_score(own["emotion"], own["cluster"])
            for name, own in utterances[
                utterances["encoder"] == encoder
            ].groupby("spk_id")
        }
        for among, (text, n_speakers) in zip((True, False), cells):
            part = [x for name, x in amis.items() if (name in seen) is among]
            assert n_speakers == f"{len(part)} speakers"
            if part:
                expected = sum(part) / len(part)
                assert number(text) == pytest.approx(expected, abs=6e-4)
            else:
                assert text == "–"
    assert f"utterances of one speaker{caption}, placed by our" in page
    assert (tmp_path / "figures" / "before_after.svg").exists()
