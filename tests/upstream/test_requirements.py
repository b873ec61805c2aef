"""Extra requirements: what is imported, from which version on."""

import pytest
from emoclust_lobes.upstream import UpstreamError
from emoclust_lobes.upstream.requirements import extra_requirements

SETUP = '["torch>=2.11,<2.15", "pandas>=2.2", "transformers>=5", "x==1"]'


@pytest.mark.parametrize(
    "imported, lines",
    [
        ({"os", "torch", "numpy"}, ""),
        ({"pandas"}, "pandas>=2.2\n"),
        ({"transformers", "pandas"}, "pandas>=2.2\ntransformers>=5\n"),
        # Brought along by SpeechBrain's own dependencies, or by ours
        ({"yaml", "filelock"}, ""),
        ({"transformers", "safetensors"}, "transformers>=5\n"),
    ],
)
def test_only_what_speechbrain_does_not_bring_is_listed(imported, lines):
    assert extra_requirements(imported, SETUP) == lines


@pytest.mark.parametrize("name", ["safetensors", "matplotlib", "no_such_thing"])
def test_what_has_no_bound_is_named(name):
    with pytest.raises(UpstreamError, match=name.replace("_", ".")):
        extra_requirements({name, "pandas"}, SETUP)
