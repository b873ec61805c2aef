"""Pools beside a corpus."""

from case import Case, sound, text


def pool(name, damage, message, *pools):
    """A case of a pool beside the corpus."""
    words = ", ".join(pools or ["{folder}/../pool"])
    return Case(name, damage, message, options={"pools": f"[own, {words}]"})


def beside(name, write):
    """Write something into the folder ``pool`` beside the corpus."""
    return lambda folder: write(folder.parent / "pool" / name)


def empty_pool(folder):
    (folder.parent / "pool").mkdir()


def shared(folder):
    target = folder / "Ann/happy/1.wav"
    (folder.parent / "pool/Ann").mkdir(parents=True)
    (folder.parent / "pool/Ann/1.wav").symlink_to(target)


def pool_table(row):
    def damage(folder):
        sound(folder.parent / "pool/a.wav")
        text(
            folder.parent / "pool/list.csv",
            f"path,speaker\n{row}\n".format(folder=folder),
        )

    return damage


CASES = [
    pool("a pool", beside("Eve/1.wav", sound), None),
    pool(
        "an empty pool",
        empty_pool,
        (
            "The pool {outside}/pool has no recordings in SPEAKER/.... It "
            "holds 0 files: none."
        ),
    ),
    pool(
        "a pool that is not there",
        beside("Eve/1.wav", sound),
        (
            "The pool {folder}/x is no folder and no CSV file: pools is "
            "a list of 'own', folders and CSV files."
        ),
        "{folder}/x",
    ),
    pool(
        "recordings in no folder",
        beside("1.wav", sound),
        (
            "The pool {outside}/pool has no recordings in SPEAKER/.... It "
            "holds 1 files: 1.wav."
        ),
    ),
    pool(
        "AAC",
        beside("Eve/1.m4a", lambda path: text(path, "x")),
        (
            "1 recordings of the pool {outside}/pool are in a format "
            "that cannot be read: Eve/1.m4a. Convert them, for instance "
            "with ffmpeg:\n"
            "  find {outside}/pool -name '*.m4a' -exec sh -c 'ffmpeg -i "
            '"$1" -ar 16000 -ac 1 "${{1%.*}}.wav"\' sh {{}} \\;'
        ),
    ),
    pool(
        "a pool with damage",
        beside("Eve/1.wav", lambda p: text(p, "x")),
        (
            "1 audio files in {outside}/pool cannot be used:\n"
            "  Eve/1.wav: text, not audio; it begins with 'x'\n"
            "Copy or download those files again, or remove them."
        ),
    ),
    pool(
        "a pool with a test speaker's recording",
        shared,
        (
            "1 recordings of the pools are elsewhere, too: "
            "{folder}/Ann/happy/1.wav (test.csv) is {outside}/pool/Ann/1.wav "
            "({outside}/pool). Pretraining must not hear what is validated "
            "or tested on, nor one speaker under two names: take them out of "
            "the pool (delete the file there, or its row), or the pool out of "
            "the list."
        ),
    ),
    pool(
        "a pool listed twice",
        beside("Eve/1.wav", sound),
        "pools has {folder} more than once.",
        *["{folder}"] * 2,
    ),
    pool(
        "a table as pool",
        pool_table("a.wav,Eve"),
        None,
        "{folder}/../pool/list.csv",
    ),
    pool(
        "a table's path out of its folder",
        pool_table("{folder}/Ann/sad/1.wav,Eve"),
        (
            "{outside}/pool/list.csv has 1 unusable rows: line 2: "
            "{folder}/Ann/sad/1.wav is not in the folder of the table."
        ),
        "{folder}/../pool/list.csv",
    ),
]
