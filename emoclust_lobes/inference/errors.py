"""What goes wrong with models outside the recipes."""

from data_prep.errors import EmoclustError


class InferenceError(EmoclustError):
    """A model cannot be loaded or published; says why and what to do."""
