"""Manifests of made-up utterances, and small models, random or watched."""

import functools
import shutil

import numpy as np
import pytest
import torch
from data_prep.manifests.manifest import Source, Utterance, write_manifest
from emoclust_lobes.embeddings import extraction as embeddings
from emoclust_lobes.embeddings.parts import Embeddings
from emoclust_lobes.encoders.speaker_encoders import load_speaker_encoder
from emoclust_lobes.synthetic import noise
from emoclust_lobes.synthetic.embeddings import add_embeddings
from emoclust_lobes.synthetic.models import save_tiny
from hyperpyyaml import load_hyperpyyaml
from recorded_encoder import RecordedEncoder
from recorded_front_end import RecordedFrontEnd
from tiny_models import LARGE, save_model


@pytest.fixture
def write_noise():
    """Function that writes an audio file of noise."""
    return noise.write_noise


@pytest.fixture
def write_pool(tmp_path):
    """Function that writes a pool of utterances and returns its sources."""

    def write(utterances, name="pool"):
        folder = tmp_path / name
        write_manifest(folder, {"pool": utterances}, {"fingerprint": "0"})
        return [Source(str(folder / "pool.csv"), str(tmp_path))]

    return write


@pytest.fixture
def embed_speakers(tmp_path, write_pool):
    """Function that lays out speakers with embeddings; returns arguments."""

    def make(speakers, order=None, emotions=True, name="pool"):
        utterances, vectors = [], []
        for speaker, (points, truth) in speakers.items():
            for number, label in enumerate(truth):
                utterances.append(
                    Utterance(
                        ID=f"{speaker}_{number:03d}",
                        duration=1.0,
                        wav="none.wav",
                        spk_id=speaker,
                        gender="F",
                        sentence=str(number % 2),
                        emotion=f"e{label}" if emotions else "",
                    )
                )
            # Who speaks dwarfs how, until the speaker's mean is gone.
            vectors.append(points + 10 * len(vectors))
        rows = np.arange(len(utterances)) if order is None else order
        embeddings = Embeddings(
            {"name": "stats", "source": "made up", "revision": "1"},
            np.array([utterances[row].ID for row in rows]),
            np.zeros((len(rows), 4), dtype=np.int64),
            np.concatenate(vectors).astype(np.float32)[rows],
        )
        add_embeddings(tmp_path / "embeddings", embeddings)
        return {
            "sources": write_pool([utterances[row] for row in rows], name),
            "embedding_folder": tmp_path / "embeddings",
            "encoder": "stats",
        }

    return make


@pytest.fixture
def noise_pool(tmp_path):
    """Function that writes noise of some lengths (in samples) as a pool."""
    return functools.partial(noise.make_noise, tmp_path)


MODEL = """\
pretrained_path: published/elsewhere
n_mels: 16
compute_features: !new:speechbrain.lobes.features.Fbank
    n_mels: !ref <n_mels>
mean_var_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False
embedding_model: {network}
classifier: !new:torch.nn.Linear
    in_features: 8
    out_features: 2
modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    classifier: !ref <classifier>
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
        classifier: !ref <classifier>
    paths:
        embedding_model: !ref <pretrained_path>/embedding_model.ckpt
        classifier: !ref <pretrained_path>/classifier.ckpt
"""
NETWORKS = {
    "ecapa": """!new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
    input_size: !ref <n_mels>
    channels: [16, 16, 16, 16, 48]
    attention_channels: 8
    res2net_scale: 4
    se_channels: 8
    lin_neurons: 8""",
    "xvector": """!new:speechbrain.lobes.models.Xvector.Xvector
    in_channels: !ref <n_mels>
    activation: !name:torch.nn.LeakyReLU
    tdnn_blocks: 5
    tdnn_channels: [16, 16, 16, 16, 32]
    tdnn_kernel_sizes: [5, 3, 3, 1, 1]
    tdnn_dilations: [1, 2, 3, 1, 1]
    lin_neurons: 8""",
    "resnet": """!new:speechbrain.lobes.models.ResNet.ResNet
    input_size: !ref <n_mels>
    channels: [8, 8, 8, 8]
    lin_neurons: 8""",
}


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """Function that makes a folder with a small random speaker model.

    Its settings look for the checkpoints elsewhere, as published models do.
    """

    def make(name, seed=1):
        folder = tmp_path_factory.mktemp(name)
        text = MODEL.format(network=NETWORKS[name])
        (folder / "hyperparams.yaml").write_text(text)
        torch.manual_seed(seed)
        modules = load_hyperpyyaml(text)
        model = modules["embedding_model"]
        for layer in model.modules():
            # Statistics of a trained model are not 0 and 1.
            if isinstance(layer, torch.nn.BatchNorm1d):
                layer.running_mean.normal_()
                layer.running_var.uniform_(0.5, 2)
        torch.save(model.state_dict(), folder / "embedding_model.ckpt")
        classifier = modules["classifier"].state_dict()
        torch.save(classifier, folder / "classifier.ckpt")
        return folder

    return make


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """Function that gives the folder of a small model, which stays as it is."""

    @functools.cache
    def make(kind, **settings):
        return save_model(kind, tmp_path_factory.mktemp("model"), **settings)

    return make


@pytest.fixture
def recorder(monkeypatch):
    """Function that puts a RecordedEncoder in the place of the loaded one."""

    def install(break_after=None, identity=None):
        recorder = RecordedEncoder(load_speaker_encoder("stats"), break_after)
        recorder.encoder.identity = identity or recorder.encoder.identity
        monkeypatch.setattr(
            embeddings, "load_speaker_encoder", lambda *_: recorder
        )
        return recorder

    return install


@pytest.fixture
def never_load(monkeypatch):
    """Fail when an encoder is loaded after this is called."""

    def forbid():
        monkeypatch.setattr(
            embeddings,
            "load_speaker_encoder",
            lambda *_: pytest.fail("the encoder was loaded"),
        )

    return forbid


@pytest.fixture(scope="session")
def front_end_folder(tmp_path_factory):
    """The folder of a front end."""
    folder = tmp_path_factory.mktemp("ssl")
    return save_tiny("wav2vec2", folder, num_hidden_layers=2, **LARGE)


@pytest.fixture
def louder(front_end_folder, tmp_path):
    """Function that leaves a front end with larger activations."""
    transformers = pytest.importorskip("transformers")

    def make(scale):
        folder = tmp_path / f"louder_{scale:g}"
        shutil.copytree(front_end_folder, folder)
        network = transformers.AutoModel.from_pretrained(folder)
        network.feature_projection.projection.weight.data.mul_(scale)
        network.save_pretrained(folder)
        return folder

    return make


@pytest.fixture
def front_end(front_end_folder):
    """Function that makes a front end that nothing has been asked of yet."""

    def make(source=front_end_folder, **options):
        options = {"save_path": "unused", **options}
        return RecordedFrontEnd(source, **options)

    return make
