"""One recording: is it all there, and is it a recording at all?"""

import errno
import os
import stat

import numpy
import soundfile
from data_prep.errors import UnusableAudio
from data_prep.recordings.formats import UNREADABLE, advise
from data_prep.recordings.riff import missing_bytes
from data_prep.recordings.tar_shards import open_audio, split_address

POINTER = "Git LFS pointer"  # how the complaint about one begins

_LFS = b"version https://git-lfs"  # how a Git LFS pointer begins
_RATES = 1000, 1_000_000  # in Hz; resampling others takes all memory
# The longest page that Ogg allows, its header included.
_OGG_PAGE = 65307


def probe(path, seek=False):
    """Return samples, rate and channels, or say why it is no recording.

    Channels that sound alike at the beginning count as one. A truncated WAV holds less than its header says; of other formats the last
    sample is read, and an Ogg stream must end with its last page. Silence, also
    of channels that cancel each other, and samples that are no numbers are an
    UnusableAudio, too; with ``seek`` is what cannot be read from within.
    """
    try:
        return _probe(path, seek)
    except UnusableAudio:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno == errno.ENOENT and "\\" in str(path):
            reason += " (write / instead of \\)"
        raise UnusableAudio(reason) from error
    except Exception as error:  # a file may have any, and is one of many
        reason = str(error).partition("\n")[0]
        raise UnusableAudio(
            f"cannot be read: {type(error).__name__}: {reason}"
        ) from error


def _probe(path, seek):
    mode = os.stat(split_address(path)[0]).st_mode
    # Opening a pipe would wait until somebody writes into it
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UnusableAudio("a pipe, a socket or a device, not a file")
    source = open_audio(path)
    if source is path:
        with open(path, "rb") as stream:
            head = _check_ends(stream)
    else:
        head = _check_ends(source)
    try:
        audio = soundfile.SoundFile(_at_start(source))
    except soundfile.LibsndfileError as error:
        text = head.decode("utf-8", "replace")
        reason = f"not audio: {error.error_string}"
        if "".join(text.split()).isprintable() and "\ufffd" not in text[:-1]:
            reason = f"text, not audio; it begins with {text!r}"
        elif str(path).lower().endswith(UNREADABLE):
            reason = f"a format that cannot be read; {advise(path)}"
        elif "does not exist" in reason:  # said of what is not MP3 after all
            reason = "not audio: Format not recognised."  # in its words
        raise UnusableAudio(reason) from error
    with audio:
        if audio.frames < 1:
            raise UnusableAudio("no samples")
        if not _RATES[0] <= audio.samplerate <= _RATES[1]:
            raise UnusableAudio(f"{audio.samplerate} samples a second")
        if seek and not audio.seekable():
            raise UnusableAudio(
                f"{audio.subtype}, of which no part can be read; {advise(path)}"
            )
        if audio.seekable() and not audio.format.startswith("WAV"):
            _read_last_sample(audio)
        read_all = audio.subtype in ("FLOAT", "DOUBLE") or not audio.seekable()
        alike = _check_samples(source, audio.frames, read_all=read_all)
        return audio.frames, audio.samplerate, 1 if alike else audio.channels


def _at_start(source):
    """Read bytes from their beginning, as a file that is opened anew is."""
    if hasattr(source, "seek"):
        source.seek(0)
    return source


def _check_ends(stream):
    """Raise when a file is shorter than its header says; return its head."""
    head = stream.read(40)
    size = stream.seek(0, os.SEEK_END)
    if not head:
        raise UnusableAudio("empty file")
    if head.startswith(_LFS):
        raise UnusableAudio(f"{POINTER}, not the audio itself")
    if head.startswith(b"RIFF"):
        missing = missing_bytes(stream, size)
        if missing > 0:
            raise UnusableAudio(f"truncated: {missing} bytes are missing")
    elif head.startswith(b"OggS"):
        stream.seek(max(0, size - _OGG_PAGE))
        if not _holds_last_page(stream.read()):
            raise UnusableAudio("truncated: the stream's last page is missing")
    return head


def _holds_last_page(tail):
    """Say whether an Ogg file ends with all of its stream's last page."""
    page = tail[max(0, tail.rfind(b"OggS")) :]
    if len(page) < 27:
        return False
    # RFC 3533: flags, 4 marking the last page, then at the header's end the
    # number of segments and the length of each.
    flags, n_segments = page[5], page[26]
    lengths = page[27 : 27 + n_segments]
    return flags & 4 and len(page) >= 27 + n_segments + sum(lengths)


def _check_samples(source, frames, read_all):
    """Raise when a file is silent, ends too soon, or holds what is no number.

    Says whether all channels are one and the same, as far as they were read.
    """
    empty = silent = alike = True
    count = 0
    # Opened anew: after a look at its end, Vorbis is not read from its
    # beginning by every version of libsndfile.
    blocks = soundfile.blocks(
        _at_start(source), 4096, dtype="float32", always_2d=True
    )
    try:
        for block in blocks:
            if not numpy.isfinite(block).all():
                raise UnusableAudio("samples that are infinite or no numbers")
            count += len(block)
            empty = empty and not block.any()
            alike = alike and (block == block[:, :1]).all()
            # Rounding to 16 bits may leave a step of channels that cancel
            least = 0 if block.shape[1] == 1 else 1 / 32768
            silent = silent and abs(block.mean(axis=1)).max() <= least
            if not silent and not read_all:
                return alike
    except soundfile.LibsndfileError as error:
        raise UnusableAudio("damaged: it cannot be read") from error
    if count < frames:
        raise UnusableAudio("truncated or damaged: its end cannot be read")
    if empty:
        raise UnusableAudio("silent: every sample is zero")
    if silent:
        raise UnusableAudio("silent: its channels cancel each other")
    return alike


def _read_last_sample(audio):
    try:
        audio.seek(audio.frames - 1)
        complete = len(audio.read(1)) == 1
    except soundfile.LibsndfileError:
        complete = False
    if not complete:
        raise UnusableAudio("truncated or damaged: its end cannot be read")
