"""Which files are recordings by their names, and which of these can be read."""

import os
import shlex

import soundfile
from data_prep.errors import ManifestError, name_some

# Of headerless formats, and of those that hold other things than speech, none
_ENDINGS = {
    "AIFF": (".aif", ".aifc", ".aiff"),
    "AU": (".au", ".snd"),
    "CAF": (".caf",),
    "FLAC": (".flac",),
    "MP3": (".mp3",),
    "NIST": (".nist", ".sph"),
    "OGG": (".oga", ".ogg", ".opus"),
    "RF64": (".rf64",),
    "VOC": (".voc",),
    "W64": (".w64",),
    "WAV": (".wav", ".wave"),
}
_KNOWN = soundfile.available_formats()
AUDIO_SUFFIXES = tuple(
    sorted(y for x, endings in _ENDINGS.items() if x in _KNOWN for y in endings)
)
# What phones, browsers, cameras and older versions of libsndfile leave
UNREADABLE = (
    *(y for x, endings in _ENDINGS.items() if x not in _KNOWN for y in endings),
    *(".3gp", ".aac", ".ac3", ".amr", ".ape", ".avi", ".awb", ".flv", ".gsm"),
    *(".m4a", ".m4b", ".m4v", ".mka", ".mkv", ".mov", ".mp2", ".mp4", ".mpeg"),
    *(".mpg", ".ra", ".spx", ".weba", ".webm", ".wma", ".wmv", ".wv"),
)
RECORDINGS = (*AUDIO_SUFFIXES, *UNREADABLE)


def unconverted(paths):
    """List recordings in formats that are not read, in no other format too."""
    endings = {path: os.path.splitext(path) for path in paths}
    read = {
        stem
        for stem, ending in endings.values()
        if ending.lower() in AUDIO_SUFFIXES
    }
    return [
        path
        for path, (stem, ending) in endings.items()
        if ending.lower() in UNREADABLE and stem not in read
    ]


def refuse_unconverted(what, folder, paths, packed=False):
    """Raise where recordings of a folder must be converted, and say how."""
    if not paths:
        return
    endings = sorted({os.path.splitext(path)[1] for path in paths})
    lines = [
        f"  find {shlex.quote(str(folder))} -name '*{ending}' -exec sh -c "
        f"""'{convert('"$1"', '"${1%.*}.wav"')}' sh {{}} \\;"""
        for ending in endings
    ]
    raise ManifestError(
        f"{len(paths):,} recordings of {what} are in a format that cannot be "
        f"read: {name_some(paths, 5)}. "
        f"{'Unpack and convert' if packed else 'Convert'} them, for instance "
        "with ffmpeg:\n" + "\n".join(lines)
    )


def convert(source, target):
    """Return the command that makes a WAV of any recording."""
    return f"ffmpeg -i {source} -ar 16000 -ac 1 {target}"


def advise(path):
    """Say how one recording becomes one that can be read."""
    target = f"{os.path.splitext(path)[0]}.converted.wav"
    return f"convert it: {convert(*map(shlex.quote, (str(path), target)))}"
