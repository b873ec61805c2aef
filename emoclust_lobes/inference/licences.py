"""What comes with weights that were trained on a corpus."""

import pathlib
import re
from typing import NamedTuple

from data_prep.storage.files import read_json

TABLE = pathlib.Path(__file__).with_name("templates") / "licences.json"


class Terms(NamedTuple):
    """Identifiers that model hubs know, and what the licence means."""

    licence: str
    hint: str
    languages: list[str]


def terms_of(corpus):
    """Return the terms of a corpus, or of several that a title names.

    Where their licences differ, the identifier is ``other``; one that asks
    for nothing does not count.
    """
    found = [
        Terms(**terms)
        for name, terms in read_json(TABLE).items()
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", corpus)
    ]
    if not found:
        unknown = f"See the licence of {corpus}, on which it was trained."
        return Terms("other", unknown, [])
    licences = {x.licence for x in found}
    binding = licences - {"cc0-1.0"} or licences
    return Terms(
        binding.pop() if len(binding) == 1 else "other",
        " ".join(x.hint for x in found),
        list(dict.fromkeys(x for each in found for x in each.languages)),
    )
