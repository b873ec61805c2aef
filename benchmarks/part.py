"""What a benchmark is: one task, done by us and by others, at several sizes."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """A task that is timed.

    Arguments
    ---------
    name : str
        What is done, as the table calls it.
    unit : str
        What a size counts.
    sizes : sequence of int
        At which every side does it.
    sides : mapping of str to callable
        Who does it; ours first. A side is called with a size, prepares
        everything that is not to be timed, and returns a function without
        arguments that does the task once.
    aim : str
        What we want of the ratio, for the table.
    size_names : mapping of int to str
        What the sizes stand for, where they only number something.
    counts_itself : bool
        Whether these functions return the seconds that count, such as those of
        another process.
    growth : sequence of int
        Sizes at which our side alone is measured, to see how time and memory
        grow.
    limits : mapping of str to int
        Largest size of a side that would take for ever on more.
    repeats : int
        How often each side does the task; the median counts.
    """

    name: str
    unit: str
    sizes: Sequence[int]
    sides: Mapping[str, Callable]
    aim: str
    size_names: Mapping[int, str] = dataclasses.field(default_factory=dict)
    growth: Sequence[int] = ()
    limits: Mapping[str, int] = dataclasses.field(default_factory=dict)
    repeats: int = 5
    counts_itself: bool = False

    def describe(self, size):
        """Say what a size is."""
        return self.size_names.get(size, f"{size:,} {self.unit}")
