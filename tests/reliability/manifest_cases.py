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


def blank(folder):
    (folder.parent / "results/manifest/train.csv").write_bytes(b"")


def with_member(name, cell, complaint, wav="shard.tar"):
    """A case of a manifest whose first row is said to be in a tar."""

    def damage(folder):
        (folder / "shard.tar").write_bytes(bytes(2048))
        path = folder.parent / "results/manifest/train.csv"
        head, row, *rows = path.read_text().splitlines()
        row = row.replace("Lee/happy/1.wav", wav)
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
    with_member(
        "a place in what is no tar",
        "0:44",
        "is no part of a tar {folder}/Lee/happy/1.wav",
        "Lee/happy/1.wav",
    ),
    with_member("a place below zero", "-512:44", "is no offset:size"),
    with_member("a place without a size", "512", "is no offset:size"),
    manifest("a manifest with a byte order mark", None, encoding="utf-8-sig"),
    manifest("a manifest with CRLF", None, "\n", "\r\n", -1),
    Case(
        "no manifest",
        gone,
        ("There is no manifest {train}: prepare it first."),
        command="read",
    ),
    Case(
        "an empty manifest",
        blank,
        (
            "{train} is not a manifest: its columns are none, and should be "
            "ID, duration, wav, start, stop, spk_id, gender, session, "
            "sentence, emotion, label_source. Prepare it again."
        ),
        command="read",
    ),
    manifest(
        "a manifest in Latin-1",
        ("{train} is not a manifest: it is not UTF-8. Prepare it again."),
        "Lee",
        "Lée",
        encoding="latin-1",
    ),
    manifest(
        "a manifest without a column",
        (
            "{train} is not a manifest: its "
            "columns are ID, duration, wav, start, stop, spk_id, gender, "
            "session, sentence, label_source, and should be ID, "
            "duration, wav, start, stop, spk_id, gender, session, "
            "sentence, emotion, label_source. Prepare it again."
        ),
        ",emotion",
        "",
    ),
    manifest(
        "a manifest with semicolons",
        (
            "{train} is not a manifest: its "
            "columns are ID;duration;wav;start;stop;spk_id;gender;session;"
            "sentence;emotion;label_source, and should be ID, duration, wav, "
            "start, stop, spk_id, "
            "gender, session, sentence, emotion, label_source. "
            "Prepare it again."
        ),
        ",",
        ";",
        -1,
    ),
    manifest(
        "an absolute path in a manifest",
        (
            "{train} has 1 unusable cells: "
            "line 2: wav '/etc/hosts.wav' is no path below $data_root. "
            "Prepare it again."
        ),
        *first("/etc/hosts.wav"),
    ),
    manifest(
        "a path out of a manifest's folder",
        (
            "{train} has 1 unusable cells: "
            "line 2: wav '$data_root/../a.wav' is no path below "
            "$data_root. Prepare it again."
        ),
        *first("$data_root/../a.wav"),
    ),
    manifest(
        "a path up to its end",
        (
            "{train} has 1 unusable cells: "
            "line 2: wav '$data_root/a/..' is no path below $data_root. "
            "Prepare it again."
        ),
        *first("$data_root/a/.."),
    ),
    manifest(
        "a path beside the folder",
        (
            "{train} has 1 unusable cells: "
            "line 2: wav '$data_root2/a.wav' is no path below "
            "$data_root. Prepare it again."
        ),
        *first("$data_root2/a.wav"),
    ),
    manifest("a path with dots", None, *first("$data_root/..a/b../c..d.wav")),
    manifest(
        "a duration that is no number",
        (
            "{train} has 1 unusable cells: "
            "line 2: duration 'nan' is no number of seconds. Prepare it "
            "again."
        ),
        "0.050000",
        "nan",
    ),
    manifest(
        "a duration below zero",
        (
            "{train} has 1 unusable cells: "
            "line 2: duration '-1.0' is no number of seconds. Prepare it "
            "again."
        ),
        "0.050000",
        "-1.0",
    ),
    manifest(
        "an ID that is there twice",
        (
            "{train} has 1 unusable cells: "
            "line 3: ID 'Lee/happy/1' is there before. Prepare it again."
        ),
        "Lee/happy/2",
        "Lee/happy/1",
    ),
    manifest(
        "an ID that is empty",
        (
            "{train} has 1 unusable cells: "
            "line 2: ID '' is no name. Prepare it again."
        ),
        "Lee/happy/1,",
        ",",
    ),
    manifest(
        "a long row",
        (
            "{train} is not a manifest: "
            "line 6: Expected 11 columns, got 13: a,a,a,a,a,a,a,a,a,a,a,a,a. "
            "Prepare it again."
        ),
        row="a," * 12 + "a\n",
    ),
    manifest(
        "a row cut short",
        (
            "{train} is not a manifest: "
            "line 6: Expected 11 columns, got 2: Lee/x,0.05. "
            "Prepare it again."
        ),
        row="Lee/x,0.05\n",
    ),
    manifest(
        "a quote that does not end",
        (
            "{train} is not a manifest: "
            "line 6 is cut off, or a quote in it does not end. "
            "Prepare it again."
        ),
        row='x,1,$data_root/a.wav,,,Lee,,,,sad,"\n',
    ),
    manifest(
        "a last line that is cut off",
        (
            "{train} is not a manifest: "
            "line 6 is cut off, or a quote in it does not end. "
            "Prepare it again."
        ),
        row="x,1,$data_root/a.wav,,,Lee,,,,sad,gi",
    ),
    manifest(
        "a start that is no number",
        (
            "{train} has 1 unusable cells: "
            "line 2: start 'one' is no number of samples. Prepare it "
            "again."
        ),
        ".wav,,,",
        ".wav,one,,",
    ),
    Case(
        "a link that has come since",
        lambda folder: [
            sound(folder.parent / "elsewhere/1.wav"),
            link("{folder}/../elsewhere/1.wav", "Lee/sad/2.wav")(folder),
        ],
        command="read",
    ),
]
