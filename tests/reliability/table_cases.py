"""Tables of recordings."""

from case import RARE, Case, text

HEAD = "wav,speaker,emotion"
ROWS = [
    f"{speaker}/{emotion}/{take}.wav,{speaker},{emotion}"
    for speaker in ("Ann", "Kim", "Lee")
    for emotion in ("happy", "sad")
    for take in (1, 2)
]
LIST = "{folder}/list.csv"


def listed(*more, head=HEAD, rows=ROWS, end="\n", encoding="utf-8"):
    """Write a table of the corpus, with more rows or in another form."""

    def damage(folder):
        lines = [head, *rows, *more]
        content = "".join(line + end for line in lines)
        text(folder / "list.csv", content.format(folder=folder), encoding)

    return damage


def table(name, damage, message=None):
    """A case of a table, through prepare."""
    return Case(name, damage, message, options={"table": "list.csv"})


def unusable(line):
    return f"{LIST} has 1 unusable rows: line 14: {line}."


def with_column(name, values):
    """A table with another column, its values in turn."""
    rows = [f"{row},{values[n % len(values)]}" for n, row in enumerate(ROWS)]
    return listed(head=f"{HEAD},{name}", rows=rows)


def not_text(folder):
    (folder / "list.csv").write_bytes(f"{HEAD}\n".encode() + b"a\xe9,b,c\n")


def two_columns(folder):
    rows = [f"{row},1,train" for row in ROWS]
    listed(head=f"{HEAD},fold,split", rows=rows)(folder)


CASES = [
    table("a plain table", listed()),
    table("a byte order mark", listed(encoding="utf-8-sig")),
    table("CRLF", listed(end="\r\n")),
    table("blank lines", listed("", "")),
    table("no newline at the end", listed("", end="\n")),
    table(
        "an absolute path inside",
        listed(rows=[f"{{folder}}/{row}" for row in ROWS]),
    ),
    table("a path with .. inside", listed(rows=[f"Ann/../{x}" for x in ROWS])),
    table(
        "an absolute path outside",
        listed("/etc/hosts.wav,Kim,sad"),
        unusable("/etc/hosts.wav is not in the folder of the table"),
    ),
    table(
        "a path with .. outside",
        listed("Ann/../../x.wav,Kim,sad"),
        unusable("Ann/../../x.wav is not in the folder of the table"),
    ),
    table("no speaker", listed("x.wav,,sad"), unusable("no speaker")),
    table("a short row", listed("x.wav"), unusable("no speaker")),
    table("no path", listed(",Kim,sad"), unusable("no path")),
    table(
        "a recording that is not there",
        listed("gone.wav,Kim,sad"),
        "1 audio files in {folder} cannot be used:\n"
        "  gone.wav: No such file or directory\n"
        "Copy or download those files again, or remove them.",
    ),
    table(
        "a row that is there twice",
        listed(ROWS[0]),
        "test.csv has duplicate IDs: Ann/happy/1.",
    ),
    table(
        "no column speaker",
        listed(head="wav,who,emotion"),
        "{folder}/list.csv has no column spk_id or speaker, but wav, "
        "who, emotion.",
    ),
    table(
        "no column emotion",
        listed(head="wav,speaker,feeling"),
        "{folder}/list.csv has no column emotion, but wav, speaker, "
        "feeling: add one, empty where the emotion is not known.",
    ),
    table(
        "semicolons",
        listed(head="wav;speaker;emotion"),
        ("{folder}/list.csv has ';' between its columns: save it with commas."),
    ),
    table(
        "Latin-1",
        not_text,
        "{folder}/list.csv is no CSV file in UTF-8 ('utf-8' codec "
        "can't decode byte 0xe9 in position 21: invalid continuation "
        "byte): save it as one.",
    ),
    table(
        "an empty table",
        lambda folder: text(folder / "list.csv", ""),
        "{folder}/list.csv has no column wav or path or file, but none at all.",
    ),
    table(
        "a heading alone",
        listed(rows=[]),
        "corpus in {folder} has 0 emotions (none): at least two are needed.",
    ),
    Case(
        "a table that is not there",
        listed(),
        "There is no {folder}/x.csv: table is the path of a CSV file "
        "in data_folder.",
        options={"table": "x.csv"},
    ),
    table(
        "fold and split",
        two_columns,
        "corpus's table has the columns fold and split: remove one.",
    ),
    table(
        "a speaker in two folds",
        with_column("fold", [1, 2, 3]),
        "corpus's table does not give each speaker one fold: see "
        "Ann, Kim, Lee. All rows of a speaker need the same.",
    ),
    table(
        "a split that is none",
        with_column("split", ["tset"]),
        "split='tset' is not offered: choose train or valid or dev "
        "or development or test.",
    ),
    table(
        "an end beyond the file",
        with_column("stop", [801] + 11 * [800]),
        "1 utterances cannot be parts of their files: Ann/happy/1@-801 "
        "(0 to 801 of 800 samples is not in it).",
    ),
    table(
        "a start after the end",
        with_column("start,end", ["0.05,"] + 11 * [","]),
        "1 utterances cannot be parts of their files: Ann/happy/1@0.05- "
        "(0.05 to its end of 0.05 s is not in it).",
    ),
    table(
        "a start in seconds",
        with_column("start,stop", ["0.5,"] + 11 * [","]),
        "{folder}/list.csv has 1 unusable rows: line 2: '0.5' is no number "
        "of samples.",
    ),
    table("parts in seconds", with_column("start,end", ["0,0.05", "0.0,NaT"])),
    table("parts in samples", with_column("start,stop", ["0,800", ","])),
    table(
        "seconds as samples",
        with_column("start,stop", ["0,2"] + 11 * ["2,"]),
        "12 utterances cannot be parts of their files: Ann/happy/1@0-2 (0 to 2 "
        "of 800 samples is shorter than 0.05 s (start and end are in seconds, "
        "start and stop in samples)), "
        + ", ".join(
            f"{row.partition('.')[0]}@2- (2 to its end of 800 samples is "
            "shorter than 0.05 s (start and end are in seconds, start and stop "
            "in samples))"
            for row in ROWS[1:]
        )
        + ".",
    ),
    table(
        "samples as seconds",
        with_column("start,end", ["0,800"] + 11 * [","]),
        "1 utterances cannot be parts of their files: Ann/happy/1@0.0-800.0 "
        "(0 to 800.0 of 0.05 s is not in it).",
    ),
    table(
        "a start alone",
        with_column("start", [800]),
        "{folder}/list.csv has the columns start, and it is not clear which "
        "part of a recording they mean: call them start and end, in seconds, or "
        "start and stop, in samples; or leave them out where whole files are "
        "meant.",
    ),
    table(
        "backslashes",
        listed("Lee\\sad\\1.wav,Lee,sad"),
        unusable("Lee\\sad\\1.wav has backslashes: write / instead"),
    ),
    table(
        "one emotion",
        listed(rows=[x for x in ROWS if "sad" in x]),
        "corpus in {folder} has 1 emotions (sad): at least two are needed.",
    ),
    table(
        "an arrow in an emotion",
        listed(rows=[x.replace(",sad", ",calm => sad") for x in ROWS]),
        "corpus has emotions or speakers with ' => ', which no model can keep "
        "among its labels: calm => sad. Rename them.",
    ),
    table(
        "an arrow in a speaker",
        listed(rows=[x.replace(",Kim,", ",Kim => Lee,") for x in ROWS]),
        "corpus has emotions or speakers with ' => ', which no model can keep "
        "among its labels: Kim => Lee. Rename them.",
    ),
    table(
        "a line separator in a speaker",
        listed(rows=[x.replace(",Kim,", ",Kim\u2028Lee,") for x in ROWS]),
        "corpus has names with '$', line breaks, zeros, outer spaces or bytes "
        "that are not UTF-8: "
        + ", ".join(f"'{x.partition('.')[0]}'" for x in ROWS if "Kim" in x)
        + ". Rename them.",
    ),
    table(
        "a class that a fold lacks",
        listed(rows=[x for x in ROWS if not x.startswith("Ann/sad")]),
        f"train.csv has no utterance of sad.\n{RARE}",
    ),
]
