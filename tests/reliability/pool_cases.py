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
        "The pool {outside}/pool has no recordings in SPEAKER/.... It "
        "holds 0 files: none.",
    ),
    pool(
        "a pool that is not there",
        beside("Eve/1.wav", sound),
        "The pool {folder}/x is no folder and no CSV file: pools is "
        "a list of 'own', folders and CSV files.",
        "{folder}/x",
    ),
    pool(
        "a pool with damage",
        beside("Eve/1.wav", lambda p: text(p, "x")),
        "1 audio files in {outside}/pool cannot be used:\n"
        "  Eve/1.wav: text, not audio; it begins with 'x'\n"
        "Copy or download those files again, or remove them.",
    ),
    pool(
        "a table as pool",
        pool_table("a.wav,Eve"),
        None,
        "{folder}/../pool/list.csv",
    ),
]
