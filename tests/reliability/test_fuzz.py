"""Whatever is in a file, a name or an option: the documented errors only.

A hundred inputs each, always the same; ten thousand new ones with -m slow.
"""

import pytest
from corpus_properties import (
    cremad_names,
    label_files,
    label_lines,
    ravdess_names,
)
from hypothesis import HealthCheck, settings
from manifest_properties import manifest_reader, member_cells, validator
from option_properties import command_line, overrides

PROPERTIES = [
    manifest_reader,
    member_cells,
    validator,
    label_lines,
    label_files,
    cremad_names,
    ravdess_names,
    overrides,
    command_line,
]


def check(holds, **options):
    """Look for an input for which a property does not hold."""
    unhurried = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    settings(
        deadline=None, database=None, suppress_health_check=unhurried, **options
    )(holds)()


@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda x: x.__name__)
def test_a_hundred_inputs(holds):
    check(holds, max_examples=100, derandomize=True)


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda x: x.__name__)
def test_ten_thousand_inputs(holds):
    check(holds, max_examples=10_000)
