"""Who speaks when and with which emotion, in conversations with known truth.

    python recipes/recordings/conversations.py MODEL FOLDER results.csv

FOLDER holds what ``python -m emoclust_lobes.synthetic.conversations`` writes, of
speakers that the model, which was trained with enrolment, has not heard.
"""

import argparse
import csv
import pathlib

import numpy as np
import pandas as pd
import torch
from emoclust_lobes.predict.inputs import Clip
from emoclust_lobes.predict.predictor import Predictor
from emoclust_lobes.predict.segments import mean_probabilities, most_probable
from emoclust_lobes.turns.listening import Listener
from emoclust_lobes.turns.turn import Turn
from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate
from sklearn.metrics import recall_score

from speechbrain.utils.EDER import EDER

COLLAR = 0.5  # seconds: a quarter on both sides of a border, as md-eval's 0.25
FRAME = 0.1  # seconds of a frame of EDER


def read_truth(path):
    """List (Turn, emotion) of a conversation."""
    with open(path, encoding="utf-8", newline="") as stream:
        return [
            (
                Turn(float(row["start"]), float(row["end"]), row["speaker"]),
                row["emotion"],
            )
            for row in csv.DictReader(stream)
        ]


def annotated(turns):
    """Make what pyannote.metrics compares."""
    found = Annotation()
    for number, turn in enumerate(turns):
        found[Segment(turn.start, turn.end), number] = turn.speaker
    return found


def emotions(predictor, found, enrolled):
    """List (Turn, emotion) of an EmbeddedClip, with enrolment or without."""
    turns = found.turns
    if not enrolled:  # everybody speaks once
        found.turns = [
            turn._replace(speaker=f"{number}")
            for number, turn in enumerate(turns)
        ]
    heard = predictor.classify(found).turns
    found.turns = turns
    return [
        (turn, most_probable(mean_probabilities(each.windows)))
        for turn, each in zip(turns, heard, strict=True)
    ]


def of_true_turns(truth, found):
    """Give each true turn the emotion of the found one that it shares most."""
    heard = []
    for turn, _ in truth:
        shared = [
            min(turn.end, other.end) - max(turn.start, other.start)
            for other, _ in found
        ]
        best = int(np.argmax(shared)) if shared else 0
        heard.append(found[best][1] if shared and shared[best] > 0 else "")
    return heard


def emotion_error(truth, found):
    """Mean of SpeechBrain's EDER over the true turns, weighted by length.

    It compares first letters, of one emotion at a time: each turn is an utterance,
    and each emotion a letter of its own.
    """
    names = sorted({emotion for _, emotion in [*truth, *found]})
    letters = {name: chr(ord("A") + at) for at, name in enumerate(names)}
    errors, lengths = [], []
    for turn, emotion in truth:
        length = turn.end - turn.start
        frames = []
        for middle in turn.start + FRAME * (
            0.5 + np.arange(max(1, round(length / FRAME)))
        ):
            heard = [
                letters[other]
                for each, other in found
                if each.start <= middle < each.end
            ]
            frames.append(heard[0] if heard else "-")
        spoken = [{"emo": letters[emotion], "start": 0, "end": length}]
        errors.append(EDER(frames, "turn", length, spoken, FRAME, FRAME))
        lengths.append(length)
    return np.average(errors, weights=lengths)


def measure(predictor, listeners, audio):
    """Measure a conversation: rows, and (condition, truth, heard) to pool."""
    truth = read_truth(audio.with_suffix(".csv"))
    clip = Clip(audio.name, str(audio))
    reference = annotated([turn for turn, _ in truth])
    listeners = {
        **listeners,
        "true": Listener(turns={"": [turn for turn, _ in truth]}),
    }
    rows = []
    for name, listener in listeners.items():
        (found,) = predictor.embed([clip], listener=listener)
        if found.problem:
            raise ValueError(f"{audio}: {found.problem}")
        metric = DiarizationErrorRate(collar=COLLAR)
        parts = metric(reference, annotated(found.turns), detailed=True)
        for enrolled in (False, True):
            heard = emotions(predictor, found, enrolled)
            rows.append(
                {
                    "conversation": audio.stem,
                    "turns": name,
                    "enrolled": enrolled,
                    "people": len({turn.speaker for turn, _ in truth}),
                    "people_found": len({x.speaker for x in found.turns}),
                    "der": parts["diarization error rate"],
                    "missed": parts["missed detection"] / parts["total"],
                    "false_alarm": parts["false alarm"] / parts["total"],
                    "confusion": parts["confusion"] / parts["total"],
                    "eder": emotion_error(truth, heard),
                    "truth": [emotion for _, emotion in truth],
                    "heard": of_true_turns(truth, heard),
                }
            )
    return rows


def main():
    """Measure all conversations of a folder; write a row per condition."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("folder")
    parser.add_argument("output")
    options = parser.parse_args()
    torch.set_num_threads(1)
    predictor = Predictor(options.model)
    rows = []
    for audio in sorted(pathlib.Path(options.folder).glob("**/*.flac")):
        people = len(
            {x.speaker for x, _ in read_truth(audio.with_suffix(".csv"))}
        )
        listeners = {
            "found, --speakers=auto": Listener(speakers="auto"),
            "found, --speakers=N": Listener(speakers=people),
        }
        for row in measure(predictor, listeners, audio):
            rows.append({"set": audio.parent.name, **row})
    table = []
    groups = ["set", "people", "turns", "enrolled"]
    frame = pd.DataFrame(rows)
    everything = frame.assign(set="all", people="2-4")
    for key, group in pd.concat([frame, everything]).groupby(groups):
        truth, heard = sum(group["truth"], []), sum(group["heard"], [])
        uar = recall_score(
            truth, heard, labels=sorted(set(truth)), average="macro"
        )
        means = group[
            [
                "people_found",
                "der",
                "missed",
                "false_alarm",
                "confusion",
                "eder",
            ]
        ].mean()
        table.append(
            {
                **dict(zip(groups, key, strict=True)),
                "conversations": len(group),
                "n_turns": len(truth),
                "uar": round(uar, 4),
                **{name: round(x, 4) for name, x in means.items()},
            }
        )
    pd.DataFrame(table).to_csv(options.output, index=False)


if __name__ == "__main__":
    main()
