"""Which systems a table or figure tells of, and in which order."""

import re

from emoclust_lobes.protocol.schema import enrolled_rank

BASELINE = "none"
CONTROL = "shuffled"
METHOD = "contrastive"
BOUND = "oracle"
# From nothing to everything.
ORDER = (
    BASELINE,
    "speaker",
    "simclr",
    CONTROL,
    METHOD,
    "multitask",
    "adversarial",
    "aligned",
    BOUND,
)
# With the share of the exchanged; noise_augmented is a system like any other.
_NOISY = re.compile(r"noise_(\d+(?:\.\d+)?)")


def systems_of(cells, order):
    """List the systems of some cells, those with noisy clusters left out.

    Arguments
    ---------
    cells : pandas.DataFrame
        With ``system``.
    order : sequence of str
        Those named here come first, the others follow by name.

    Returns
    -------
    list of str

    Example
    -------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"system": ["own", "oracle", "none", "noise_0.5"]})
    >>> systems_of(cells, ORDER)
    ['none', 'oracle', 'own']
    """
    found = {x for x in cells["system"] if not _NOISY.fullmatch(x)}
    return [x for x in order if x in found] + sorted(found - set(order))


def noise_levels(cells):
    """Tell which system has which share of its clusters exchanged.

    Arguments
    ---------
    cells : pandas.DataFrame
        With ``system, labels, enrolled``. Systems: ``noise_0.25`` and the
        like; without noise it is called ``contrastive``, and where all is
        exchanged it may be called ``shuffled``.

    Returns
    -------
    dict
        Share of the labels (float) -> share of the utterances (float) ->
        system, both rising; only labels with which some system is noisy.

    Example
    -------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"system": ["shuffled", "noise_0.5"]})
    >>> noise_levels(cells.assign(labels=0.1, enrolled=""))
    {0.1: {0.5: 'noise_0.5', 1.0: 'shuffled'}}
    """
    ends = {METHOD: 0.0, CONTROL: 1.0}
    levels = {}
    plain = cells[cells["enrolled"] == ""]
    for share, given in plain.groupby("labels"):
        found = set(given["system"])
        matches = {x: _NOISY.fullmatch(x) for x in found}
        noisy = {x: float(match[1]) for x, match in matches.items() if match}
        if noisy:
            noisy |= {x: ends[x] for x in found & set(ends)}
            levels[share] = {
                noisy[x]: x for x in sorted(noisy, key=noisy.__getitem__)
            }
    return levels


def with_all_labels(cells):
    """Return the cells with all labels and without enrolment.

    Arguments
    ---------
    cells : pandas.DataFrame
        With ``labels, enrolled``.

    Returns
    -------
    pandas.DataFrame

    Example
    -------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"system": "none", "labels": [1.0, 0.1]})
    >>> with_all_labels(cells.assign(enrolled="")).index.tolist()
    [0]
    """
    return cells[(cells["labels"] == 1) & (cells["enrolled"] == "")]


def with_few_labels(cells):
    """Return the cells of systems that were also given a part of the labels.

    Arguments
    ---------
    cells : pandas.DataFrame
        With ``system, labels, enrolled``.

    Returns
    -------
    pandas.DataFrame
        Without enrolment.

    Example
    -------
    >>> import pandas as pd
    >>> cells = pd.DataFrame(
    ...     {"system": ["none", "none", "oracle"], "labels": [1.0, 0.1, 1.0]}
    ... )
    >>> with_few_labels(cells.assign(enrolled="")).index.tolist()
    [0, 1]
    """
    cells = cells[cells["enrolled"] == ""]
    given_part = set(cells.loc[cells["labels"] < 1, "system"])
    return cells[cells["system"].isin(given_part)]


def with_curves(cells):
    """Return the cells of systems that were given three shares or more.

    Arguments
    ---------
    cells : pandas.DataFrame
        With ``system, labels``.

    Returns
    -------
    pandas.DataFrame
        All of them where no system was given so many: a curve is told from
        points only where there is one.

    Example
    -------
    >>> import pandas as pd
    >>> cells = pd.DataFrame(
    ...     {
    ...         "system": ["none", "none", "none", "oracle"],
    ...         "labels": [1.0, 0.5, 0.1, 0.1],
    ...     }
    ... )
    >>> with_curves(cells).index.tolist()
    [0, 1, 2]
    >>> with_curves(cells[1:]).index.tolist()
    [1, 2, 3]
    """
    shares = cells.groupby("system")["labels"].transform("nunique")
    return cells[shares >= 3] if (shares >= 3).any() else cells


def with_enrolment(cells):
    """Return the cells of systems that were also given enrolled clips.

    Arguments
    ---------
    cells : pandas.DataFrame
        With ``system, labels, enrolled``.

    Returns
    -------
    pandas.DataFrame
        With all labels, sorted by the number of clips.

    Example
    -------
    >>> import pandas as pd
    >>> cells = pd.DataFrame(
    ...     {"system": ["none", "none", "oracle"], "enrolled": ["all", "", ""]}
    ... )
    >>> with_enrolment(cells.assign(labels=1.0))["enrolled"].tolist()
    ['', 'all']
    """
    cells = cells[cells["labels"] == 1]
    given_clips = set(cells.loc[cells["enrolled"] != "", "system"])
    cells = cells[cells["system"].isin(given_clips)]
    return cells.sort_values(
        "enrolled", key=lambda x: x.map(enrolled_rank), kind="stable"
    )
