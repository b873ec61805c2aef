"""Which systems have noisy clusters, by their names."""

import pandas as pd
from emoclust_lobes.protocol.systems import noise_levels, systems_of

NOISY = {"noise_0.25": 0.25, "noise_1": 1.0}
OTHERS = [
    "denoise_0.5",
    "denoise_x",
    "noise_",
    "noise_0.5_again",
    "noise_1.2.3",
    "noise_augmented",
]


def test_noisy_is_who_is_called_noise_and_a_number():
    runs = pd.DataFrame({"system": [*OTHERS, *NOISY]})
    runs = runs.assign(labels=1.0, enrolled="")
    assert systems_of(runs, []) == OTHERS
    levels = {level: system for system, level in NOISY.items()}
    assert noise_levels(runs) == {1.0: levels}
    others = runs[runs["system"].isin(OTHERS)]
    assert noise_levels(others) == {}
