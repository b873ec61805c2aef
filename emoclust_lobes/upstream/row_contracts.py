"""What SpeechBrain's checks want of the rows of recipe tests.

Rules as those of ``emoclust_lobes.upstream.contracts``.
"""

from emoclust_lobes.upstream.rows import FIELDS, read_rows


def unlisted_yamls(tree):
    """Rule: every YAML of a dataset's recipes has a row.

    Example
    -------
    >>> unlisted_yamls(getfixture("tmp_path"))
    []
    """
    rows = read_rows(tree)
    listed = {row["Hparam_file"] for _, row in rows}
    found = {
        path.relative_to(tree).as_posix()
        for dataset in {name for name, _ in rows}
        for path in tree.glob(f"recipes/{dataset}/**/*.yaml")
    }
    return [f"{name} has no row" for name in sorted(found - listed)]


def incomplete_rows(tree):
    """Rule: a row has all columns, and flags to test it with.

    Example
    -------
    >>> incomplete_rows(getfixture("tmp_path"))
    []
    """
    problems = []
    for number, (dataset, row) in enumerate(read_rows(tree), start=1):
        where = f"tests/recipes/{dataset}.csv, row {number}"
        if list(row) != FIELDS:
            problems.append(f"{where}: its columns are not {', '.join(FIELDS)}")
        elif not row["test_debug_flags"]:
            problems.append(f"{where}: test_debug_flags is empty")
    return problems


def missing_files(tree):
    """Rule: the files that a row names exist.

    Example
    -------
    >>> missing_files(getfixture("tmp_path"))
    []
    """
    needed = ("Script_file", "Hparam_file", "Readme_file")
    problems = []
    for _, row in read_rows(tree):
        for field in (*needed, "Data_prep_file"):
            names = row[field].split()
            if field in needed and not names:
                problems.append(f"{row['Hparam_file']}: {field} is empty")
            problems += [
                f"{name}, {field} of {row['Hparam_file']}, does not exist"
                for name in names
                if not (tree / name).is_file()
            ]
    return problems


def missing_links(tree):
    """Rule: links that a row names stand in its README.

    Example
    -------
    >>> missing_links(getfixture("tmp_path"))
    []
    """
    problems = []
    for _, row in read_rows(tree):
        readme = tree / row["Readme_file"]
        text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
        problems += [
            f"{row['Readme_file']} does not link to {link}"
            for field in ("Result_url", "HF_repo")
            for link in row.get(field, "").split()
            if link not in text
        ]
    return problems
