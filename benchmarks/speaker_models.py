"""Speaker models and speech for the benchmarks of extraction."""

import bisect
import itertools
import os
import pathlib
import tempfile

import pandas
import soundfile
import torch
from emoclust_lobes.synthetic.ravdess import make_ravdess
from hyperpyyaml import load_hyperpyyaml

MODEL = """\
compute_features: !new:{features}
mean_var_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False
embedding_model: !new:{network}
modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
    paths:
        embedding_model: {folder}/embedding_model.ckpt
"""
# SpeechBrain's spkrec-ecapa-voxceleb
ECAPA = {
    "features": "speechbrain.lobes.features.Fbank {n_mels: 80}",
    "network": """speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
    input_size: 80
    channels: [1024, 1024, 1024, 1024, 3072]
    lin_neurons: 192""",
}
CAMPPLUS = {
    "features": "emoclust_lobes.encoders.KaldiFbank",
    "network": "emoclust_lobes.encoders.CamPlusPlusEncoder",
}


def model_folder(parts):
    """Make a folder that an ``EncoderClassifier`` is loaded from.

    Of ECAPA, with random weights, or CAMPPLUS. Keep the TemporaryDirectory for
    as long as the folder, its ``name``, is needed.
    """
    kept = tempfile.TemporaryDirectory()
    text = MODEL.format(**parts, folder=kept.name)
    folder = pathlib.Path(kept.name)
    (folder / "hyperparams.yaml").write_text(text)
    torch.manual_seed(0)
    network = load_hyperpyyaml(text)["embedding_model"]
    torch.save(network.state_dict(), folder / "embedding_model.ckpt")
    return kept


def some_clips(seconds):
    """Choose recordings of mixed length: ``ID, wav, start, stop, duration``.

    So many seconds, at most 180, and the rest of the last recording, of RAVDESS
    where EMOCLUST_DATA has it, otherwise of a synthetic one.
    """
    if "EMOCLUST_DATA" in os.environ:
        folder = pathlib.Path(os.environ["EMOCLUST_DATA"], "ravdess/Actor_01")
    else:
        folder = pathlib.Path(tempfile.gettempdir(), "emoclust_benchmark_clips")
        make_ravdess(folder, n_speakers=1)
    wavs = sorted(map(str, [*folder.rglob("*.flac"), *folder.rglob("*.wav")]))
    durations = [soundfile.info(wav).duration for wav in wavs]
    needed = 1 + bisect.bisect_left(
        list(itertools.accumulate(durations)), seconds
    )
    return pandas.DataFrame(
        {
            "ID": wavs[:needed],
            "wav": wavs[:needed],
            "start": "",
            "stop": "",
            "duration": durations[:needed],
        }
    )
