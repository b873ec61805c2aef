"""The arithmetic to VoxCeleb2, checked by hand on made-up measurements."""

import pandas as pd

from benchmarks.voxceleb2 import voxceleb2

ROWS = [
    {"part": part, "size": size, "side": "ours", "threads": 1, "seconds": time}
    for part, size, time in (
        ("extraction", 60, 120.0),
        ("clustering", 2, 0.002),
        ("sampler", 1_092_009, 0.5),
        ("stage1_step", 10, 30.0),
        ("crops", 64, 0.064),
    )
]


def rows_of(table):
    lines = [x for x in table.splitlines() if x.startswith("| ")]
    return [[cell.strip() for cell in x.split("|")[1:-1]] for x in lines[1:]]


def test_times_grow_with_the_work():
    table = voxceleb2(pd.DataFrame(ROWS))
    embedding, clustering, planning, training = rows_of(table)
    assert embedding[2] == "200 days"  # 2,400 hours twice
    assert clustering[2:] == ["6 s", "6 s", "6 s"]
    assert planning[2] == "0.5 s"
    assert training[2] == "5.92 days"  # 170,626 steps of 3 s
    one, eight = (float(x.split()[0]) for x in embedding[3:])
    assert abs(one - 8 * eight) < 0.2  # both in minutes


def test_fewest_threads_and_largest_size_count():
    alone = voxceleb2(pd.DataFrame(ROWS))
    others = [
        {**row, **other, "seconds": 1e9}
        for row in ROWS
        for other in (
            {"threads": 2},
            {"size": row["size"] / 2},
            {"side": "theirs"},
        )
    ]
    assert voxceleb2(pd.DataFrame(ROWS + others)) == alone


def test_what_is_missing_is_named():
    measured = pd.DataFrame(ROWS[1:-1])
    assert voxceleb2(measured) == "To be measured first: extraction, crops."
