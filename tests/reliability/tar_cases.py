"""Pools in tars."""

import io
import os
import tarfile

import numpy
import soundfile
from case import sound
from pool_cases import pool


def noise(samples=800, scale=0.1):
    """Bytes of a recording."""
    stream = io.BytesIO()
    values = numpy.random.default_rng(samples).normal(0, scale, samples)
    soundfile.write(stream, values, 16000, format="WAV", subtype="PCM_16")
    return stream.getvalue()


GOOD = ("Eve/1.wav", noise())


def packed(*members, name="shard.tar", mode="w", cut=None, more=b""):
    """Pack members, (name, content, changes of the header), in a pool's tar."""

    def damage(folder):
        path = folder.parent / "pool" / name
        path.parent.mkdir(exist_ok=True)
        with tarfile.open(path, mode) as packing:
            for member, content, *changes in members:
                info = tarfile.TarInfo(member)
                info.size = len(content)
                for key, value in (changes or [{}])[0].items():
                    setattr(info, key, value)
                packing.addfile(info, io.BytesIO(content))
        path.write_bytes(path.read_bytes()[:cut] + more)

    return damage


def tar(name, reason, damage, label="shard.tar"):
    """A case of a tar that is refused."""
    message = (
        f"1 audio files in {{outside}}/pool cannot be used:\n  {label}: "
        f"{reason}\nCopy or download those files again, or remove them."
    )
    return pool(name, damage, message)


def bad_member(name, reason, member="Eve/2.wav", **changes):
    """A case of a tar with a member that is refused, behind one that is not."""
    damage = packed(GOOD, (member, b"", changes))
    return tar(name, f"{member} is {reason}", damage)


def bad_recording(name, reason, content):
    """A case of a tar with something that is no recording."""
    damage = packed(GOOD, ("./Eve/2.wav", content))
    return tar(name, reason, damage, "shard.tar: Eve/2.wav")


def beside_files(folder):
    packed(("./Eve/a.b/1.wav", noise()), ("Eve/._1.wav", b"x"))(folder)
    sound(folder.parent / "pool/Kim/1.wav")


def elsewhere(folder):
    packed(GOOD)(folder)
    place = folder.parent / "pool/shard.tar"
    target = folder.parent / "other/a.tar"
    target.parent.mkdir()
    place.rename(target)
    place.symlink_to(target)


def pipe(folder):
    (folder.parent / "pool").mkdir()
    os.mkfifo(folder.parent / "pool/shard.tar")


def in_two_tars(folder):
    for name in ("a.tar", "b.tar"):
        packed(GOOD, name=name)(folder)


def in_two_pools(folder):
    packed(GOOD)(folder)
    (folder.parent / "more").mkdir()
    os.link(folder.parent / "pool/shard.tar", folder.parent / "more/a.tar")


COMPRESSED = "compressed: to read single recordings takes an uncompressed .tar"
ALONE = (
    "The pool {outside}/pool has no recordings in SPEAKER/.... It holds 1 "
    "files: shard.tar."
)
CASES = [
    pool("a pool in a tar", packed(GOOD), None),
    pool("a tar beside files", beside_files, None),
    pool(
        "a tar that says who speaks",
        packed(
            ("1.wav", noise()),
            ("1.json", b'{"speaker": "Eve"}'),
            ("2.spk", b"Kim\n"),
            ("2.wav", noise(801)),
            ("notes.txt", b"x"),
        ),
        None,
    ),
    pool("a tar without speakers", packed(("1.wav", noise())), ALONE),
    pool("a tar of nothing", packed(), ALONE),
    tar(
        "an empty file called tar",
        "no tar, or a damaged one: empty file",
        packed(cut=0),
    ),
    tar(
        "a text called tar",
        "no tar, or a damaged one: truncated header",
        packed(cut=0, more=b"a text"),
    ),
    tar("a pipe called tar", "a pipe, a socket or a device, not a file", pipe),
    tar("a compressed tar", COMPRESSED, packed(GOOD, mode="w:gz")),
    tar(
        "a compressed tar that says so",
        COMPRESSED,
        packed(GOOD, name="shard.tar.gz", mode="w:gz"),
        "shard.tar.gz",
    ),
    tar(
        "a tar that is cut off in a recording",
        "truncated: Eve/1.wav is cut off",
        packed(GOOD, cut=1000),
    ),
    tar(
        "a tar without its end",
        "truncated: its end is missing",
        packed(GOOD, cut=2560),
    ),
    tar(
        "a tar with something behind it",
        "damaged at byte 2560, or tars joined",
        packed(GOOD, more=b"a text"),
    ),
    bad_member("an absolute path in a tar", "an absolute path", "/Eve/1.wav"),
    bad_member(
        "a path out of a tar", "a path that leads out of it", "Eve/../../1.wav"
    ),
    bad_member(
        "a symbolic link in a tar",
        "a link",
        type=tarfile.SYMTYPE,
        linkname="1.wav",
    ),
    bad_member(
        "a hard link in a tar",
        "a link",
        type=tarfile.LNKTYPE,
        linkname="Eve/1.wav",
    ),
    bad_member("a pipe in a tar", "a device or a pipe", type=tarfile.FIFOTYPE),
    bad_member("a device in a tar", "a device or a pipe", type=tarfile.CHRTYPE),
    bad_member(
        "a sparse file in a tar",
        "a sparse file",
        pax_headers={"GNU.sparse.map": "0,1", "GNU.sparse.size": "1"},
    ),
    bad_member("a name twice in a tar", "there twice", "./Eve/1.wav"),
    tar(
        "no JSON beside a recording in a tar",
        "Eve/1.json cannot be read: Expecting value: line 1 column 1 (char 0)",
        packed(GOOD, ("Eve/1.json", b"Eve")),
    ),
    bad_recording(
        "a text in a tar", "text, not audio; it begins with 'x'", b"x"
    ),
    bad_recording(
        "a recording that was cut off before it was packed",
        "truncated: 44 bytes are missing",
        noise()[:-44],
    ),
    pool(
        "AAC in a tar",
        packed(GOOD, ("Eve/2.m4a", b"x")),
        "1 recordings of the pool {outside}/pool are in a format "
        "that cannot be read: Eve/2.m4a. Unpack and convert them, for "
        "instance with ffmpeg:\n"
        "  find {outside}/pool -name '*.m4a' -exec sh -c 'ffmpeg -i "
        '"$1" -ar 16000 -ac 1 "${{1%.*}}.wav"\' sh {{}} \\;',
    ),
    pool("a link to a tar outside", elsewhere, None),
    pool(
        "a recording in two tars",
        in_two_tars,
        "pool.csv has duplicate IDs: pool/Eve/1.",
    ),
    pool(
        "a tar in two pools",
        in_two_pools,
        "1 recordings of the pools are elsewhere, too: "
        "{outside}/more/a.tar: Eve/1.wav ({outside}/more) is "
        "{outside}/pool/shard.tar: Eve/1.wav ({outside}/pool). Pretraining "
        "must not hear what is validated or tested on, nor one speaker "
        "under two names: take them out of the pool (delete the file there, "
        "or its row), or the pool out of the list.",
        "{folder}/../pool",
        "{folder}/../more",
    ),
]
