"""Options that contradict each other, before anything is done."""

import pytest
from data_prep.errors import EmoclustError
from data_prep.pools.sources import Sources
from emoclust_lobes.ser.goals import Goal
from emoclust_lobes.ser.options import refuse_contradictions

OPTIONS = {
    "pretraining": "contrastive",
    "contrastive_weight": 0,
    "propagate_labels": True,
    "ssl_trainable_layers": 0,
    "goal": Goal(),
}


@pytest.mark.parametrize("pools", ["calls", ["calls", "shows"], []])
def test_labels_for_the_clusters_of_others_alone_are_refused(pools):
    """They have no label to propagate, and nobody to give one to."""

    def refuse(pools, **changes):
        sources = Sources(pools, "nowhere", "nowhere")
        refuse_contradictions({**OPTIONS, "sources": sources, **changes})

    with pytest.raises(EmoclustError, match="add own to --pools"):
        refuse(pools)
    refuse(pools, propagate_labels=False)
    refuse([*([pools] if pools == "calls" else pools), "own"])
    refuse("own")
