"""What comes with weights that were trained on a corpus."""

import re
from typing import NamedTuple


class Terms(NamedTuple):
    """Of a corpus: identifiers that model hubs know, and what they mean."""

    licence: str
    hint: str
    languages: tuple[str, ...] = ("en",)


ASK = (
    "{} is given for research, under terms of its own: ask its owners before "
    "you pass on what was trained on it."
)
# By the name in the results
TERMS = {
    "CREMA-D": Terms(
        "odbl", "CREMA-D is under the Open Database License (ODbL) 1.0."
    ),
    "EMO-DB": Terms(
        "cc0-1.0", "EMO-DB is free to use, commonly given as CC0.", ("de",)
    ),
    "ESD": Terms("other", ASK.format("ESD"), ("en", "zh")),
    "IEMOCAP": Terms("other", ASK.format("IEMOCAP")),
    "MSP-Podcast": Terms(
        "other",
        "MSP-Podcast is given under an academic license: ask its owners "
        "before you pass on what was trained on it.",
    ),
    "RAVDESS": Terms(
        "cc-by-nc-sa-4.0",
        "RAVDESS is under CC BY-NC-SA 4.0: no commercial use.",
    ),
    "SAVEE": Terms("other", ASK.format("SAVEE")),
    "TESS": Terms(
        "cc-by-nc-nd-4.0",
        "TESS is under CC BY-NC-ND 4.0: no commercial use, no derivatives.",
    ),
}


def terms_of(corpus):
    """Return the terms of a corpus, or of several that a title names.

    Where their licenses differ, the identifier is ``other``; one that asks
    for nothing does not count.
    """
    named = [
        name
        for name in TERMS
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", corpus)
    ]
    if not named:
        unknown = f"See the licence of {corpus}, on which it was trained."
        return Terms("other", unknown, ())
    found = [TERMS[name] for name in named]
    licences = {x.licence for x in found}
    binding = licences - {"cc0-1.0"} or licences
    return Terms(
        binding.pop() if len(binding) == 1 else "other",
        " ".join(x.hint for x in found),
        tuple(dict.fromkeys(tongue for x in found for tongue in x.languages)),
    )
