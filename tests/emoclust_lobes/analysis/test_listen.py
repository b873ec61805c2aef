"""Examples to listen to against slow loops and the audio itself."""

import base64
import io
import os
import urllib.parse

import numpy as np
import pandas
import pytest
import soundfile
from emoclust_lobes.analysis.grid import Speaker
from emoclust_lobes.analysis.listen import choose_utterances, embed_audio, link


def test_chosen_utterances_are_the_nearest_ones():
    rng = np.random.default_rng(1)
    vectors, clusters = rng.normal(size=(40, 3)), np.arange(40) % 3
    ids = np.array([f"u{x}" for x in range(40)])
    found = choose_utterances(Speaker("s", vectors, {}), ids, clusters)
    centers = [vectors[clusters == c].mean(axis=0) for c in range(3)]
    distances = np.array(
        [[np.linalg.norm(v - c) for c in centers] for v in vectors]
    )
    for cluster in range(3):
        mine = [x for x in range(40) if clusters[x] == cluster]
        mine.sort(key=lambda x: distances[x, clusters[x]])
        rows = found[
            (found["cluster"] == cluster) & (found["place"] == "center")
        ]
        assert rows["ID"].tolist() == ids[mine[:3]].tolist()
    margins = [
        min(np.delete(row, own)) - row[own]
        for row, own in zip(distances, clusters, strict=True)
    ]
    border = found[found["place"] == "border"]
    assert border["ID"].tolist() == ids[np.argsort(margins)[:3]].tolist()
    np.testing.assert_allclose(border["margin"], np.sort(margins)[:3])


def test_one_cluster_has_no_border():
    speaker = Speaker("s", np.eye(4), {})
    found = choose_utterances(speaker, list("abcd"), np.zeros(4, dtype=int))
    assert set(found["place"]) == {"center"} and len(found) == 3


@pytest.mark.parametrize("name", ["a.wav", "a b#1?%20.wav", "ü/x.flac"])
def test_a_link_leads_from_the_page_to_the_file(tmp_path, name):
    wav = tmp_path / "data" / name
    row = pandas.Series({"wav": str(wav), "start": "", "stop": ""})
    address = link(row, tmp_path / "results" / "analysis")
    found = urllib.parse.urljoin("file:///x/results/analysis/r.html", address)
    path = urllib.parse.unquote(urllib.parse.urlsplit(found).path)
    assert path == f"/x/data/{name}"
    assert not os.path.isabs(address)


def test_a_link_to_a_segment_tells_its_seconds():
    segment = {"wav": "/a.wav", "start": "8000", "stop": "24000"}
    row = pandas.Series({**segment, "duration": 2.0})
    assert link(row, "/") == "a.wav#t=1.000,3.000"


def test_embedded_audio_is_the_segment_of_the_file(tmp_path):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 4000)
    soundfile.write(tmp_path / "a.wav", noise, 16000)
    row = pandas.Series(
        {"wav": str(tmp_path / "a.wav"), "start": "1000", "stop": "3000"}
    )
    head, content = embed_audio(row).split(",")
    assert head == "data:audio/flac;base64"
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(content)))
    assert rate == 16000
    np.testing.assert_allclose(samples, noise[1000:3000], atol=1e-3)
