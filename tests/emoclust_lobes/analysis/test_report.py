"""The whole report: its files, its page in a browser, its edges."""

import html.parser
import json
import re
import shutil

import matplotlib.image
import numpy as np
import pandas
import pytest
from emoclust_lobes.analysis import AnalysisError, analyze, page, report
from emoclust_lobes.analysis.utterances import TARGETS

from tests.emoclust_lobes.analysis.browser import visit

OPTIONS = {
    "title": "made up",
    "algorithms": ["kmeans", "ward"],
    "ks": [2, 3],
    "reference_k": 3,
    "n_seeds": 2,
    "n_init": 2,
    "n_permutations": 20,
    "seed": 1,
    "n_maps": 1,
}


class Addresses(html.parser.HTMLParser):
    """Collects what a page refers to, apart from links to click on."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        """Keep every address that a browser would follow by itself."""
        for name, value in attrs:
            if name in ("src", "srcset", "data", "poster", "action") or (
                name == "href" and tag != "a"
            ):
                self.found.append(value)


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


def check_page(found, logged, picture):
    """No console line, no request, no figure that is not there to see."""
    assert logged == []
    assert [x for x in found["requests"] if not x.startswith("data:")] == []
    assert found["images"] and all(
        min(sizes) > 100 for sizes in found["images"]
    )
    assert found["overflow"] <= 0
    # The whole picture is not of one color, nor is any part of its middle.
    middle = picture[:, 200:900, :3]
    for part in np.array_split(middle[:3000], 6):
        assert part.std() > 0.02


def test_the_labeled_page_works_in_a_browser(labeled, chromium, tmp_path):
    _, caches, out, _ = labeled
    found, logged, picture = visit(chromium, out / "report.html", tmp_path)
    check_page(found, logged, picture)
    assert len(found["images"]) == 9
    assert found["panels"] == 2
    assert found["marks"] == found["lastMarks"] == 2 * 18
    assert found["examples"] == 3 * 3 + 3
    assert found["last"].startswith("s3-ang00, cluster")
    numbers = [float(x.replace("−", "-")) for x in found["ascending"]]
    assert numbers == sorted(numbers)
    assert found["descending"] == found["ascending"][::-1] or (
        sorted(numbers, reverse=True)
        == [float(x.replace("−", "-")) for x in found["descending"]]
    )
    assert 0 < found["filtered"] < len(numbers)
    assert found["playing"].startswith("s3-")
    assert found["source"].endswith(".wav")


def test_the_unlabeled_page_works_in_a_browser(unlabeled, chromium, tmp_path):
    found, logged, picture = visit(
        chromium, unlabeled[2] / "report.html", tmp_path
    )
    check_page(found, logged, picture)
    assert found["panels"] == 1 and found["marks"] == 9


@pytest.mark.parametrize("which", ["labeled", "unlabeled"])
def test_a_page_refers_to_nothing_outside(which, request):
    out = request.getfixturevalue(which)[2]
    text = (out / "report.html").read_text(encoding="utf-8")
    addresses = Addresses()
    addresses.feed(text)
    assert addresses.found
    assert all(x.startswith(("data:", "#")) for x in addresses.found)
    without_data = re.sub(r"data:[a-z/+]+;base64,[A-Za-z0-9+/=]+", "", text)
    links = set(re.findall(r"\w+://[^\"'\s)]+", without_data))
    assert links == {"http://www.w3.org/2000/svg"}
    assert "url(" not in without_data and "@import" not in without_data


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


def test_numbers_on_disk_are_those_of_the_summary(labeled):
    _, _, out, text = labeled
    summary = json.loads((out / "summary.json").read_text())
    assert text.startswith(summary["verdict"])
    assert "those of one follow emotion most" in summary["verdict"]
    assert str(out / "report.html") in text
    overall = pandas.read_csv(out / "numbers" / "overall.csv")
    assert len(overall.groupby(["encoder", "algorithm", "k"])) == 8
    for row in summary["summary"]:
        rows = overall[
            (overall["encoder"] == row["encoder"])
            & (overall["algorithm"] == "kmeans")
            & (overall["k"] == 3)
            & (overall["target"] == "emotion")
        ].set_index("measure")
        for measure in ("ami", "ari", "nmi", "purity"):
            for name in ("value", "low", "high", "chance", "p"):
                assert rows.loc[measure, name] == pytest.approx(
                    row[measure][name], abs=1e-5
                )
    for name in summary["numbers"] + summary["figures"]:
        assert (out / name).exists()
    examples = pandas.read_csv(out / "numbers" / "examples.csv")
    assert all((out / x).resolve().exists() for x in examples["audio"])


def test_embedded_audio_is_of_the_listened_speaker_only(labeled):
    out = labeled[2]
    text = (out / "report.html").read_text(encoding="utf-8")
    data = json.loads(
        re.search(
            r'<script type="application/json"[^>]*>(.*?)</script>', text, re.S
        )[1]
    )
    examples = pandas.read_csv(out / "numbers" / "examples.csv")
    mine = examples[examples["spk_id"] == data["first"]]
    assert set(data["embedded"]) == set(mine["ID"])
    assert all(
        x.startswith("data:audio/flac") for x in data["embedded"].values()
    )


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
    summary = json.loads((out / "summary.json").read_text())
    assert {"emotion", "sentence", "session", "intensity"} <= set(
        summary["missing"]
    )
    assert set(summary["missing"]) <= {*TARGETS, "gender"}
    for target, reason in summary["missing"].items():
        assert f"not compared with {target}: {reason}" in text
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "No emotion labels" in page
    overall = pandas.read_csv(out / "numbers" / "overall.csv")
    assert {"other seed", "clusters", "loudness"} <= set(overall["target"])
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
    assert '"s0": {' in text and '"s3": {' in text
    assert '"s1": {' not in text and '"s2": {' not in text


def test_identical_embeddings_get_a_report(make_corpus, tmp_path):
    sources, caches = make_corpus(encoders=("one",), n_speakers=2)
    caches["one"].vectors = np.ones_like(caches["one"].vectors)
    text = analyze(sources, caches, tmp_path, **OPTIONS)
    assert "can be compared with nothing that is known" in text


def test_a_speaker_who_is_not_there_cannot_be_listened_to(labeled, tmp_path):
    sources, caches, *_ = labeled
    with pytest.raises(AnalysisError, match="no speaker 'nobody'"):
        analyze(sources, caches, tmp_path, listen="nobody", **OPTIONS)
