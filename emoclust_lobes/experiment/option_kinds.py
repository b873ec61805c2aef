"""What each option of a YAML's top level may be: a switch, a number, a word.

A kind reads a value as it was typed, or as Python has it, and says what was
meant where it is another. What a YAML's own value tells (``True``, ``4``,
``0.1``, ``null``) is inferred; the table is for all that it does not tell.
"""

import difflib
import math
import os
import re
from collections.abc import Callable
from typing import NamedTuple

import yaml
from data_prep.errors import EmoclustError

_WHOLE = re.compile(r"[-+]?\d+")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_MADE = ("!new:", "!name:", "!apply:", "!applyref:", "!module:")


class UsageError(EmoclustError):
    """A YAML file, its overrides or an option cannot be used."""


class Kind(NamedTuple):
    """What an option may be; ``read`` raises a ValueError for anything else."""

    meant: str
    read: Callable
    words: tuple = ()


def _read_switch(value):
    if isinstance(value, bool):
        return value
    if value in ("True", "true", "TRUE"):
        return True
    if value in ("False", "false", "FALSE"):
        return False
    raise ValueError


def _read_text(value):
    if isinstance(value, str | os.PathLike) and str(value):
        return str(value)
    raise ValueError


def _read_name(value):
    # A part of a path, and of one only
    if value in (".", "..") or "/" in _read_text(value):
        raise ValueError
    return str(value)


def _read_items(value):
    """Take apart ``[a, b]``: the items as they were typed."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = yaml.load(value, yaml.BaseLoader)
        except yaml.YAMLError:
            raise ValueError from None
    if not isinstance(value, list | tuple) or not value:
        raise ValueError
    return list(value)


def _read_names(value):
    if isinstance(value, str) and not value.startswith("["):
        return _read_text(value)
    return [_read_text(item) for item in _read_items(value)]


SWITCH = Kind("True or False", _read_switch, ("True", "False"))
TEXT = Kind("text", _read_text)
NAME = Kind("a name, without /", _read_name)
NAMES = Kind("a name, or several: [one, two]", _read_names)


def whole(low=1, high=math.inf):
    """A whole number within a range, both ends included."""

    def read(value):
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            value = int(value)
        if type(value) is not int or not low <= value <= high:
            raise ValueError
        return value

    to = f" to {high}" if high < math.inf else ""
    return Kind(f"a whole number from {low}{to}", read)


def number(low=0.0, high=math.inf, *, above=False, below=False):
    """A number within a range, both ends included but where said."""

    def read(value):
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = float(value)
        if type(value) is int or isinstance(value, float):
            value = float(value)
            inside = low < value if above else low <= value
            inside &= value < high if below else value <= high
            if inside and math.isfinite(value):
                return value
        raise ValueError

    first = f"{'above' if above else 'from'} {low:g}"
    last = f"{'below' if below else 'to'} {high:g}"
    last = f" {last}" if high < math.inf else ""
    return Kind(f"a number {first}{last}", read)


def one_of(*words):
    """One of some words."""

    def read(value):
        if value not in words:
            raise ValueError
        return str(value)

    return Kind(f"one of {', '.join(words)}", read, words)


def joined(*words):
    """One of some words, or several with + between them."""

    def read(value):
        if set(_read_text(value).split("+")) <= set(words):
            return str(value)
        raise ValueError

    return Kind(f"one of {', '.join(words)}, or some joined by +", read, words)


def each(kind):
    """A list whose items are of one kind."""
    return Kind(
        f"a list, each {kind.meant}: [one, two]",
        lambda value: [kind.read(item) for item in _read_items(value)],
    )


def either(*kinds):
    """Of the first kind that takes the value."""

    def read(value):
        for kind in kinds:
            try:
                return kind.read(value)
            except ValueError:
                continue
        raise ValueError

    meant = ", or ".join(kind.meant for kind in kinds)
    return Kind(meant, read, sum((kind.words for kind in kinds), ()))


def or_null(kind):
    """Of a kind, or null: nothing is given."""

    def read(value):
        return None if value in (None, "null") else kind.read(value)

    return Kind(f"{kind.meant}, or null", read, kind.words)


def word(text):
    """Exactly this word."""
    return one_of(text)._replace(meant=text)


_SHARE = number(0, 1)
_POSITIVE = number(above=True)
# What an own value does not tell, or not enough of
KINDS = {
    "seed": whole(0, 2**32 - 1),
    "corpus": TEXT,
    "table": or_null(TEXT),
    "label_source": NAME,
    "protocol": one_of("sessions", "speakers", "sessions-nodev"),
    "language": one_of("english", "mandarin", "all"),
    "test_set": one_of("Test1", "Test2"),
    "target": one_of("class", "distribution", "dimensions", "both"),
    "scale": or_null(each(number(-math.inf))),
    "labels": number(0, 1, above=True),
    "pools": NAMES,
    "trim_silence": or_null(_POSITIVE),
    "init": TEXT,
    "system": NAME,
    "stage1_name": NAME,
    "n_classes": whole(),
    "max_batch_seconds": either(whole(), _POSITIVE),
    "speaker_encoder": joined(
        *("ecapa", "xvector", "resnet", "campplus", "ge2e"),
        *("egemaps", "stats", "ssl"),
    ),
    "n_clusters": either(whole(2), word("silhouette")),
    "cluster_algorithm": one_of("kmeans", "spherical", "ward", "gmm"),
    "hop_length": either(whole(), _POSITIVE),
    "speaker_encoder_source": or_null(TEXT),
    "ssl_hub": TEXT,
    "ssl_vectors": TEXT,
    "ssl_layers": either(word("all"), each(whole(0))),
    "ssl_trainable_layers": either(whole(0), word("all")),
    "ssl_lora_rank": whole(0),
    "encoder": one_of("attentive", "ecapa"),
    "frame_dropout": number(0, 1, below=True),
    "augment_waveform": one_of(
        "none", "telephone", "far", "noisy", "all", "speed"
    ),
    "augment_strength": one_of("light", "medium", "heavy"),
    "augment_noise_folder": or_null(TEXT),
    "num_workers": whole(0),
    "pretraining": one_of(
        *("contrastive", "multitask", "adversarial", "speaker", "simclr"),
        *("shuffled", "oracle", "aligned", "distil", "distil_contrastive"),
        "none",
    ),
    "cluster_noise": _SHARE,
    "clusters_per_speaker": whole(2),
    "utterances_per_cluster": whole(2),
    "temperature": _POSITIVE,
    "negatives": one_of("speaker", "all"),
    "positives_elsewhere": one_of("any", "session", "sentence"),
    "contrastive_crop_seconds": _POSITIVE,
    "contrastive_choose": one_of("best", "last", "average"),
    "class_balance": one_of("weights", "sampling", "none"),
    "label_smoothing": number(0, 1, below=True),
    "vote_smoothing": number(),
    "annotator_power": number(),
    "enrolled_counts": each(either(whole(0), word("all"))),
    "ser_crop_seconds": _POSITIVE,
    "dropout": number(0, 1, below=True),
}


def kind_of(name, node):
    """Kind of an option, from its name or its node in the YAML.

    None is that of a key whose object is made, of other options.
    """
    if name in KINDS:
        return KINDS[name]
    if name.startswith("__") or node.id == "mapping":
        return None
    if node.tag.startswith(_MADE):
        return None
    if name.endswith(("_folder", "_path")):
        return TEXT
    if node.id == "sequence":
        numbers = all(map(_is_whole, node.value)) and name != "classes"
        return each(whole(0)) if numbers else NAMES
    if node.style or node.tag.startswith("!"):
        return TEXT
    if _is_whole(node):
        return whole()
    if node.value in ("null", "~", ""):
        return or_null(TEXT)
    if node.tag.endswith(":bool"):  # of YAML 1.1, where `no` is one
        return SWITCH
    if _NUMBER.fullmatch(node.value):
        return number()
    # A list of names has this word in its place
    return NAMES if node.value == "all" else TEXT


def _is_whole(node):
    return node.id == "scalar" and bool(_WHOLE.fullmatch(node.value))


def read_option(shown, kind, value):
    """Read the value of an option; a UsageError says what it may be."""
    try:
        return kind.read(value)
    except ValueError:
        hint = nearest(str(value), kind.words)
        if re.fullmatch(r"\d+%", str(value)):
            hint = f"; {value} is {int(str(value)[:-1]) / 100}"
        raise UsageError(
            f"{shown}{value} cannot be used: give {kind.meant}{hint}"
        ) from None


def nearest(text, known, form="{}"):
    """Ask whether the nearest of some names was meant, if one is near."""
    found = difflib.get_close_matches(text, known, n=1)
    return f"; did you mean {form.format(found[0])}?" if found else ""
