"""From recordings to emotions, with a trained model."""

from typing import NamedTuple

import torch
from emoclust_lobes.evaluation.calibration import calibrated
from emoclust_lobes.inference.load import load_model
from emoclust_lobes.predict.embedding import embed_clips
from emoclust_lobes.predict.enrolment import Enrolment
from emoclust_lobes.predict.inputs import Clip, PredictError
from emoclust_lobes.predict.segments import (
    mean_dimensions,
    mean_probabilities,
    most_probable,
)
from emoclust_lobes.predict.windows import Channels


class FilePrediction(NamedTuple):
    """What a model hears in a recording.

    Arguments
    ---------
    path : str
        The recording, as it was given.
    emotion : str
        Code of the most probable class.
    confidence : float
        Its probability.
    probabilities : dict
        Class -> probability, calibrated: the mean of the windows'.
    seconds : float
        Length of the recording.
    windows : list of (float, float, dict)
        Start and end in seconds, and class -> probability, of each window.
    speaker : str
        Empty where unknown.
    dimensions : dict
        Dimension -> number on the corpus' scale, the mean of the windows', of
        models that have any. One of dimensions alone has no emotions: the
        others are empty.
    window_dimensions : list of dict
        The same of each window.
    weights : dict
        Class -> factor, where the emotion is that of the highest probability
        times it: of models of annotators' votes that were trained to find rare
        emotions as well as common ones. Otherwise empty.

    Example
    -------
    >>> chances = {"ang": 0.9, "sad": 0.1}
    >>> windows = [(0.0, 1.0, chances)]
    >>> FilePrediction("a.wav", "ang", 0.9, chances, 1.0, windows).emotion
    'ang'
    """

    path: str
    emotion: str
    confidence: float
    probabilities: dict
    seconds: float
    windows: list
    speaker: str = ""
    dimensions: dict = {}
    window_dimensions: list = []
    weights: dict = {}


class Predictor:
    """Recognizes emotions in recordings.

    A window's probabilities are calibrated with the temperature that was
    fitted on development speakers, see ``emoclust_lobes.evaluation.calibrated``;
    a recording's are the mean of its windows'.

    Arguments
    ---------
    model_folder : str or pathlib.Path
        The folder ``inference`` of a stage-2 run.
    device : str
        Where to compute.
    window, hop : float
        Length of a window, and of the way from one to the next, in seconds. A
        recording that is no longer than a window is one.
    trust : bool
        Whether a folder may run any code that its YAML names.
    batch_seconds : float
        So much audio is held and computed together.
    channel : int or None
        Which channel is heard, counted from 1; the mean of all without.

    Raises
    ------
    PredictError
        When there can be no such windows.
    emoclust_lobes.inference.InferenceError
        When the folder holds no model that can be loaded.

    Example
    -------
    >>> Predictor("results/inference", window=1.0, hop=2.0)
    Traceback (most recent call last):
    ...
    emoclust_lobes.predict.inputs.PredictError: windows must be longer than \
0 s and the hop no longer than they are, found a window of 1.0 s and a hop of \
2.0 s
    """

    def __init__(
        self,
        model_folder,
        device="cpu",
        window=3.0,
        hop=1.5,
        trust=False,
        batch_seconds=60.0,
        channel=None,
    ):
        if not 0 < hop <= window < float("inf"):
            raise PredictError(
                "windows must be longer than 0 s and the hop no longer than "
                f"they are, found a window of {window} s and a hop of {hop} s"
            )
        if not batch_seconds > 0:
            raise PredictError(
                f"a batch must be longer than 0 s, not {batch_seconds} s"
            )
        if channel is not None and channel < 1:
            raise PredictError(f"channels are counted from 1, not {channel}")
        self.channels = Channels(channel)
        self.model = load_model(model_folder, device=device, trust=trust)
        self.model_folder = model_folder
        self.window = window
        self.hop = hop
        self.batch_seconds = batch_seconds

    @property
    def classes(self):
        """Codes of the classes, in the order of the model's outputs."""
        return list(self.model.hparams.classes)

    @property
    def dimensions(self):
        """Names of the dimensions that the model rates, often none."""
        return list(getattr(self.model.hparams, "dimension_names", []))

    def need_classes(self, what):
        """Raise a PredictError where a model rates dimensions alone."""
        if not self.classes:
            raise PredictError(
                f"{self.model_folder} was trained with target=dimensions and "
                f"knows no emotions, which {what} needs: take a model of "
                "target=class, distribution or both"
            )

    def embed(self, clips, on_windows=lambda windows: None):
        """Embed the windows of recordings, yielding an EmbeddedClip each.

        ``on_windows`` is told the number of windows of each batch that is done.
        """
        return embed_clips(
            self.model,
            clips,
            window=self.window,
            hop=self.hop,
            batch_seconds=self.batch_seconds,
            on_windows=on_windows,
            channels=self.channels,
        )

    def classify(self, found, enrolled=None):
        """Classify an EmbeddedClip without a problem, giving a FilePrediction.

        ``enrolled`` are embeddings [n, dim] of other, unlabeled clips of the speaker,
        for a model that was trained with enrolment.
        """
        chances, ratings = self._hear(found.embeddings, enrolled)
        windows = [
            (*span, dict(zip(self.classes, row, strict=True)))
            for span, row in zip(found.spans, chances.tolist(), strict=True)
        ]
        rated = [
            dict(zip(self.dimensions, row, strict=True))
            for row in ratings.tolist()
        ]
        probabilities = mean_probabilities(windows)
        weights = dict(zip(self.classes, self._factors().tolist()))
        emotion = most_probable(probabilities, weights) if probabilities else ""
        return FilePrediction(
            path=found.clip.name,
            emotion=emotion,
            confidence=probabilities.get(emotion, 0.0),
            probabilities=probabilities,
            seconds=found.seconds,
            windows=windows,
            speaker=found.clip.speaker,
            dimensions=mean_dimensions(rated),
            window_dimensions=rated,
            weights=weights,
        )

    def _factors(self):
        """Return what probabilities are multiplied by for the decision, or []."""
        hparams = self.model.hparams
        weights = torch.tensor(hparams.class_weights or []).double()
        return weights ** (1 / hparams.temperature)

    @torch.inference_mode()
    def _hear(self, embeddings, enrolled):
        """Return the probabilities of each window, shape [windows, classes], and
        its dimensions, [windows, dimensions].
        """
        classifier = self.model.mods.classifier
        embeddings = torch.stack(embeddings).to(self.model.device)
        if self.model.hparams.enrolment:
            nobody = embeddings[:0]  # the speaker before is forgotten
            classifier.enrol(nobody if enrolled is None else enrolled)
        scores = classifier(embeddings).double()
        none = scores[:, :0]
        if not self.classes:
            return none, scores
        if self.dimensions:
            if self.model.hparams.enrolment:
                embeddings = classifier.place(embeddings)
            none = self.model.mods.dimensions(embeddings).double()
        chances = calibrated(scores, self.model.hparams.temperature)
        factors = self._factors().to(chances)
        if len(factors):
            chances = chances / factors
            chances = chances / chances.sum(dim=1, keepdim=True)
        return chances, none

    def predict(
        self,
        clips,
        problems,
        enrol=(),
        by_speaker=False,
        on_windows=lambda windows: None,
    ):
        """Recognize the emotions of recordings, as soon as each is done.

        A line about each recording that cannot be used goes to ``problems``.
        ``enrol`` are unlabeled clips of the one speaker of all recordings; with
        ``by_speaker`` each recording is compared with the others of its speaker, all
        of which are embedded before the first is classified. No recording is
        compared with itself. ``on_windows`` is told the windows of each batch.
        """
        if (enrol or by_speaker) and not self.model.hparams.enrolment:
            raise PredictError(
                f"{self.model_folder} was not trained with enrolment: it does "
                "not know what to do with other clips of a speaker. Leave "
                "--enrol and --speaker_column out, or take a model that was "
                "(train_ser.py --enrolment=True)"
            )
        known = list(_usable(self.embed(enrol), problems))
        if enrol and not known:
            raise PredictError(
                "none of the clips for enrolment can be used:\n"
                + "\n".join(f"  {line}" for line in problems)
            )
        found = _usable(self.embed(clips, on_windows), problems)
        if by_speaker:
            found = known = list(found)
        enrolment = Enrolment(known)
        return (
            self.classify(each, enrolment.others(each.clip)) for each in found
        )

    def predict_file(self, path):
        """Recognize the emotion of one recording, of any rate and length.

        PredictError gives the reason where it cannot be used.
        """
        (found,) = self.embed([Clip(str(path), str(path))])
        if found.problem:
            raise PredictError(f"{path}: {found.problem}")
        return self.classify(found)


def _usable(found, problems):
    """Pass on what can be used; note what cannot."""
    for each in found:
        if each.problem:
            problems.append(f"{each.clip.name}: {each.problem}")
        else:
            yield each
