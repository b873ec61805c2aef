"""Which runs there are: against all combinations, one by one."""

import itertools

import hypothesis.strategies as st
import pytest
from emoclust_lobes.protocol.plan import (
    ProtocolError,
    System,
    plan_jobs,
    read_systems,
)
from hypothesis import given

CONTRAST = {"pretraining": "contrastive"}
SYSTEMS = [
    System("none", {"pretraining": "none"}, {}, {}),
    System("contrastive", CONTRAST, {}, {}),
    System("joint", CONTRAST, {"ser_contrastive_weight": 0.3}, {}),
    System("noise", {**CONTRAST, "cluster_noise": 0.5}, {}, {}),
    System("vectors", {}, {}, {"encoders": ["stats"]}),
    System("others", {}, {}, {"encoders": ["ge2e"]}),
    System("enrolled", {}, {}, {"speaker_normalized": True}),
]


def runs_of(jobs):
    return [
        (system.name, share, job.fold, job.seed)
        for job in jobs
        for system, share in job.runs
    ]


def test_a_system_tells_what_it_hears_and_reads():
    mapped = {"encoders": ["ssl"], "unlabeled": "ridge_map"}
    for system, uses, encoders in (
        (SYSTEMS[0], "labels alone", set()),
        (SYSTEMS[1], "training speakers", set()),
        (
            System("map", {}, {}, mapped),
            "training speakers",
            {"ssl", "campplus"},
        ),
        (SYSTEMS[5], "labels alone", {"ge2e"}),
    ):
        assert (system.uses, system.encoders) == (uses, encoders)
    other = System("other", {}, {}, {**mapped, "centered": ["ge2e"]})
    assert other.encoders == {"ssl", "ge2e"}


@pytest.mark.parametrize(
    ("system", "ways"),
    [
        (SYSTEMS[0], {"none"}),
        (SYSTEMS[1], {"none", "other"}),
        (
            System("shuffled", {"pretraining": "shuffled"}, {}, {}),
            {"none", "other"},
        ),
        (
            System("simclr", {"pretraining": "simclr"}, {}, {}),
            {"none", "other"},
        ),
        (
            System("speaker", {"pretraining": "speaker"}, {}, {}),
            {"none", "other"},
        ),
        (SYSTEMS[4], {"none"}),
        (SYSTEMS[6], {"none"}),
        (System("map", {}, {}, {"unlabeled": "ridge_map"}), {"none", "other"}),
        (System("std", {}, {}, {"unlabeled": "standardized"}), {"other"}),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_what_hears_unlabeled_speech_can_adapt(system, ways):
    assert {x for x in ("none", "other") if system.runs_with(x)} == ways


def subsets(values):
    return st.lists(st.sampled_from(values), unique_by=str)


@given(
    systems=subsets(SYSTEMS),
    folds=subsets([1, 2, 3]),
    seeds=st.integers(1, 3).map(lambda n: list(range(7, 7 + n))),
    labels=subsets([1.0, 0.5, 0.1]),
    data=st.data(),
)
def test_every_run_that_is_missing_is_planned_once(
    systems, folds, seeds, labels, data
):
    wanted = {
        (system.name, share, fold, seed)
        for system, share, fold, seed in itertools.product(
            systems, labels, folds, seeds
        )
        # The first seed alone where a system draws nothing
        if system.name not in ("vectors", "others")
        or share < 1
        or seed == seeds[0]
    }
    everything = sorted(wanted) or [("none", 1.0, 1, 7)]
    finished = set(data.draw(subsets(everything)))
    jobs = plan_jobs(systems, folds, seeds, labels, finished)
    planned = runs_of(jobs)
    assert len(planned) == len(set(planned))
    assert set(planned) == wanted - finished
    # Those that share a stage 1 are one job's, and no other is.
    assert len({(x.fold, x.seed, x.name) for x in jobs}) == len(jobs)
    for job in jobs:
        kinds = {
            "baselines" if system.baseline else str(system.stage1)
            for system, _ in job.runs
        }
        assert len(kinds) == 1
    # A fold and seed is compared whole before the next.
    places = [(job.seed, job.fold) for job in jobs]
    order = [x for x in itertools.product(seeds, folds) if x in places]
    assert [x for x, _ in itertools.groupby(places)] == order


def test_shares_are_those_that_results_tell():
    finished = {("none", 0.333333, 1, 7)}
    thirds = [1 / 3, 0.3333333]
    assert plan_jobs(SYSTEMS[:1], [1], [7], thirds, finished) == []
    (job,) = plan_jobs(SYSTEMS[:1], [1], [7], thirds, set())
    assert job.runs == ((SYSTEMS[0], 0.333333),)


def test_stage_1_is_named_by_its_settings_as_a_folder_can_be():
    names = {x.name: x.stage1_name for x in SYSTEMS}
    assert names["joint"] == names["contrastive"] == "contrastive"
    assert names["noise"] == "contrastive-cluster_noise_0.5"
    pools = System("x", {**CONTRAST, "pools": ["own", "/a b=c/d"]}, {}, {})
    assert not set("/= ") & set(pools.stage1_name)


def test_clusters_are_needed_where_they_are_contrasted():
    needed = {x.name for x in SYSTEMS if x.needs_clusters}
    assert needed == {"contrastive", "joint", "noise"}
    late = System("late", {}, {"ser_contrastive_weight": 0.1}, {})
    assert late.needs_clusters
    assert System(
        "spread", {}, {"ser_propagate_labels": True}, {}
    ).needs_clusters


def test_systems_are_read_in_the_order_asked_for(tmp_path):
    path = tmp_path / "systems.yaml"
    path.write_text(
        "plain:\n"
        "vectors: {baseline: {encoders: [stats]}}\n"
        "joint:\n"
        "    stage1: {pretraining: contrastive}\n"
        "    stage2: {ser_contrastive_weight: 0.3}\n"
    )
    plain, vectors, joint = SYSTEMS[0], SYSTEMS[4], SYSTEMS[2]
    found = read_systems(path, ["joint", "vectors", "plain"])
    assert found == [joint, vectors, plain._replace(name="plain", stage1={})]
    assert found[2].stage1_name == plain.stage1_name


@pytest.mark.parametrize(
    "text, message",
    [
        (None, "there is no"),
        ("other: {}", "has no system 'mine': choose of other"),
        ("mine: {stage3: {}}", "the system mine has stage3"),
        ("mine: {stage1: {temperature: 1}}", "which pretraining"),
    ],
)
def test_what_is_wrong_with_a_system_is_named(tmp_path, text, message):
    path = tmp_path / "systems.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ProtocolError, match=message):
        read_systems(path, ["mine"])
