"""From recordings to emotions, with a trained model."""

import torch
from emoclust_lobes.evaluation.calibration import calibrated
from emoclust_lobes.inference.load import load_model
from emoclust_lobes.predict.embedding import PRECISIONS, embed_clips, usable
from emoclust_lobes.predict.enrolment import Enrolment, other_turns
from emoclust_lobes.predict.inputs import Clip, PredictError
from emoclust_lobes.predict.prediction import FilePrediction, HeardTurn
from emoclust_lobes.predict.segments import (
    WeightedShares,
    mean_probabilities,
    most_probable,
)
from emoclust_lobes.turns.windows import Channels


class Predictor:
    """Recognizes emotions in recordings, with a run's folder ``inference``.

    A recording longer than a ``window`` is cut into several, a ``hop`` apart
    (seconds); its probabilities are the mean of theirs. ``batch_seconds`` of
    audio are held and computed together; a ``channel`` is counted from 1, None
    is the mean of all; ``precision`` is one of PRECISIONS; with ``trust`` the
    folder may run any code that its YAML names.
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
        precision="fp32",
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
        if precision not in PRECISIONS:
            raise PredictError(
                f"the precision is fp32 or bf16, not {precision!r}"
            )
        self.channels = Channels(channel)
        self.model = load_model(model_folder, device=device, trust=trust)
        self.model_folder = model_folder
        self.window = window
        self.hop = hop
        self.batch_seconds = batch_seconds
        self.precision = precision

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

    def embed(self, clips, advance=lambda seconds: None, listener=None):
        """Embed the windows of recordings, yielding an EmbeddedClip each."""
        return embed_clips(
            self.model,
            clips,
            window=self.window,
            hop=self.hop,
            batch_seconds=self.batch_seconds,
            advance=advance,
            channels=self.channels,
            listener=listener,
            precision=self.precision,
        )

    def classify(self, found, enrolled=None):
        """Classify an EmbeddedClip without a problem, giving a FilePrediction."""
        if found.turns is None:
            windows = self._windows(found, range(len(found.spans)), enrolled)
            turns = None
        else:
            turns = self._turns(found, enrolled)
            windows = sorted(
                (each for turn in turns for each in turn.windows),
                key=lambda each: each[:2],
            )
        if not windows:
            return FilePrediction(
                *(found.clip.name, "", None, {}, found.seconds, []),
                found.clip.speaker,
                turns,
                found.bounds,
            )
        probabilities = mean_probabilities(windows)
        emotion = most_probable(probabilities) if probabilities else ""
        return FilePrediction(
            path=found.clip.name,
            emotion=emotion,
            confidence=probabilities.get(emotion),
            probabilities=probabilities,
            seconds=found.seconds,
            windows=windows,
            speaker=found.clip.speaker,
            turns=turns,
            bounds=found.bounds,
            dimensions=self._rate(found.embeddings, enrolled),
        )

    def _turns(self, found, enrolled):
        """Classify the windows of each turn; a list of HeardTurn."""
        compared = [enrolled] * len(found.turns)
        if self.model.hparams.enrolment and enrolled is None:
            compared = other_turns(found)
        return [
            HeardTurn(
                start=turn.start,
                end=turn.end,
                speaker=turn.speaker,
                enrolled=0 if others is None else len(others),
                windows=self._windows(found, found.windows_of(number), others),
            )
            for number, (turn, others) in enumerate(
                zip(found.turns, compared, strict=True)
            )
        ]

    def _windows(self, found, rows, enrolled):
        """List some windows: start, end, class -> probability."""
        chances = self._probabilities(
            [found.embeddings[row] for row in rows], enrolled
        )
        weights = dict(zip(self.classes, self._factors().tolist()))
        windows = []
        for row, each in zip(rows, chances.tolist(), strict=True):
            told = dict(zip(self.classes, each, strict=True))
            told = WeightedShares(told, weights) if weights else told
            windows.append((*found.spans[row], told))
        return windows

    def _factors(self):
        """Return what shares are multiplied by for the decision, or []."""
        weights = torch.tensor(self.model.hparams.class_weights or []).double()
        return weights ** (1 / self.model.hparams.temperature)

    @torch.inference_mode()
    def _probabilities(self, embeddings, enrolled):
        """Return the probabilities of each window, shape [windows, classes]."""
        if not self.classes:
            return torch.empty(len(embeddings), 0)
        embeddings = self._enrol(embeddings, enrolled)
        scores = self.model.mods.classifier(embeddings).double()
        chances = calibrated(scores, self.model.hparams.temperature)
        if self.model.hparams.class_weights:
            chances = chances / self._factors().to(chances)
            chances = chances / chances.sum(dim=1, keepdim=True)
        return chances

    def _enrol(self, embeddings, enrolled):
        """Compare with a speaker's clips; return the embeddings, [n, dim]."""
        embeddings = torch.stack(embeddings).to(self.model.device)
        if self.model.hparams.enrolment:
            nobody = embeddings[:0]  # the speaker before is forgotten
            others = nobody if enrolled is None else enrolled
            self.model.mods.classifier.enrol(others)
        return embeddings

    @torch.inference_mode()
    def _rate(self, embeddings, enrolled):
        """Return dimension -> mean over the windows, {} where there is none."""
        if not self.dimensions:
            return {}
        embeddings = self._enrol(embeddings, enrolled)
        head = self.model.mods.classifier
        if self.classes:
            if self.model.hparams.enrolment:
                embeddings = head.place(embeddings)
            head = self.model.mods.dimensions
        means = head(embeddings).double().mean(dim=0).tolist()
        return dict(zip(self.dimensions, means, strict=True))

    def predict(
        self,
        clips,
        problems,
        enrol=(),
        by_speaker=False,
        advance=lambda seconds: None,
        listener=None,
    ):
        """Recognize the emotions of recordings, as soon as each is done.

        A line about each that cannot be used goes to ``problems``. Each is
        compared with the clips ``enrol`` of its speaker or, ``by_speaker``,
        with the others of its speaker, all of which are embedded before; with
        a ``listener`` each turn with the speaker's other turns. ``advance`` is
        told how many seconds further it is read.
        """
        if listener and by_speaker:
            raise PredictError(
                "--speaker_column says who speaks in whole recordings: leave it "
                "out where parts of them are looked for"
            )
        if listener and listener.has_speakers and enrol:
            raise PredictError(
                "--enrol is of one speaker: where several are told apart, each "
                "is compared with their own other turns. Leave it out"
            )
        if (enrol or by_speaker) and not self.model.hparams.enrolment:
            raise PredictError(
                f"{self.model_folder} was not trained with enrolment: it does "
                "not know what to do with other clips of a speaker. Leave "
                "--enrol and --speaker_column out, or take a model that was "
                "(train_ser.py --enrolment=True)"
            )
        known = list(usable(self.embed(enrol), problems))
        if enrol and not known:
            raise PredictError(
                "none of the clips for enrolment can be used:\n"
                + "\n".join(f"  {line}" for line in problems)
            )
        found = usable(self.embed(clips, advance, listener), problems)
        if by_speaker:
            found = known = list(found)
        enrolment = Enrolment(known)
        return (
            self.classify(each, enrolment.others(each.clip)) for each in found
        )

    def predict_file(self, path, listener=None):
        """Recognize the emotion of one recording, of any rate and length."""
        clip = Clip(str(path), str(path))
        (found,) = self.embed([clip], listener=listener)
        if found.problem:
            raise PredictError(f"{path}: {found.problem}")
        return self.classify(found)
