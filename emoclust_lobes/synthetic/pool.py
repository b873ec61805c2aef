"""A miniature pool of unlabeled speech: ``SPEAKER/SESSION/utt.wav``."""

from emoclust_lobes.synthetic.tree import Clip, miniature
from emoclust_lobes.synthetic.voice import (
    EMOTIONS,
    generator,
    make_channel,
    make_speaker,
)


@miniature("a pool of unlabeled speech")
def make_pool(
    folder,
    *,
    n_speakers=8,
    n_sessions=2,
    n_utterances=12,
    sample_rate=16000,
    seed=1,
):
    """Make a synthetic pool of speakers who were recorded in several sessions.

    No file says which emotion a clip has. As in found speech, each session
    has a microphone and a room of its own, and every utterance is another
    sentence.

    Speakers are women and men in turn, and the emotions of the utterances of each
    session come in turn, too; the counts are the hidden truth.

    Example
    -------
    >>> folder = getfixture("tmp_path") / "pool"
    >>> counts = make_pool(folder, n_speakers=2, n_sessions=1, n_utterances=2)
    >>> sorted(counts)
    ['spk001', 'spk002']
    >>> (folder / "spk002" / "session1" / "utt001.wav").exists()
    True
    """
    codes = sorted(EMOTIONS)
    for i in range(1, n_speakers + 1):
        speaker = make_speaker(f"spk{i:03d}", "MF"[i % 2], seed)
        for session in range(1, n_sessions + 1):
            place = f"{speaker.name}/session{session}"
            channel = make_channel(place, seed)
            first = generator(seed, "emotions", place).integers(len(codes))
            for utterance in range(1, n_utterances + 1):
                emotion = codes[(first + utterance) % len(codes)]
                path = f"{place}/utt{utterance:03d}.wav"
                yield Clip(
                    path=path,
                    speaker=speaker,
                    emotion=emotion,
                    label=emotion,
                    sentence=path,
                    channel=channel,
                )
