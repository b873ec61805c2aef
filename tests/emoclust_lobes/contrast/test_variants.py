"""Variants of stage 1: who is whose positive."""

import collections

import numpy as np
import pandas as pd
import pytest
from emoclust_lobes.clustering.clusters import ClusterError
from emoclust_lobes.contrast.samplers import SpeakerClusterBatchSampler
from emoclust_lobes.contrast.variants import (
    VARIANTS,
    assign_clusters,
    find_variant,
)
from hypothesis import (
    given,
    settings,
    strategies as st,
)


def tables(sizes=(24, 10, 1), seed=0):
    """A pool of speakers, and their clusters."""
    rng = np.random.default_rng(seed)
    rows = []
    for number, size in enumerate(sizes):
        for utterance in range(size):
            rows.append(
                {
                    "ID": f"s{number}_{utterance:02d}",
                    "spk_id": f"s{number}",
                    "emotion": rng.choice(["ang", "hap", "neu", ""]),
                    "cluster": int(rng.integers(4)),
                }
            )
    table = pd.DataFrame(rows)
    return (
        table[["ID", "spk_id", "emotion"]],
        table[["ID", "spk_id", "cluster"]],
    )


def assign(pretraining, noise=0.0, seed=1, pool=None, clusters=None):
    """Assign the clusters of a variant to the tables above."""
    if pool is None:
        pool, clusters = tables()
    variant = find_variant(pretraining)
    return assign_clusters(pool, clusters, variant, noise, seed)


def test_the_variants_are_those_that_were_promised():
    assert {
        name: (v.clusters, v.contrastive, v.speaker or v.distils)
        for name, v in VARIANTS.items()
    } == {
        "contrastive": ("speaker", True, False),
        "multitask": ("speaker", True, "with"),
        "adversarial": ("speaker", True, "against"),
        "speaker": ("speaker", False, "with"),
        "simclr": ("utterance", True, False),
        "shuffled": ("shuffled", True, False),
        "oracle": ("emotion", True, False),
        "aligned": ("aligned", True, False),
        "distil": ("", False, True),
        "distil_contrastive": ("speaker", True, True),
    }
    across = {n for n, v in VARIANTS.items() if v.positives == "all"}
    assert across == {"aligned"}
    assert {n for n, v in VARIANTS.items() if v.negatives} == {"simclr"}


@pytest.mark.parametrize(
    "name", ["contrastive", "multitask", "adversarial", "speaker", "aligned"]
)
def test_clusters_stay_as_they_were_found(name):
    pool, clusters = tables()
    table = assign(name)
    found = clusters.set_index("ID").loc[table["ID"]]
    assert table[["ID", "spk_id", "emotion"]].equals(pool)
    assert table["cluster"].tolist() == found["cluster"].tolist()
    assert (table["utterance_id"] == table["ID"]).all()


@given(noise=st.floats(0, 1), seed=st.integers(0, 1000))
def test_noise_keeps_sizes_and_moves_no_more_than_its_share(noise, seed):
    before, after = assign("contrastive"), assign("contrastive", noise, seed)
    for _, rows in before.groupby("spk_id"):
        moved = after.loc[rows.index]
        assert collections.Counter(rows["cluster"]) == collections.Counter(
            moved["cluster"]
        )
        n_moved = (rows["cluster"] != moved["cluster"]).sum()
        n_chosen = round(noise * len(rows))
        assert n_moved <= (2 if n_chosen == 1 else n_chosen)  # a pair at least
    assert after.drop(columns="cluster").equals(before.drop(columns="cluster"))


def test_noise_makes_clusters_impure_to_the_degree_it_says():
    pool, clusters = tables(sizes=[4000])
    for noise in (0.0, 0.25, 0.5, 1.0):
        table = assign("contrastive", noise, pool=pool, clusters=clusters)
        same = (table["cluster"] == clusters["cluster"]).mean()
        # Of four equal clusters, a quarter of the exchanged stay by chance.
        assert same == pytest.approx(1 - 0.75 * noise, abs=0.03)


def test_noise_of_one_utterance_exchanges_it_with_another():
    pool, clusters = tables(sizes=[4])
    clusters["cluster"] = range(4)
    moved = [
        (
            assign("contrastive", 0.25, seed, pool=pool, clusters=clusters)[
                "cluster"
            ].to_numpy()
            != clusters["cluster"].to_numpy()
        ).sum()
        for seed in range(400)
    ]
    # Nobody or two, as often: one of the four on average
    assert set(moved) == {0, 2}
    assert sum(moved) / 400 == pytest.approx(1, abs=0.15)


def test_shuffled_is_the_contrast_with_all_noise():
    assert assign("shuffled").equals(assign("contrastive", 1.0))
    assert not assign("shuffled").equals(assign("contrastive"))
    assert not assign("shuffled").equals(assign("shuffled", seed=2))


@pytest.mark.parametrize("name", VARIANTS)
@settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(35)))
def test_the_order_of_rows_and_other_speakers_do_not_matter(name, order):
    noise = 0.0 if name in ("simclr", "distil") else 0.5
    columns = ["ID", "cluster"]
    expected = assign(name, noise).sort_values("ID")[columns]
    pool, clusters = tables()
    shuffled = assign(
        name, noise, pool=pool.iloc[order], clusters=clusters.iloc[order[::-1]]
    )
    assert shuffled.index.is_unique
    again = shuffled.sort_values("ID")[columns]
    assert again.values.tolist() == expected.values.tolist()
    if name != "oracle":  # whose classes are numbered over all speakers
        alone = assign(
            name, noise, pool=pool[pool["spk_id"] == "s1"], clusters=clusters
        )
        own = expected[expected["ID"].str.startswith("s1")]
        assert alone[columns].values.tolist() == own.values.tolist()


def test_every_speaker_exchanges_in_a_way_of_their_own():
    same = {"cluster": np.arange(50) // 10, "emotion": ""}
    speakers = [
        pd.DataFrame(same).assign(
            ID=[f"{name}_{number:02d}" for number in range(50)], spk_id=name
        )
        for name in ("anna", "bert")
    ]
    # The parts of a pool come with numbers of their own.
    table = pd.concat(speakers)
    shuffled = assign("shuffled", pool=table, clusters=table)
    anna, bert = (rows for _, rows in shuffled.groupby("spk_id"))
    assert anna["cluster"].tolist() != bert["cluster"].tolist()
    views = assign("simclr", pool=table, clusters=table)
    assert views["cluster"].tolist() == [n // 2 for n in range(100)] * 2


def test_simclr_hears_every_utterance_twice_and_nothing_else_alike():
    pool, _ = tables()
    table = assign("simclr")
    assert table["ID"].is_unique
    assert len(table) == 2 * len(pool)
    for _, views in table.groupby(["spk_id", "cluster"]):
        (original,) = set(views["utterance_id"])
        assert views["ID"].tolist() == [f"{original}#1", f"{original}#2"]
    sampler = SpeakerClusterBatchSampler(
        table["spk_id"], table["cluster"], 2, 4, 2, steps=3, seed=1
    )
    for batch in sampler:
        counts = collections.Counter(table["utterance_id"].iloc[batch])
        assert set(counts.values()) == {2}


def test_oracle_clusters_are_emotions_of_those_that_have_one():
    pool, _ = tables()
    table = assign("oracle")
    assert set(table["ID"]) == set(pool["ID"][pool["emotion"] != ""])
    pairs = set(zip(table["cluster"], table["emotion"], strict=True))
    assert pairs == {(0, "ang"), (1, "hap"), (2, "neu")}
    assert table.index.tolist() == list(range(len(table)))


def test_the_pool_that_is_given_stays_as_it_is():
    pool, clusters = tables()
    before = pool.copy()
    for name in VARIANTS:
        assign(name, pool=pool, clusters=clusters)
    assert pool.equals(before)


def test_what_cannot_be_done_is_said():
    pool, clusters = tables()
    with pytest.raises(ClusterError, match="2 of 35 .* no cluster.* s0_00"):
        assign("contrastive", pool=pool, clusters=clusters[2:])
    with pytest.raises(ClusterError, match="none of the pool's 35 utterances"):
        assign("oracle", pool=pool.assign(emotion=""), clusters=clusters)
    with pytest.raises(ValueError, match="between 0 and 1, not 1.5"):
        assign("contrastive", 1.5)
    with pytest.raises(ValueError, match="cluster_noise changes nothing"):
        assign("simclr", 0.5)
    with pytest.raises(ValueError, match="or none is made"):
        assign("distil", 0.5)
