"""From the command line's options to a report."""

import argparse
import functools

import pytest
from data_prep import Sources, prepare_ravdess
from data_prep.storage.files import read_json
from emoclust_lobes.analysis.command import add_arguments, analyze_experiment
from emoclust_lobes.analysis.report import AnalysisError
from emoclust_lobes.embeddings.cache import read_cache
from emoclust_lobes.embeddings.extraction import embed_utterances
from emoclust_lobes.synthetic import make_ravdess
from emoclust_lobes.synthetic.models import save_tiny


def parse(*options):
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser)
    return parser.parse_args(options)


@pytest.fixture(scope="module")
def hparams(tmp_path_factory):
    """What a YAML would hold, its manifests prepared."""
    folder = tmp_path_factory.mktemp("experiment")
    corpus, manifest = folder / "corpus", folder / "manifest"
    make_ravdess(corpus, n_speakers=3, n_statements=1, n_repetitions=1)
    prepare_ravdess(corpus, manifest, expect_complete=False)
    return {
        "corpus": "RAVDESS",
        "seed": 1,
        "output_folder": str(folder),
        "embedding_folder": str(folder / "embeddings"),
        "speaker_encoder": "stats",
        "speaker_encoder_source": None,
        "n_clusters": 3,
        "cluster_algorithm": "kmeans",
        "cluster_restarts": 2,
        "sources": Sources(["own"], corpus, manifest),
        "embed": functools.partial(
            embed_utterances, embedding_folder=folder / "embeddings"
        ),
    }


@pytest.mark.parametrize(
    "text, numbers",
    [("2..4", [2, 3, 4]), ("8,2", [2, 8]), ("5", [5]), ("3..3,3", [3])],
)
def test_numbers_and_ranges_are_read(text, numbers):
    assert parse(f"--k={text}").k == numbers


@pytest.mark.parametrize("text", ["1..3", "", "a", "4..2", "2...4"])
def test_other_numbers_are_refused(text):
    with pytest.raises(argparse.ArgumentError):
        parse(f"--k={text}")


def test_a_yaml_without_a_key_is_refused(hparams):
    without = {x: y for x, y in hparams.items() if x != "cluster_algorithm"}
    with pytest.raises(AnalysisError, match="has no cluster_algorithm"):
        analyze_experiment(without, parse(), "cpu")


def test_an_experiment_becomes_a_report(hparams, tmp_path):
    options = parse(
        "--k=2..3",
        "--permutations=10",
        "--seeds=2",
        "--maps=0",
        "--jobs=1",
        f"--out={tmp_path}",
        "--title=three synthetic actors",
    )
    text = analyze_experiment(hparams, options, "cpu")
    assert "three synthetic actors (kmeans, k = 3)" in text
    arguments = read_json(tmp_path / "summary.json")["arguments"]
    assert arguments["algorithms"] == ["kmeans", "ward"]
    assert arguments["ks"] == [2, 3] and arguments["default_k"] == 3
    assert list(arguments["encoders"]) == ["stats"]
    assert not (tmp_path / "figures" / "speakers").exists()


def test_ssl_beside_another_encoder_is_of_ssl_vectors(hparams, tmp_path):
    folder = save_tiny("whisper", tmp_path / "whisper")
    options = parse(
        "--speaker_encoders=stats,ssl",
        "--algorithms=kmeans",
        "--permutations=1",
        "--seeds=2",
        "--maps=0",
        "--jobs=1",
        f"--out={tmp_path / 'analysis'}",
    )
    changes = {"ssl_vectors": f"{folder}@1"}
    analyze_experiment({**hparams, **changes}, options, "cpu")
    identity = read_cache(hparams["embedding_folder"], "ssl").identity
    assert (identity["source"], identity["layers"]) == (str(folder), [1])


@pytest.mark.parametrize(
    "options, changes, message",
    [
        (["--algorithms=kmeans,dbscan"], {}, "algorithm 'dbscan'"),
        ([], {"n_clusters": "silhouette"}, "say which numbers of clusters"),
        (["--seeds=1"], {}, "--seeds starts at 2"),
    ],
)
def test_what_cannot_be_done_is_said(hparams, options, changes, message):
    with pytest.raises(AnalysisError, match=message):
        analyze_experiment({**hparams, **changes}, parse(*options), "cpu")
