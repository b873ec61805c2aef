"""Reading the cells of a manifest, and refusing what cannot stand in one."""

import re
import warnings

import pandas
from data_prep.errors import ManifestError, name_some
from data_prep.paths import is_below_root


def read_cells(path, columns):
    """Read a CSV of a manifest as text.

    Arguments
    ---------
    path : str
        The CSV.
    columns : sequence of str
        Those of a manifest.

    Returns
    -------
    pandas.DataFrame
        Text, "" where empty, one row per utterance.

    Raises
    ------
    ManifestError
        When the file is no such table, or a cell does not have the form that
        is written: duration, wav, start and stop; ID and spk_id that are
        empty, and an ID that is there twice.

    Example
    -------
    >>> path = getfixture("tmp_path") / "train.csv"
    >>> _ = path.write_text("ID,wav\\na,$data_root/../b.wav\\n")
    >>> read_cells(path, ["ID", "wav"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    data_prep.errors.ManifestError: ...train.csv has 1 unusable cells: \
line 2: wav '$data_root/../b.wav' is no path below $data_root. Prepare it again.
    """
    found = list(_parse(path, nrows=0).columns)
    if found != list(columns):
        raise ManifestError(
            f"{path} is not a manifest: its columns are "
            f"{name_some(found)}, and should be {', '.join(columns)}."
        )
    table = _parse(path).fillna("")  # what short rows lack
    problems = _problems(table)
    if problems:
        raise ManifestError(
            f"{path} has {len(problems):,} unusable cells: "
            f"{name_some(problems, 5)}. Prepare it again."
        )
    return table


def _parse(path, nrows=None):
    """Read rows as text, or say why the file is no table."""
    try:
        with warnings.catch_warnings():
            # Rows that are too long would be cut with no more than a warning.
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            return pandas.read_csv(
                path,
                dtype=str,
                keep_default_na=False,
                encoding="utf-8",
                index_col=False,
                nrows=nrows,
            )
    except UnicodeDecodeError as error:
        reason, cause = "it is not UTF-8", error
    except pandas.errors.ParserWarning as error:
        reason, cause = "its rows have more fields than its heading", error
    except ValueError as error:
        reason, cause = str(error).strip().rstrip("."), error
    raise ManifestError(f"{path} is not a manifest: {reason}.") from cause


def _problems(table):
    """Name the cells that do not have the form that is written."""
    samples = re.compile("[0-9]{0,15}").fullmatch, "is no number of samples"
    seconds = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?").fullmatch
    forms = {
        "ID": (bool, "is no name"),
        "duration": (seconds, "is no number of seconds"),
        "wav": (is_below_root, "is no path below $data_root"),
        "start": samples,
        "stop": samples,
        "spk_id": (bool, "is no name"),
    }
    problems = [
        (line, f"line {line}: {column} {cell!r} {complaint}")
        for column in table.columns.intersection(list(forms))
        for is_fine, complaint in [forms[column]]
        for line, cell in enumerate(table[column], start=2)
        if not is_fine(cell)
    ]
    twice = table.index[table["ID"].duplicated()]
    problems += [
        (row + 2, f"line {row + 2}: ID {table['ID'][row]!r} is there before")
        for row in twice
    ]
    return [text for _, text in sorted(problems)]
