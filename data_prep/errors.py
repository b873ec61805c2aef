"""How the preparation of data says what is wrong."""


class EmoclustError(ValueError):
    """Something that a user can mend: a command tells it in one line."""


class ManifestError(EmoclustError):
    """What is wrong with a corpus or a manifest, where, and what to do."""


class UnusableAudio(EmoclustError):
    """Why a file cannot be used as a recording, or as a tar of some."""


def name_some(items, limit=20):
    """Name the first few of many things, and say how many more there are."""
    items = list(items)
    text = ", ".join(items[:limit])
    more = len(items) - limit
    return f"{text} and {more:,} more" if more > 0 else text


def check_choice(name, value, choices):
    """Raise a ManifestError unless ``name`` has one of the ``choices``."""
    if value not in list(choices):
        offer = " or ".join(str(choice) for choice in choices)
        raise ManifestError(f"{name}={value!r} is not offered: choose {offer}.")
