"""Who speaks and how: made-up speakers, emotions and recording channels.

A speaker has a voice at rest. An emotion changes that voice: its numbers are
differences (dB, semitones) or ratios to the speaker's rest, with the directions
that the literature on vocal expression reports [1]_. Every number drawn here
depends on a seed and on names alone.

References
----------
.. [1] K. R. Scherer, "Vocal communication of emotion: a review of research
   paradigms," Speech Communication 40, 2003.
"""

import dataclasses
import hashlib

import numpy as np


def generator(*names):
    """Return a random generator that depends on the names alone.

    Arguments
    ---------
    *names : str or int
        For instance the seed, the speaker and the utterance.

    Returns
    -------
    numpy.random.Generator

    Example
    -------
    >>> first, again = generator(1, "Ses01F"), generator(1, "Ses01F")
    >>> bool(first.random() == again.random())
    True
    """
    key = "|".join(map(str, names)).encode("utf-8")
    return np.random.default_rng(
        int.from_bytes(hashlib.sha256(key).digest(), "big")
    )


@dataclasses.dataclass(frozen=True)
class Speaker:
    """A voice at rest.

    Arguments
    ---------
    name : str
        The corpus's name of the speaker.
    gender : str
        ``F`` or ``M``.
    pitch_hz : float
        Median fundamental frequency.
    pitch_range_semitones : float
        Standard deviation of the pitch contour.
    formant_ratio : float
        Formant frequencies relative to an average man's; the inverse of the
        relative length of the vocal tract.
    syllables_per_second : float
        Speech rate.
    level_dbfs : float
        RMS level of an utterance, relative to full scale.
    tilt_db_per_octave : float
        How steeply the voice source falls towards high frequencies.
    breath_db : float
        Power of the aspiration noise, relative to the glottal pulses.
    jitter_percent : float
        Standard deviation of the pulses' times, relative to the period.
    expressiveness_ratio : float
        How strongly this speaker expresses every emotion; 1 is average.

    Example
    -------
    >>> make_speaker("Ann", "F", seed=1).gender
    'F'
    """

    name: str
    gender: str
    pitch_hz: float
    pitch_range_semitones: float
    formant_ratio: float
    syllables_per_second: float
    level_dbfs: float
    tilt_db_per_octave: float
    breath_db: float
    jitter_percent: float
    expressiveness_ratio: float


def make_speaker(name, gender, seed):
    """Draw a speaker.

    Arguments
    ---------
    name : str
        The corpus's name of the speaker.
    gender : str
        ``F`` or ``M``.
    seed : int
        Seed of the corpus.

    Returns
    -------
    Speaker

    Raises
    ------
    ValueError
        When the gender is neither.

    Example
    -------
    >>> woman, man = make_speaker("A", "F", 1), make_speaker("B", "M", 1)
    >>> woman.pitch_hz > man.pitch_hz
    True
    """
    if gender not in ("F", "M"):
        raise ValueError(f"gender of {name} is {gender!r}: give 'F' or 'M'")
    draw = generator(seed, "speaker", name).uniform
    woman = gender == "F"
    return Speaker(
        name=name,
        gender=gender,
        pitch_hz=draw(185, 245) if woman else draw(95, 140),
        pitch_range_semitones=draw(1.6, 2.6),
        formant_ratio=draw(1.11, 1.23) if woman else draw(0.94, 1.06),
        syllables_per_second=draw(4.0, 5.0),
        level_dbfs=draw(-35, -31),
        tilt_db_per_octave=draw(5.5, 8.5),
        breath_db=draw(-38, -30),
        jitter_percent=draw(0.4, 1.2),
        expressiveness_ratio=draw(0.7, 1.3),
    )


@dataclasses.dataclass(frozen=True)
class Emotion:
    """What an emotion changes in a speaker's voice.

    Arguments
    ---------
    pitch_semitones : float
        Added to the median pitch.
    pitch_range_ratio : float
        Multiplies the standard deviation of the pitch contour.
    rise_semitones : float
        Rise of the pitch towards the end.
    rate_ratio : float
        Multiplies the speech rate.
    level_db : float
        Added to the level.
    tilt_db_per_octave : float
        Added to the spectral tilt: positive is steeper, duller.
    breath_db : float
        Added to the aspiration noise.
    jitter_ratio : float
        Multiplies the jitter: harsher.

    Example
    -------
    >>> EMOTIONS["ang"].strengthened(0.5).level_db
    4.0
    """

    pitch_semitones: float = 0.0
    pitch_range_ratio: float = 1.0
    rise_semitones: float = 0.0
    rate_ratio: float = 1.0
    level_db: float = 0.0
    tilt_db_per_octave: float = 0.0
    breath_db: float = 0.0
    jitter_ratio: float = 1.0

    def strengthened(self, strength):
        """Scale every change: 0 is the speaker's rest, 1 the emotion itself."""
        return Emotion(
            **{
                name: value**strength
                if name.endswith("_ratio")
                else value * strength
                for name, value in dataclasses.asdict(self).items()
            }
        )

    def varied(self, rng, deviation):
        """Draw one utterance's way of expressing the emotion.

        Arguments
        ---------
        rng : numpy.random.Generator
            Where the variation comes from.
        deviation : Emotion
            One standard deviation of each field: differences are added,
            ratios multiplied.

        Returns
        -------
        Emotion
        """
        values = {}
        for name, value in dataclasses.asdict(self).items():
            step, size = rng.standard_normal(), getattr(deviation, name)
            values[name] = (
                value * size**step
                if name.endswith("_ratio")
                else value + size * step
            )
        return Emotion(**values)


# In the order of the fields: pitch, its range, rise; rate; level, tilt, breath
# and jitter.
EMOTIONS = {
    "neu": Emotion(),
    "cal": Emotion(-0.5, 0.8, 0.0, 0.88, -3.5, 1.2, 3.0, 1.0),
    "hap": Emotion(4.0, 1.6, 0.0, 1.12, 4.0, -1.2, 0.0, 1.0),
    "sad": Emotion(-2.5, 0.55, 0.0, 0.8, -5.0, 2.5, 4.0, 1.3),
    "ang": Emotion(3.0, 1.7, 0.0, 1.18, 8.0, -3.0, -3.0, 1.6),
    "fea": Emotion(5.0, 0.6, 0.0, 1.2, -1.0, 1.0, 9.0, 2.0),
    "dis": Emotion(-2.0, 1.1, 0.0, 0.82, 0.0, -1.0, 3.0, 3.0),
    "sur": Emotion(5.0, 1.5, 9.0, 1.0, 3.0, -0.5, 2.0, 1.0),
}

# Wide enough for neighboring emotions to overlap, as acted speech does.
DEVIATION = Emotion(
    pitch_semitones=1.3,
    pitch_range_ratio=1.25,
    rise_semitones=0.5,
    rate_ratio=1.08,
    level_db=2.0,
    tilt_db_per_octave=1.0,
    breath_db=2.0,
    jitter_ratio=1.2,
)


@dataclasses.dataclass(frozen=True)
class Channel:
    """The microphone and the room of a recording session.

    Arguments
    ---------
    level_db : float
        Added to the level.
    tilt_db_per_octave : float
        Loss towards high frequencies.
    noise_dbfs : float
        RMS level of the steady background noise.

    Example
    -------
    >>> Channel(level_db=-6.0).noise_dbfs
    -75.0
    """

    level_db: float = 0.0
    tilt_db_per_octave: float = 0.0
    noise_dbfs: float = -75.0


def make_channel(name, seed):
    """Draw the channel of a recording session.

    Arguments
    ---------
    name : str
        Name of the session.
    seed : int
        Seed of the corpus.

    Returns
    -------
    Channel

    Example
    -------
    >>> make_channel("Session1", 1) == make_channel("Session1", 1)
    True
    """
    draw = generator(seed, "channel", name).uniform
    return Channel(
        level_db=draw(-3, 3),
        tilt_db_per_octave=draw(-1, 1),
        noise_dbfs=draw(-80, -65),
    )
