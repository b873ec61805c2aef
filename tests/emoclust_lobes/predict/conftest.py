"""Small models with random weights, in folders as stage 2 leaves them."""

import pytest
import torch
from emoclust_lobes.inference import load_model
from hyperpyyaml import load_hyperpyyaml

SETTINGS = """\
sample_rate: 16000
classes: [ang, hap, neu, sad]
temperature: 1.7
enrolment: {enrolment}
embedding_size: 8
compute_features: !new:speechbrain.lobes.features.Fbank
    sample_rate: !ref <sample_rate>
    n_mels: 16
mean_var_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False
embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
    input_size: 16
    channels: [16, 16, 16, 16, 48]
    attention_channels: 8
    res2net_scale: 4
    se_channels: 8
    lin_neurons: !ref <embedding_size>
classifier: {classifier}
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder
modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    classifier: !ref <classifier>
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
        classifier: !ref <classifier>
        label_encoder: !ref <label_encoder>
"""
PLAIN = """!new:torch.nn.Sequential
        - !new:torch.nn.Linear
          in_features: 8
          out_features: 4
        - !new:torch.nn.LogSoftmax
          dim: -1"""
ENROLLED = f"""!new:emoclust_lobes.enrolment.EnrolledClassifier
    normalization: !new:emoclust_lobes.enrolment.SpeakerNormalization
        size: 8
        prior_weight: 2.0
        counts: [0, all]
    classifier: {PLAIN}"""


@pytest.fixture(scope="session")
def make_model(tmp_path_factory):
    """Function that makes the folder of a model, with or without enrolment."""

    def make(enrolment):
        folder = tmp_path_factory.mktemp("model") / "inference"
        folder.mkdir()
        text = SETTINGS.format(
            enrolment=enrolment, classifier=ENROLLED if enrolment else PLAIN
        )
        (folder / "hyperparams.yaml").write_text(text)
        torch.manual_seed(3)
        made = load_hyperpyyaml(text)
        with torch.no_grad():
            # Sure of itself, so that clips differ in what is heard in them.
            for name, weights in made["classifier"].named_parameters():
                weights.normal_(std=3.0 if name.endswith("weight") else 0.1)
        for name in ("embedding_model", "classifier"):
            torch.save(made[name].state_dict(), folder / f"{name}.ckpt")
        made["label_encoder"].update_from_iterable(
            made["classes"], sequence_input=False
        )
        made["label_encoder"].save(folder / "label_encoder.ckpt")
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
