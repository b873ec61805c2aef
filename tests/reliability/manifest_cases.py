"""Manifests that somebody has changed since they were prepared."""

from audio_cases import link
from case import Case, sound, text


def manifest(name, message, old="", new="", count=1, encoding="utf-8", row=""):
    """A case of a manifest that was changed after it was prepared.

    One text in it becomes another, and a row comes at its end.
    """

    def damage(folder):
        path = folder.parent / "results/manifest/train.csv"
        content = path.read_text()
        assert old in content
        text(path, content.replace(old, new, count) + row, encoding)

    return Case(name, damage, message, command="read")


FIRST = "Lee/happy/1,0.050000,$data_root/Lee/happy/1.wav"


def first(wav):
    """Another path in the first row."""
    return FIRST, f"Lee/happy/1,0.050000,{wav}"


def gone(folder):
    (folder.parent / "results/manifest/train.csv").unlink()


def with_member(name, cell, complaint):
    """A case of a manifest whose first row is said to be in a tar."""

    def damage(folder):
        (folder / "shard.tar").write_bytes(bytes(2048))
        path = folder.parent / "results/manifest/train.csv"
        head, row, *rows = path.read_text().splitlines()
        row = row.replace("Lee/happy/1.wav", "shard.tar")
        rows = [f"{head},member", f"{row},{cell}", *(f"{x}," for x in rows)]
        text(path, "\n".join([*rows, ""]))

    message = complaint and (
        f"{{train}} has 1 unusable cells: line 2: member '{cell}' {complaint}. "
        "Prepare it again."
    )
    return Case(name, damage, message, command="read")


CASES = [
    manifest("a manifest as it was", None),
    with_member("a place in a tar", "512:1536", None),
    with_member(
        "a place beyond the end of a tar",
        "512:1537",
        "is no part of a tar {folder}/shard.tar",
    ),
    manifest("a manifest with a byte order mark", None, encoding="utf-8-sig"),
    manifest("a manifest with CRLF", None, "\n", "\r\n", -1),
    Case(
        "no manifest",
        gone,
        ("There is no manifest {train}: prepare it first."),
        command="read",
    ),
    manifest(
        "an absolute path in a manifest",
        "{train} has 1 unusable cells: "
        "line 2: wav '/etc/hosts.wav' is no path below $data_root. "
        "Prepare it again.",
        *first("/etc/hosts.wav"),
    ),
    manifest("a path with dots", None, *first("$data_root/..a/b../c..d.wav")),
    Case(
        "a link that has come since",
        lambda folder: [
            sound(folder.parent / "elsewhere/1.wav"),
            link("{folder}/../elsewhere/1.wav", "Lee/sad/2.wav")(folder),
        ],
        command="read",
    ),
]
