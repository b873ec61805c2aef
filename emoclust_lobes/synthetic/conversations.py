"""Conversations put together from clips of single speakers.

``python -m emoclust_lobes.synthetic.conversations --help``: who speaks when, and
with which emotion, is known to the sample.
"""

import argparse
import itertools
import pathlib
from typing import NamedTuple

import numpy as np
import pandas as pd
import soundfile
from data_prep.errors import EmoclustError
from data_prep.manifests.tables import PATH_COLUMNS, find_column, read_rows
from emoclust_lobes.audio.reading import read_utterance

RATE = 16000
NOISE = 1e-4  # of the room, -80 dB: a pause is no digital silence
# Seconds at the ends of a clip that are quieter than its voice are cut off
QUIET = 1e-2


class Spoken(NamedTuple):
    """A clip in a conversation: seconds, who, how, and the clip's path."""

    start: float
    end: float
    speaker: str
    emotion: str
    clip: str


def read_clips(table):
    """Read a table of clips: speaker -> list of (path, emotion).

    Its columns are wav, path or file, ``speaker`` or ``spk_id``, and ``emotion``.
    """
    columns, rows = read_rows(table)
    path = find_column(table, columns, PATH_COLUMNS)
    speaker = find_column(table, columns, ("speaker", "spk_id"))
    find_column(table, columns, ("emotion",))
    clips: dict[str, list] = {}
    folder = pathlib.Path(table).parent
    for _, row in rows:
        clip = (str(folder / row[path]), row["emotion"])
        clips.setdefault(row[speaker], []).append(clip)
    return clips


def make_conversation(clips, rng, *, people, seconds, overlap, pause=0.8):
    """Put clips of some speakers together: waveform at 16 kHz, list of Spoken.

    ``overlap`` is the share of the changes at which one interrupts the other;
    ``pause`` the mean of the pauses. It ends with the clip that reaches the
    length.
    """
    clips = {who: known for who, known in clips.items() if known}
    if not 2 <= people <= len(clips):
        raise EmoclustError(
            f"{people} people are asked for: two at least converse, and there "
            f"are clips of {len(clips)}"
        )
    chosen = rng.choice(sorted(clips), people, replace=False)
    decks = {who: _deck(clips[who], rng) for who in chosen}
    spoken: list[Spoken] = []
    parts, position, who = [], 0.0, None
    for turn in itertools.count():
        # Everybody speaks, then chance decides
        others = [each for each in chosen if each != who]
        who = chosen[turn] if turn < people else rng.choice(others)
        path, emotion = next(decks[who])
        wave = _trimmed(read_utterance(path).numpy())
        gap = 0.2 + rng.exponential(pause - 0.2)
        if spoken and rng.random() < overlap:
            last = spoken[-1]
            gap = -min(0.5, (last.end - last.start) / 2, len(wave) / RATE / 2)
        start = round(max(0.0, position + gap), 3)
        position = round(start + len(wave) / RATE, 3)
        parts.append((round(start * RATE), wave))
        spoken.append(Spoken(start, position, str(who), emotion, path))
        if position >= seconds:
            break
    waveform = rng.normal(0, NOISE, round((position + 0.5) * RATE))
    for first, wave in parts:
        waveform[first : first + len(wave)] += wave
    return (waveform / max(1.0, np.abs(waveform).max())), spoken


def write_conversation(folder, name, waveform, spoken):
    """Write NAME.flac, NAME.rttm and NAME.csv, the truth with emotions."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / f"{name}.flac", waveform, RATE)
    lines = [
        f"SPEAKER {name} 1 {x.start:.3f} {x.end - x.start:.3f} <NA> <NA> "
        f"{x.speaker} <NA> <NA>\n"
        for x in spoken
    ]
    (folder / f"{name}.rttm").write_text("".join(lines), encoding="utf-8")
    table = pd.DataFrame(spoken)
    table.insert(0, "recording", name)
    table.to_csv(folder / f"{name}.csv", index=False)


def _deck(clips, rng):
    """Give a speaker's clips, each once, then all again."""
    while True:
        for at in rng.permutation(len(clips)):
            yield clips[at]


def _trimmed(wave):
    """Cut off what is quiet at both ends, but for 0.05 s."""
    loud = np.flatnonzero(np.abs(wave) > QUIET * np.abs(wave).max())
    margin = RATE // 20
    return wave[max(0, loud[0] - margin) : loud[-1] + margin]


def main(arguments=None):
    """Make the conversations that the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m emoclust_lobes.synthetic.conversations",
        description="Put conversations together from clips of single speakers: "
        "audio, and who speaks when with which emotion (RTTM, CSV).",
    )
    parser.add_argument(
        "table",
        help="CSV file with the columns wav (or path, file), speaker (or "
        "spk_id) and emotion",
    )
    parser.add_argument("folder", help="where to write")
    parser.add_argument("--number", type=int, default=4, help="conversations")
    parser.add_argument("--people", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--overlap", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1986)
    options = parser.parse_args(arguments)
    clips = read_clips(options.table)
    for number in range(1, options.number + 1):
        rng = np.random.default_rng([options.seed, number])
        waveform, spoken = make_conversation(
            clips,
            rng,
            people=options.people,
            seconds=options.seconds,
            overlap=options.overlap,
        )
        name = f"talk_{options.people}_{number:02d}"
        write_conversation(options.folder, name, waveform, spoken)
    print(f"{options.number} conversations in {options.folder}")


if __name__ == "__main__":
    main()
