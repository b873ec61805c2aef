"""No training goes on with clusters that another run has made meanwhile."""

import shutil

import pytest
from data_prep.storage.files import read_json
from emoclust_lobes import contrast
from emoclust_lobes.clustering.clusters import cluster_utterances
from emoclust_lobes.experiment.command_line import Refused

from tests.training.recipe_runs import only

SPREAD = ("--init=none", "--ser_propagate_labels=True")
OVER = {"dirs_exist_ok": True}


@pytest.fixture
def options(corpora, short, tmp_path):
    """Arguments of a short run with a cluster folder of its own."""
    return [corpora, tmp_path, *short, f"--cluster_folder={tmp_path / 'own'}"]


@pytest.mark.parametrize(
    "script, others_for",
    [
        ("train_contrastive.py", "the pool"),
        ("train_contrastive.py", "development speakers"),
        ("train_ser.py", "the pool"),
    ],
)
def test_clusters_of_another_run_are_refused(
    script, others_for, options, run_here, tmp_path, monkeypatch
):
    def read(sources, really=contrast.clustered_pool, **arguments):
        if others_for == "the pool":
            shutil.copytree(tmp_path / "own", tmp_path / "kept")
            cluster_again(sources, **arguments)
            table = really(sources, **arguments)
            shutil.copytree(tmp_path / "kept", tmp_path / "own", **OVER)
        else:
            table = really(sources, **arguments)
            cluster_again(sources, **arguments)
        return table

    monkeypatch.setattr(contrast, "clustered_pool", read)
    with pytest.raises(Refused, match="another run .* own cluster_folder"):
        run_here(script, "ravdess", *options, *SPREAD)
    assert not list(tmp_path.rglob("metrics.json"))


def cluster_again(
    sources, embedding_folder, encoder, cluster_folder, **arguments
):
    """Do what another run does, with another number of clusters."""
    cluster_utterances(sources, embedding_folder, encoder, cluster_folder, 2)


@pytest.mark.parametrize("script", ["train_contrastive.py", "train_ser.py"])
def test_a_run_records_which_clusters_it_has_read(
    script, options, run_here, tmp_path
):
    run_here(script, "ravdess", *options, *SPREAD)
    clusters = read_json(tmp_path / "own/clusters.json")["fingerprint"]
    assert read_json(only(tmp_path, "settings.json"))["clusters"] == clusters
