"""Recordings that are none, that are damaged, or only look strange."""

import os
import struct

import numpy
import soundfile
from case import Case, sound, text

PLACE = "Kim/happy/1.wav"
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n"
AGAIN = "Copy or download those files again, or remove them."


def unusable(*lines, advice=AGAIN):
    """What is said of files, each given as "name: reason"."""
    head = f"{len(lines)} audio files in {{folder}} cannot be used:"
    return "\n".join([head, *(f"  {line}" for line in lines), advice])


POINTERS = (
    "Git LFS pointers stand where the audio should be: install Git LFS and run "
    "`git lfs pull` in that folder."
)


def bad(name, reason, content, advice=AGAIN):
    """A case of a file with some content: bytes, or text."""
    content = content.encode() if isinstance(content, str) else content

    def damage(folder):
        (folder / PLACE).write_bytes(content)

    return Case(name, damage, unusable(f"{PLACE}: {reason}", advice=advice))


def cut(name, reason, part, ending=".wav", **kwargs):
    """A case of a file of which only a part is there."""
    place = PLACE.removesuffix(".wav") + ending

    def damage(folder):
        (folder / PLACE).unlink()
        path = sound(folder / place, 16000, **kwargs)
        os.truncate(path, int(part * path.stat().st_size))

    return Case(name, damage, unusable(f"{place}: {reason}"))


def fine(name, **kwargs):
    """A case of a strange file that is all right."""
    return Case(name, lambda folder: sound(folder / PLACE, **kwargs))


def values(name, reason, *samples, **kwargs):
    """A case of a file that has these samples among noise, or only these."""

    def damage(folder):
        noise = numpy.full(800, 0.1) if reason else numpy.zeros(0)
        content = numpy.concatenate([noise, samples])
        soundfile.write(folder / PLACE, content, 16000, **kwargs)

    message = unusable(f"{PLACE}: {reason}") if reason else None
    return Case(name, damage, message)


def silent(folder, **kwargs):
    soundfile.write(folder / PLACE, numpy.zeros(9000), 16000, **kwargs)


def hour(folder):
    """An hour that takes no room on the disk."""
    path = sound(folder / PLACE)
    size = 2 * 16000 * 3600
    content = bytearray(path.read_bytes()[:1000])
    place = content.index(b"data") + 4
    content[place : place + 4] = struct.pack("<I", size)
    path.write_bytes(content)
    os.truncate(path, place + 4 + size)


def swap(ending, **kwargs):
    """Let a recording in another format take the place of a WAV."""

    def damage(folder):
        other = sound(folder / f"other{ending}", 8000, **kwargs)
        os.replace(other, folder / PLACE)

    return damage


def link(target, name="Kim/happy/1.wav"):
    """Let a link take the place of a recording."""

    def damage(folder):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(str(target).format(folder=folder))

    return damage


def outside(folder):
    sound(folder.parent / "elsewhere/1.wav")
    link("{folder}/../elsewhere/1.wav")(folder)


def outside_folder(folder):
    sound(folder.parent / "elsewhere/1.wav")
    (folder / "Kim/angry").symlink_to(folder.parent / "elsewhere")


def locked(folder):
    (folder / PLACE).chmod(0)


def rename(name):
    """Give a recording another name, text or bytes."""

    def damage(folder):
        target = os.path.join(os.fsencode(folder / "Kim/happy"), name)
        os.replace(folder / PLACE, target)

    return damage


def unfit(shown):
    """What is said of a name that does not come back from a CSV."""
    return (
        "corpus has names with '$', line breaks, zeros, outer spaces or bytes "
        f"that are not UTF-8: {shown}. Rename them."
    )


def folder_called_wav(folder):
    (folder / "Kim/happy/3.wav").mkdir()


def pipe_called_wav(folder):
    os.mkfifo(folder / "Kim/happy/3.wav")


def twice(folder):
    sound(folder / "Kim/happy/1.flac")


def hidden(folder):
    text(folder / "Kim/happy/._1.wav", "Mac OS X")


HTML = "<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n"
M4A = struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"M4A ", 0, b"M4A ", b"mp42")
RANDOM = numpy.random.default_rng(1).bytes(2000)
CASES = [
    bad("an empty file", "empty file", b""),
    Case(
        "a named pipe",
        pipe_called_wav,
        unusable("Kim/happy/3.wav: a pipe, a socket or a device, not a file"),
    ),
    bad(
        "a pointer of Git LFS",
        "Git LFS pointer, not the audio itself",
        LFS,
        POINTERS,
    ),
    bad(
        "a web page",
        "text, not audio; it begins with "
        "'<!DOCTYPE html>\\n<html><body>404 Not Foun'",
        HTML,
    ),
    bad("random bytes", "not audio: Format not recognised.", RANDOM),
    bad("M4A called WAV", "not audio: Format not recognised.", M4A + RANDOM),
    cut("a WAV without its end", "truncated: 9614 bytes are missing", 0.7),
    cut(
        "a WAV of half a heading",
        "not audio: Error in WAV/W64/RF64 file. Short 'fmt ' chunk.",
        0.0006,
    ),
    cut(
        "a FLAC without its end",
        "truncated or damaged: its end cannot be read",
        0.5,
        ".flac",
    ),
    Case(
        "a WAV without samples",
        lambda folder: sound(folder / PLACE, samples=0),
        unusable(f"{PLACE}: no samples"),
    ),
    values(
        "a sample that is no number",
        "samples that are infinite or no numbers",
        numpy.nan,
        subtype="FLOAT",
    ),
    values(
        "an infinite sample at the end of ten seconds",
        "samples that are infinite or no numbers",
        *numpy.zeros(160000),
        -numpy.inf,
        subtype="DOUBLE",
    ),
    values(
        "a sample that float32 does not hold",
        "samples that are infinite or no numbers",
        1e39,
        subtype="DOUBLE",
    ),
    Case("silence", silent, unusable(f"{PLACE}: silent: every sample is zero")),
    Case(
        "silence in 8 bits",
        lambda folder: silent(folder, subtype="PCM_U8"),
        unusable(f"{PLACE}: silent: every sample is zero"),
    ),
    values("silence but for one sample", "", *numpy.zeros(50000), 0.1),
    values("clipped samples", "", *[1.0, -1.0] * 500),
    values("floats far beyond 1", "", 30000.0, -20000.0, subtype="FLOAT"),
    values("a single sample", "", 0.1),
    fine("8 bits", subtype="PCM_U8"),
    fine("24 bits", subtype="PCM_24"),
    fine("mu-law", subtype="ULAW"),
    fine("8 kHz", rate=8000),
    fine("96 kHz", rate=96000),
    fine("five channels", channels=5),
    fine("RF64", format="RF64"),
    Case("one hour", hour),
    Case("MP3 called WAV", swap(".mp3")),
    Case("FLAC called WAV", swap(".flac")),
    Case(
        "a name in capitals",
        lambda folder: (folder / PLACE).rename(folder / "Kim/happy/1.WAV"),
    ),
    Case("hidden files of macOS", hidden),
    Case("a folder called like a recording", folder_called_wav),
    Case(
        "a broken link",
        link("nowhere.wav"),
        unusable(f"{PLACE}: No such file or directory"),
    ),
    Case(
        "a link to itself",
        link("{folder}/Kim/happy/1.wav"),
        unusable(f"{PLACE}: Too many levels of symbolic links"),
    ),
    Case("a folder linked into itself", link("{folder}", "Kim/happy/loop")),
    Case("a link inside", link("{folder}/Kim/happy/2.wav")),
    Case("a link out of the folder", outside),
    Case(
        "a folder linked from elsewhere",
        outside_folder,
        options={"classes": "[happy, sad]"},
    ),
    Case("no permission", locked, unusable(f"{PLACE}: Permission denied")),
    Case("umlauts and other scripts", rename("Größe 東京 👍.wav".encode())),
    Case("commas and quotes", rename(b"a, \"b\", 'c'.wav")),
    Case("a name with =, #, % and &", rename(b"a=b #1 100% & c.wav")),
    Case("a $", rename(b"$a.wav"), unfit("'Kim/happy/$a'")),
    Case("a line break", rename(b"a\nb.wav"), unfit(r"'Kim/happy/a\nb'")),
    Case("a last space", rename(b"a .wav"), unfit("'Kim/happy/a '")),
    Case(
        "a name in Latin-1", rename(b"\xe9.wav"), unfit(r"'Kim/happy/\udce9'")
    ),
    Case(
        "an ID in two formats",
        twice,
        "test.csv has duplicate IDs: Kim/happy/1.",
    ),
]
NEEDS_PERMISSIONS = {"no permission"}
