"""The conditions under which speech is heard again, by their names."""

import functools

import torch
from data_prep.errors import EmoclustError
from emoclust_lobes.audio import channels
from emoclust_lobes.audio.reading import hash_number
from emoclust_lobes.audio.rooms import room_response

CLEAN = "clean"
N_TALKERS = 6  # in babble
# Size, talker and microphone in meters, seconds of reverberation
ROOMS = {
    "office": ((5, 4, 2.8), (1.5, 1.5, 1.5), (3.0, 1.8, 1.2), 0.4),
    "hall": ((14, 9, 5), (3.0, 3.5, 1.6), (8.0, 5.0, 1.2), 1.0),
}
# Tried unless others are asked for: parts that are joined by + come in turn
CONDITIONS = (
    CLEAN,
    "8khz",
    *channels.CODECS,
    *(f"babble_{snr}" for snr in (20, 10, 5, 0)),
    *(f"noise_{snr}" for snr in (20, 10, 5, 0)),
    *ROOMS,
    "gain_-20",
    "gain_+20",
    "clipping",
    "babble_10+gsm",
    "office+noise_10",
    "office+opus",
    "gain_-20+gsm",
    "clipping+mp3",
)


def check_conditions(names):
    """Refuse names of which a part is no condition."""
    for name in names:
        for part in split_condition(name) if name != CLEAN else ():
            _find(part)
    return list(names)


def split_condition(name):
    """Return a condition's parts in order; the plus of gain_+20 joins none."""
    return name.replace("_+", "_").split("+")


def degrade(waveform, rate, condition, key="", others=()):
    """Let a waveform pass through a condition.

    Arguments
    ---------
    waveform : torch.Tensor
        Shape [time], in [-1, 1].
    rate : int
        Its samples per second.
    condition : str
        Of ``CONDITIONS``, or some of their parts joined by ``+``: ``8khz``; a
        codec, ``mulaw, gsm, mp3`` (32 kbit/s) or ``opus`` (12 kbit/s);
        ``babble_SNR`` and ``noise_SNR`` (pink), in dB; the rooms ``office``
        and ``hall``; ``gain_DB``, cut off at full scale; ``clipping``, at a
        quarter of the peak.
    key : str
        What the noise depends on: that of an utterance is always the same.
    others : sequence of torch.Tensor
        Voices for the babble.

    Returns
    -------
    torch.Tensor
        Of the same shape, rounded to 16 bits as a recording is; untouched where
        the condition is ``clean``.

    Raises
    ------
    EmoclustError
        When there is no such condition, or babble without voices.

    Example
    -------
    >>> speech = 0.1 * torch.randn(8000)
    >>> degrade(speech, 16000, "gain_-20+gsm").shape
    torch.Size([8000])
    """
    if condition == CLEAN:
        return waveform
    generator = torch.Generator()
    generator.manual_seed(hash_number(f"{condition}|{key}"))
    for part in split_condition(condition):
        function, number = _find(part)
        waveform = function(waveform, rate, number, generator, others)
    return (waveform.clamp(-1, 1) * 32767).round() / 32767


def _find(part):
    """Return the function of a part of a condition, and its number or name."""
    kind, _, number = part.partition("_")
    if part in channels.CODECS:
        return _codec, part
    if part in ROOMS:
        return _room, part
    if part in _PLAIN:
        return _PLAIN[part], None
    try:
        return _NUMBERED[kind], float(number)
    except (KeyError, ValueError):
        raise EmoclustError(
            f"there is no condition {part!r}: give some of "
            f"{', '.join(CONDITIONS)}, or others like them"
        ) from None


def _codec(waveform, rate, codec, *_):
    return channels.through(waveform, rate, codec)


def _room(waveform, rate, room, *_):
    return channels.in_room(waveform, _response(room, rate))


@functools.lru_cache
def _response(room, rate):
    return room_response(*ROOMS[room], rate)


def _babble(waveform, rate, snr, generator, others):
    if not others:
        raise EmoclustError("babble is made of other voices: give some")
    noise = channels.babble(others, len(waveform), generator)
    return channels.with_noise(waveform, noise, snr)


def _noise(waveform, rate, snr, generator, others):
    noise = channels.colored_noise(len(waveform), 1, generator)
    return channels.with_noise(waveform, noise, snr)


_PLAIN = {
    "8khz": lambda waveform, rate, *_: channels.narrowband(waveform, rate),
    "clipping": lambda waveform, *_: channels.clipped(waveform, 0.25),
}
_NUMBERED = {
    "babble": _babble,
    "noise": _noise,
    "gain": lambda waveform, rate, db, *_: channels.amplified(waveform, db),
}
