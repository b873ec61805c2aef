"""What happens to speech on its way: telephones, codecs, noise, levels.

Functions of a waveform [time], at a rate in Hz, to one of the same length that
is not moved in time. Nothing is drawn here but noise, from the generator that
is given: the same arguments give the same samples.
"""

import functools
import io
from typing import NamedTuple

import soundfile
import torch
from torchaudio import functional as F

NARROW = 8000  # Hz, of telephones
FRAME = 320  # samples over which a level is taken


class Codec(NamedTuple):
    """A codec of libsndfile: its rate in Hz, its names, how it is set.

    ``late`` is by how many samples what is decoded comes too late.
    """

    rate: int
    format: str
    subtype: str
    options: dict
    late: int = 0


def _mp3(kilobits, lowest=8, highest=160):
    # libsndfile maps 0 to 1 onto the bit rates of MPEG-2, from the highest
    level = (highest - kilobits) / (highest - lowest)
    options = {"compression_level": level, "bitrate_mode": "CONSTANT"}
    # The delays of LAME's encoder, 576, and of any decoder, 528 + 1
    return Codec(16000, "MP3", "MPEG_LAYER_III", options, late=1105)


def _opus(kilobits, lowest=6, highest=256):
    level = (highest - kilobits) / (highest - lowest)
    return Codec(16000, "OGG", "OPUS", {"compression_level": level})


CODECS = {
    "mulaw": Codec(NARROW, "WAV", "ULAW", {}),
    "gsm": Codec(NARROW, "WAV", "GSM610", {}),
    "mp3": _mp3(32),
    "opus": _opus(12),
}


def through(waveform, rate, codec):
    """Encode with a codec of ``CODECS`` and decode, in memory."""
    name, codec = codec, CODECS[codec]
    # A device limits what it is given; what is louder would turn over
    samples = _resample(waveform, rate, codec.rate).clamp(-1, 1).numpy()
    file = io.BytesIO()
    soundfile.write(
        file,
        samples,
        codec.rate,
        format=codec.format,
        subtype=codec.subtype,
        **codec.options,
    )
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32")
    decoded = torch.from_numpy(decoded[codec.late :])
    if len(decoded) < len(samples):
        raise RuntimeError(
            f"{name} gave {len(decoded)} of {len(samples)} samples: another "
            "version of libsndfile than 1.2?"
        )
    return _fit(_resample(decoded, codec.rate, rate), len(waveform))


def narrowband(waveform, rate):
    """Take away what lies above 4 kHz, as sampling at 8 kHz does."""
    low = _resample(waveform, rate, NARROW)
    return _fit(_resample(low, NARROW, rate), len(waveform))


def amplified(waveform, decibels):
    """Change the level; what is then beyond full scale is cut off."""
    return (waveform * 10 ** (decibels / 20)).clamp(-1, 1)


def clipped(waveform, share):
    """Cut off peaks at a share of the highest."""
    limit = share * waveform.abs().max()
    return waveform.clamp(-limit, limit)


def speech_power(waveform):
    """Mean power of the frames less than 30 dB below the loudest.

    Pauses, of which an acted clip is half, are no part of a speech level.
    """
    whole = waveform[: len(waveform) // FRAME * FRAME]
    power = (whole if len(whole) else waveform).view(
        -1, min(FRAME, len(waveform))
    )
    power = power.square().mean(dim=1)
    return power[power >= power.max() / 1000].mean()


def with_noise(waveform, noise, decibels):
    """Add noise so that speech is so many dB above it.

    Where one of both is silent, nothing is added.
    """
    noise = _fit(noise, len(waveform))
    wanted = speech_power(waveform) / 10 ** (decibels / 10)
    power = noise.square().mean()
    return waveform + noise * (wanted / power).sqrt() if power > 0 else waveform


def colored_noise(samples, alpha, generator):
    """Make noise whose power falls with the frequency as f^-alpha.

    0 is white, 1 pink, 2 red; below 50 Hz it stays flat.
    """
    spectrum = torch.fft.rfft(torch.randn(samples, generator=generator))
    bins = torch.arange(len(spectrum)).clamp(1 + samples // 320)
    return torch.fft.irfft(spectrum * bins ** (-alpha / 2), n=samples)


def babble(voices, samples, generator):
    """Mix voices, a list of waveforms, each at one level and from anywhere."""
    total = torch.zeros(samples)
    for voice in voices:
        place = int(torch.randint(len(voice), (), generator=generator))
        power = speech_power(voice)
        if power > 0:
            total += _fit(voice.roll(-place), samples) / power.sqrt()
    return total


def in_room(waveform, response):
    """Convolve with the response of a room; the direct sound is not delayed.

    The level stays. (SpeechBrain 1.1.2's ``reverberate`` wraps the end of a
    clip around to its beginning.)
    """
    direct = int(response.nonzero()[0])
    wet = F.fftconvolve(waveform, response)[direct : direct + len(waveform)]
    power = wet.square().mean()
    return wet * (waveform.square().mean() / power).sqrt() if power > 0 else wet


def sped(waveform, percent):
    """Play at so many percent of the speed: F0 and formants move along.

    The only one that changes the length. (SpeechBrain's
    ``SpeedPerturb(speeds=[90])`` plays slower, too: longer and lower.)
    """
    return F.resample(waveform, percent, 100)


def _resample(waveform, rate, other):
    return waveform if rate == other else _kernels(rate, other)(waveform)


@functools.lru_cache
def _kernels(rate, other):
    """Return a resampler, which keeps the kernels that it has computed."""
    from torchaudio.transforms import Resample

    return Resample(rate, other)


def _fit(waveform, samples):
    """Cut, or repeat from the beginning."""
    if len(waveform) < samples:
        waveform = waveform.repeat(-(-samples // len(waveform)))
    return waveform[:samples]
