"""What is said: made-up sentences and the movements that articulate them.

A sentence is a row of phones. Articulating it gives smooth control tracks, one
value per frame, from which the voice is computed.
"""

from typing import NamedTuple

import numpy as np
from emoclust_lobes.synthetic.speakers import generator


class Phone(NamedTuple):
    """A sound at its target.

    Arguments
    ---------
    beats : float
        Usual length, relative to a syllable.
    voicing : float
        Amplitude of the voice source, from 0 to 1.
    frication : float
        Amplitude of the noise at a constriction, from 0 to 1.
    noise_hz : float
        Frequency where that noise is strongest.
    formants_hz : tuple of float
        The first three formants of an average man.

    Example
    -------
    >>> Phone(1.0, 1.0, 0.0, 0.0, (500, 1500, 2500)).voicing
    1.0
    """

    beats: float
    voicing: float
    frication: float
    noise_hz: float
    formants_hz: tuple


# Formants of 33 men: G. E. Peterson and H. L. Barney, "Control methods used in
# a study of the vowels," J. Acoust. Soc. Am. 24, 1952.
VOWELS = {
    name: Phone(0.7, 1.0, 0.0, 4000.0, formants)
    for name, formants in {
        "i": (270, 2290, 3010),
        "I": (390, 1990, 2550),
        "E": (530, 1840, 2480),
        "ae": (660, 1720, 2410),
        "a": (730, 1090, 2440),
        "O": (570, 840, 2410),
        "U": (440, 1020, 2240),
        "u": (300, 870, 2240),
        "V": (640, 1190, 2390),
        "r": (490, 1350, 1690),
    }.items()
}
CONSONANTS = {
    "s": Phone(0.4, 0.0, 1.0, 6000.0, (400, 1600, 2600)),
    "sh": Phone(0.4, 0.0, 1.0, 3200.0, (400, 1800, 2400)),
    "f": Phone(0.35, 0.0, 0.4, 7000.0, (400, 1200, 2400)),
    "z": Phone(0.3, 0.3, 0.4, 5500.0, (300, 1600, 2600)),
    "m": Phone(0.3, 0.35, 0.0, 4000.0, (280, 1100, 2300)),
    "l": Phone(0.25, 0.5, 0.0, 4000.0, (360, 1200, 2700)),
}
PAUSE = Phone(0.5, 0.0, 0.0, 4000.0, (500, 1500, 2500))


class Segment(NamedTuple):
    """One phone of a sentence: how long it lasts, and how it is stressed.

    Arguments
    ---------
    phone : Phone
        The sound.
    beats : float
        Length, relative to a syllable.
    stress : float
        1 for a stressed vowel; else 0.

    Example
    -------
    >>> vowel = Phone(1.0, 1.0, 0.0, 0.0, (500, 1500, 2500))
    >>> Segment(vowel, beats=1.2, stress=1.0).phone.formants_hz
    (500, 1500, 2500)
    """

    phone: Phone
    beats: float
    stress: float


def make_sentence(name):
    """Draw a sentence of seven or eight syllables and perhaps a pause.

    No vowel and no consonant comes twice: as in real sentences of this length,
    the sounds are nearly balanced and mostly their order differs.

    Arguments
    ---------
    name : str
        Name of the sentence. It alone decides, as the words of a real sentence
        are the same whoever says them.

    Returns
    -------
    list of Segment

    Example
    -------
    >>> make_sentence("IEO") == make_sentence("IEO") != make_sentence("TIE")
    True
    """
    rng = generator("sentence", name)
    n_syllables = rng.integers(7, 9)
    vowels, consonants = list(VOWELS.values()), list(CONSONANTS.values())
    vowels = [vowels[i] for i in rng.permutation(len(vowels))[:n_syllables]]
    onsets = consonants + [None] * (n_syllables - len(consonants))
    onsets = [onsets[i] for i in rng.permutation(n_syllables)]
    pause = rng.integers(2, 2 * n_syllables)  # half of the sentences have none
    sentence = []
    for syllable, (onset, vowel) in enumerate(zip(onsets, vowels, strict=True)):
        stress = float(syllable % 2 == 0 or rng.random() < 0.3)
        if syllable == pause:
            sentence.append(Segment(PAUSE, PAUSE.beats, 0.0))
        if onset is not None:
            sentence.append(Segment(onset, onset.beats, 0.0))
        beats = vowel.beats * rng.uniform(0.8, 1.2) * (1 + 0.2 * stress)
        sentence.append(Segment(vowel, beats, stress))
    return sentence


class Tracks(NamedTuple):
    """The movements of an utterance, one value per frame.

    Arguments
    ---------
    voicing, frication : numpy.ndarray
        Amplitudes, shape [frames].
    noise_hz : numpy.ndarray
        Where the frication is strongest, shape [frames].
    formants_hz : numpy.ndarray
        Of an average man, shape [frames, 3].
    intonation : numpy.ndarray
        Pitch contour, standardized over the voiced frames (median 0,
        deviation 1), shape [frames].
    time : numpy.ndarray
        From 0 at the first frame of speech to 1 at the last, shape [frames].

    Example
    -------
    >>> level = np.array([0.0, 1.0])
    >>> Tracks(level, level, level, level[:, None], level, level).voiced
    array([False,  True])
    """

    voicing: np.ndarray
    frication: np.ndarray
    noise_hz: np.ndarray
    formants_hz: np.ndarray
    intonation: np.ndarray
    time: np.ndarray

    @property
    def voiced(self):
        """Frames that are clearly voiced, boolean, shape [frames]."""
        return self.voicing > 0.3


def articulate(sentence, syllables_per_second, frames_per_second, rng):
    """Turn a sentence into control tracks.

    Arguments
    ---------
    sentence : list of Segment
        What is said.
    syllables_per_second : float
        Speech rate.
    frames_per_second : float
        Rate of the tracks.
    rng : numpy.random.Generator
        Varies the lengths, the vowels, the intonation and the silence on both
        sides.

    Returns
    -------
    Tracks

    Example
    -------
    >>> tracks = articulate(make_sentence("IEO"), 4.5, 100, generator(1))
    >>> tracks.formants_hz.shape == (len(tracks.voicing), 3)
    True
    """
    beats = np.array([segment.beats for segment in sentence])
    beats *= np.exp(0.15 * rng.standard_normal(len(beats)))
    seconds = beats / syllables_per_second
    seconds = np.concatenate(
        [rng.uniform(0.08, 0.2, 1), seconds, rng.uniform(0.12, 0.25, 1)]
    )
    silence = Segment(PAUSE, 0.0, 0.0)
    segments = [silence, *sentence, silence]
    lengths = np.maximum(1, np.rint(seconds * frames_per_second)).astype(int)

    def track(values, smooth_seconds):
        """Hold each target, then move smoothly from one to the next."""
        held = np.repeat(np.array(values, dtype=float), lengths, axis=0)
        half = max(1, round(smooth_seconds * frames_per_second / 2))
        weights = np.hanning(2 * half + 3)[1:-1]
        padded = np.pad(held, half, mode="edge")
        return np.convolve(padded, weights / weights.sum(), mode="valid")

    stress = track([s.stress for s in segments], 0.12)
    loudness = 1 + 0.4 * (stress - 1)
    voicing = track([s.phone.voicing for s in segments], 0.06) * loudness
    formants = np.array([s.phone.formants_hz for s in segments], dtype=float)
    formants *= np.exp(0.04 * rng.standard_normal(formants.shape))
    start, stop = lengths[0], lengths.sum() - lengths[-1]
    time = np.clip(
        (np.arange(lengths.sum()) - start) / max(1, stop - 1 - start), 0, 1
    )
    phase, cycles = rng.uniform(0, 2 * np.pi), rng.uniform(1, 2)
    intonation = (
        1.2 * stress
        - 1.2 * time
        + 0.5 * np.sin(2 * np.pi * cycles * time + phase)
    )
    voiced = voicing > 0.3
    intonation -= np.median(intonation[voiced])
    intonation /= np.std(intonation[voiced])
    return Tracks(
        voicing=voicing,
        frication=track([s.phone.frication for s in segments], 0.04),
        noise_hz=track([s.phone.noise_hz for s in segments], 0.04),
        formants_hz=np.stack([track(f, 0.08) for f in formants.T], axis=1),
        intonation=intonation,
        time=time,
    )
