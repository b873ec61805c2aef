"""A trained model as one function of tensors, without lengths or files."""

import copy

import torch
from emoclust_lobes.encoders.front_end_states import (
    LEVEL_EPSILON,
    Wav2Vec2States,
)
from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.enrolment.normalization import EnrolledClassifier
from emoclust_lobes.evaluation.calibration import calibrated
from emoclust_lobes.export.spectra import exportable_features
from emoclust_lobes.inference.trust import InferenceError
from torch import nn

ENROLLED = ("enrolled_count", "enrolled_mean", "enrolled_deviation")


class EmotionGraph(nn.Module):
    """What is exported: one waveform in, probabilities and embedding out.

    Of a model as ``load_model`` gives it, which is copied.
    """

    def __init__(self, model):
        super().__init__()
        if model.hparams.target == "dimensions" or model.hparams.class_weights:
            raise InferenceError(
                "a model that rates dimensions alone, or whose probabilities "
                "are weighed by class (target=distribution or both with "
                "class_balance=weights), cannot be exported"
            )
        modules = copy.deepcopy(model.mods)
        features = modules.compute_features
        self.features = exportable_features(features)
        self.levels = False
        states = features.states if isinstance(features, SSLFrontEnd) else None
        if isinstance(states, Wav2Vec2States):
            # Done here, over any number of samples
            self.levels, states.levels = states.levels, False
        self.normalization = modules.mean_var_norm
        self.encoder = modules.embedding_model
        classifier = modules.classifier
        self.enrolment = None
        if isinstance(classifier, EnrolledClassifier):
            self.enrolment = classifier.normalization
            classifier = classifier.classifier
        self.classifier = classifier
        self.temperature = float(model.hparams.temperature)
        self.size = model.hparams.embedding_size
        self.eval().requires_grad_(False)

    def neutral(self):
        """Return count, mean and deviation of nobody, () without enrolment."""
        if self.enrolment is None:
            return ()
        return tuple(torch.zeros(1, size) for size in (1, self.size, self.size))

    def forward(self, waveform, count=None, mean=None, deviation=None):
        """[1, samples] -> probabilities [1, classes], embedding [1, size]."""
        if self.levels:
            waveform = waveform - waveform.mean(dim=1, keepdim=True)
            power = waveform.square().mean(dim=1, keepdim=True)
            waveform = waveform / (power + LEVEL_EPSILON).sqrt()
        frames = self.normalization(self.features(waveform), torch.ones(1))
        embedding = self.encoder(frames).flatten(1)
        placed = embedding
        if self.enrolment is not None:
            if count is None:
                count, mean, deviation = self.neutral()
            placed = self.enrolment.place(
                embedding, count, mean, deviation.square()
            )
        scores = self.classifier(placed)
        return calibrated(scores, self.temperature), embedding
