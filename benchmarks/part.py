"""What a benchmark is: one task, done by us and by others, at several sizes."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """A task that is timed.

    A side is called with a size, prepares what is not to be timed and returns a
    function without arguments that does the task once.
    """

    name: str  # what is done, as the table calls it
    unit: str  # what a size counts
    sizes: Sequence[int]  # at which every side does it
    sides: Mapping[str, Callable]  # who does it; ours first
    aim: str  # what we want of the ratio, for the table
    # What the sizes stand for, where they only number something
    size_names: Mapping[int, str] = dataclasses.field(default_factory=dict)
    growth: Sequence[int] = ()  # where our side alone is measured
    # Largest size of a side that would take for ever on more
    limits: Mapping[str, int] = dataclasses.field(default_factory=dict)
    repeats: int = 5  # how often each side does it; the median counts
    warms_up: bool = True  # whether it is done once more, before it is timed
    # Whether that function returns the seconds that count, of a process it ran
    counts_itself: bool = False

    def describe(self, size):
        """Say what a size is."""
        return self.size_names.get(size, f"{size:,} {self.unit}")
