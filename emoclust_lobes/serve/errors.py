"""What goes wrong before a page is served."""

from data_prep.errors import EmoclustError


class ServeError(EmoclustError):
    """The page cannot be served as it was asked for; says what to do.

    A clip that cannot be used is no such error: the page says what is wrong.
    """
