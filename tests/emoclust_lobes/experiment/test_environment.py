"""What a run records of where it was made."""

import numpy
import torch
from data_prep.storage.files import read_json
from emoclust_lobes.experiment.environment import write_environment


def test_versions_and_threads_are_recorded(tmp_path):
    write_environment(tmp_path)
    found = read_json(tmp_path / "environment.json")
    assert found["packages"]["torch"] == torch.__version__
    assert found["packages"]["numpy"] == numpy.__version__
    assert found["threads"] == torch.get_num_threads()
    assert found["processor"]
