"""Small models with random weights, in folders as stage 2 leaves them."""

import pytest
import torch
from emoclust_lobes.enrolment.normalization import SpeakerNormalization
from emoclust_lobes.inference import load_model, write_inference_folder
from emoclust_lobes.synthetic.inference import METRICS, STAGE2
from hyperpyyaml import load_hyperpyyaml

ENROLLED = """\
  speaker_normalization: !new:emoclust_lobes.enrolment.SpeakerNormalization
    size: 8
    prior_weight: 2.0
    counts: [0, all]
"""


@pytest.fixture(scope="session")
def make_model(tmp_path_factory):
    """Function that makes the folder of a model, with or without enrolment."""

    def make(enrolment):
        folder = tmp_path_factory.mktemp("model") / "inference"
        torch.manual_seed(3)
        modules = load_hyperpyyaml(STAGE2)["ser"]["modules"]
        with torch.no_grad():
            # Sure of itself, so that clips differ in what is found in them.
            for name, weights in modules["classifier"].named_parameters():
                weights.normal_(std=3.0 if name.endswith("weight") else 0.1)
        normalization = None
        if enrolment:
            normalization = SpeakerNormalization(8, 2.0, counts=[0, "all"])
        write_inference_folder(
            folder=folder,
            stage2=STAGE2 + (ENROLLED if enrolment else ""),
            modules=modules,
            metrics=METRICS,
            sample_rate=16000,
            embedding_size=8,
            front_end_folder=folder.parent,
            normalization=normalization,
        )
        return folder

    return make


@pytest.fixture(scope="session")
def model_folder(make_model):
    """Folder of a model that was trained without enrolment."""
    return make_model(enrolment=False)


@pytest.fixture(scope="session")
def enrolled_folder(make_model):
    """Folder of a model that was trained with enrolment."""
    return make_model(enrolment=True)


@pytest.fixture(scope="session")
def model(model_folder):
    """SpeechBrain's EncoderClassifier, from the folder."""
    return load_model(model_folder)


@pytest.fixture(scope="session")
def enrolled_model(enrolled_folder):
    """The same of the model that was trained with enrolment."""
    return load_model(enrolled_folder)
