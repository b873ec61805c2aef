"""The whole report: its files, its page with and without a browser."""

import json
import re
import shutil

import matplotlib.image
import numpy as np
import pandas
import pytest
from agreement_oracles import ORACLES
from emoclust_lobes.analysis import AnalysisError, page, report
from emoclust_lobes.analysis.gallery import _safe
from emoclust_lobes.analysis.report import analyze
from emoclust_lobes.analysis.utterances import TARGETS
from sklearn import metrics

from tests.emoclust_lobes.analysis.browser import visit
from tests.emoclust_lobes.analysis.page_reader import (
    number,
    read_data,
    read_table,
)

OPTIONS = {
    "title": "made up",
    "algorithms": ["kmeans", "ward"],
    "ks": [2, 3],
    "default_k": 3,
    "n_seeds": 2,
    "n_init": 2,
    "n_permutations": 20,
    "seed": 1,
    "n_maps": 1,
}


@pytest.fixture(scope="module")
def labeled(make_corpus, tmp_path_factory):
    """A report about a labeled corpus, and what it was made of."""
    sources, caches = make_corpus()
    out = tmp_path_factory.mktemp("labeled")
    text = analyze(sources, caches, out, with_audio=True, **OPTIONS)
    return sources, caches, out, text


@pytest.fixture(scope="module")
def unlabeled(make_corpus, tmp_path_factory):
    """The same of a corpus that says nothing about its utterances."""
    sources, caches = make_corpus(
        encoders=("one",), emotions=("",), n_sentences=1, n_takes=9
    )
    out = tmp_path_factory.mktemp("unlabeled")
    text = analyze(sources, caches, out, **OPTIONS)
    return sources, caches, out, text


def scores_of(cache, table):
    """Mean scores over speakers of clusters, as scikit-learn has them."""
    emotion, sentence = table["ID"].str[3:6], table["ID"].str[6]
    vectors = cache.select(table["ID"]).astype(float)
    scores = []
    for rows in table.groupby("spk_id").indices.values():
        clusters = table["cluster"].to_numpy()[rows]
        own = vectors[rows] - vectors[rows].mean(axis=0)
        scores.append(
            {
                **{x: y(emotion[rows], clusters) for x, y in ORACLES.items()},
                "sentence": ORACLES["ami"](sentence[rows], clusters),
                "silhouette": metrics.silhouette_score(
                    own, clusters, metric="cosine"
                ),
            }
        )
    return pandas.DataFrame(scores).mean()


def test_the_page_shows_the_agreement_of_its_clusters(labeled):
    _, caches, out, text = labeled
    shown = (out / "report.html").read_text(encoding="utf-8")
    head, *rows = read_table(shown, "At a glance")
    assert [x[0] for x in head] == [
        *("embedding", "AMI", "ARI", "NMI (V-measure)", "purity"),
        *("silhouette", "stability"),
    ]
    assert [row[0][0] for row in rows] == ["one", "two"]
    all_rows = {
        tuple(x[0] for x in row[:5]): number(row[5][0])
        for row in read_table(shown, "All numbers")[1:]
    }
    summary = json.loads((out / "summary.json").read_text())
    utterances = pandas.read_csv(out / "numbers" / "utterances.csv")
    for row, again in zip(rows, summary["summary"], strict=True):
        name = row[0][0]
        table = utterances[utterances["encoder"] == name]
        expected = scores_of(caches[name], table.reset_index(drop=True))
        columns = ["ami", "ari", "nmi", "purity", "silhouette"]
        for cell, measure in zip(row[1:], columns):
            value = expected[measure]
            assert number(cell[0]) == pytest.approx(value, abs=6e-4)
            assert again[measure]["value"] == pytest.approx(value, abs=1e-5)
            low, high = map(number, cell[1].split(" to "))
            assert low <= number(cell[0]) <= high
        for target, measure, value in (
            ("emotion", "ami", expected["ami"]),
            ("sentence", "ami", expected["sentence"]),
            ("clusters", "silhouette", expected["silhouette"]),
        ):
            found = all_rows[name, "kmeans", "3", target, measure]
            assert found == pytest.approx(value, abs=6e-4)
    assert len({x[:3] for x in all_rows}) == 8  # encoders, algorithms, k
    counts = re.findall(r"<dt>(\w+)</dt><dd>([\d.,]+)</dd>", shown)
    expected = {"utterances": "72", "speakers": "4", "emotions": "3"}
    assert expected.items() <= dict(counts).items()
    assert "those of one follow emotion most" in text
    assert text.partition("\n")[0] in shown
    assert text.endswith(f"report: {out / 'report.html'}")


def test_the_page_holds_the_maps_and_examples_of_speakers(labeled):
    _, _, out, _ = labeled
    data = read_data((out / "report.html").read_text(encoding="utf-8"))
    examples = pandas.read_csv(out / "numbers" / "examples.csv")
    assert all((out / x).resolve().exists() for x in examples["audio"])
    amis, listed = [], set()
    for name, speaker in data["speakers"].items():
        assert all(x.startswith(name) for x in speaker["ids"])
        emotions = [x[3:6] for x in speaker["ids"]]
        assert speaker["emotion"] == emotions
        for encoder, found in speaker["maps"].items():
            for cluster, place, row, distance, _ in found["examples"]:
                assert found["cluster"][row] == cluster
                assert distance > 0 and place in ("center", "border")
                if name == data["first"]:
                    listed.add(speaker["ids"][row])
            if encoder == "one":
                score = ORACLES["ami"](emotions, found["cluster"])
                amis.append((score, name))
    # The median speaker is shown first, and can be listened to anywhere.
    assert data["first"] == sorted(amis)[2][1]
    assert set(data["embedded"]) == listed
    assert all(
        x.startswith("data:audio/flac") for x in data["embedded"].values()
    )


def test_numbers_are_written_for_readers():
    shown = [page.format_number(x) for x in (-0.0123, None, float("nan"))]
    assert shown == ["−0.012", "–", "–"]


def check_page(found, logged):
    """No console line, no request, no figure that is not there to see."""
    assert logged == []
    assert all(x.startswith("data:") for x in found["requests"])
    assert found["images"] and min(map(min, found["images"])) > 100
    assert found["overflow"] <= 0


def test_the_labeled_page_works_in_a_browser(labeled, chromium, tmp_path):
    found, logged = visit(chromium, labeled[2] / "report.html", tmp_path)
    check_page(found, logged)
    assert len(found["images"]) == 9
    assert found["panels"] == 2
    assert found["marks"] == found["lastMarks"] == 2 * 18
    assert found["examples"] == 3 * 3 + 3
    assert found["last"].startswith("s3-ang00, cluster")
    numbers = [number(x) for x in found["ascending"]]
    assert numbers == sorted(numbers)
    descending = [number(x) for x in found["descending"]]
    assert descending == sorted(numbers, reverse=True)
    assert 0 < found["filtered"] < len(numbers)
    assert found["playing"].startswith("s3-")
    assert found["source"].endswith(".wav")


def test_the_unlabeled_page_works_in_a_browser(unlabeled, chromium, tmp_path):
    found, logged = visit(chromium, unlabeled[2] / "report.html", tmp_path)
    check_page(found, logged)
    assert found["panels"] == 1 and found["marks"] == 9


@pytest.mark.parametrize("which", ["labeled", "unlabeled"])
def test_a_page_refers_to_nothing_outside(which, request):
    path = request.getfixturevalue(which)[2] / "report.html"
    text = path.read_text(encoding="utf-8")
    loaded = r'<(?!a )\w[^>]*\b(?:src|srcset|data|poster|action|href)="([^"]*)"'
    addresses = re.findall(loaded, text)
    assert addresses and all(x.startswith("data:") for x in addresses)
    text = re.sub(r"data:[a-z/+]+;base64,[A-Za-z0-9+/=]+", "", text)
    links = set(re.findall(r"\w+://[^\"'\s)]+", text))
    assert links == {"http://www.w3.org/2000/svg"}
    assert "url(" not in text and "@import" not in text


def test_every_figure_is_a_png_and_an_svg(labeled):
    figures = labeled[2] / "figures"
    names = {
        x.relative_to(figures).with_suffix("") for x in figures.rglob("*.*")
    }
    assert {str(x) for x in names} == {
        *"follows by_k spread matching pairs by_utterances probes".split(),
        "maps_one",
        "maps_two",
        "speakers/one/s0",
        "speakers/two/s0",
    }
    for name in names:
        picture = matplotlib.image.imread(figures / f"{name}.png")
        assert min(picture.shape[:2]) > 200 and picture[..., :3].std() > 0.02
        text = (figures / f"{name}.svg").read_text(encoding="utf-8")
        assert text.startswith("<?xml")


def test_nothing_is_done_again_until_something_changes(
    labeled, monkeypatch, tmp_path
):
    sources, caches, before, text = labeled
    out = shutil.copytree(before, tmp_path / "copy")
    monkeypatch.setattr(
        report, "run_study", lambda **_: pytest.fail("was done again")
    )
    again = analyze(sources, caches, out, with_audio=True, **OPTIONS)
    assert again == text.replace(str(before), str(out))
    with pytest.raises(pytest.fail.Exception, match="done again"):
        analyze(sources, caches, out, **{**OPTIONS, "seed": 2})


def test_without_labels_the_report_says_what_is_missing(unlabeled):
    _, _, out, text = unlabeled
    missing = json.loads((out / "summary.json").read_text())["missing"]
    assert {"emotion", "sentence", "session", "intensity"} <= set(missing)
    assert set(missing) <= {*TARGETS, "gender"}
    shown = (out / "report.html").read_text(encoding="utf-8")
    for target, reason in missing.items():
        assert f"not compared with {target}: {reason}" in text
        assert f"Nothing is compared with <b>{target}</b>: {reason}" in shown
    assert "No emotion labels" in shown
    head = read_table(shown, "At a glance")[0]
    assert [x[0] for x in head] == ["embedding", "silhouette", "stability"]
    targets = {row[3][0] for row in read_table(shown, "All numbers")[1:]}
    assert {"other seed", "clusters", "loudness"} <= targets
    assert not (out / "numbers" / "emotion_pairs.csv").exists()
    assert (out / "figures" / "by_k.svg").exists()
    assert (out / "figures" / "maps_one.svg").exists()


@pytest.mark.parametrize(
    "options",
    [
        {"n_speakers": 1},
        {"n_speakers": 2, "n_takes": 1, "n_sentences": 1},
        {"n_speakers": 1, "emotions": ("ang",), "n_sentences": 1, "n_takes": 1},
    ],
    ids=["one speaker", "hardly any speech", "one utterance"],
)
def test_small_corpora_get_a_report(make_corpus, tmp_path, options):
    sources, caches = make_corpus(encoders=("one",), **options)
    text = analyze(sources, caches, tmp_path, **OPTIONS)
    assert (tmp_path / "report.html").exists()
    assert text.startswith("Of the clusters inside each speaker")


def test_a_page_of_many_speakers_says_that_it_holds_some(
    make_corpus, tmp_path, monkeypatch
):
    monkeypatch.setattr(page, "MOST_SPEAKERS", 2)
    sources, caches = make_corpus(encoders=("one",), n_takes=1)
    analyze(sources, caches, tmp_path, listen="s3", **OPTIONS)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "This page holds 2 speakers" in text
    assert list(read_data(text)["speakers"]) == ["s0", "s3"]


def test_identical_embeddings_get_a_report(make_corpus, tmp_path):
    sources, caches = make_corpus(encoders=("one",), n_speakers=2)
    caches["one"].vectors = np.ones_like(caches["one"].vectors)
    text = analyze(sources, caches, tmp_path, **OPTIONS)
    assert "can be compared with nothing that is known" in text


def test_a_speaker_who_is_not_there_cannot_be_listened_to(labeled, tmp_path):
    sources, caches, *_ = labeled
    with pytest.raises(AnalysisError, match="no speaker 'nobody'"):
        analyze(sources, caches, tmp_path, listen="nobody", **OPTIONS)


def test_every_speaker_has_a_map_of_their_own():
    names = ["a/b", "a_b", "a b", "a-b", "Actor_01", "张/三"]
    files = [_safe(name) for name in names]
    assert len(set(files)) == len(names)
    assert all("/" not in x and " " not in x for x in files)
    assert files[4] == "Actor_01"
