"""What goes wrong with models outside the recipes."""


class InferenceError(RuntimeError):
    """A model cannot be loaded or published; says why and what to do."""
