"""Trained models that leave the recipes: written, loaded, described, published.

At the end of stage 2 a run leaves a folder ``inference`` that SpeechBrain's
own ``EncoderClassifier`` loads:

* ``hyperparams.yaml``, made of the run's resolved settings;
* ``encoder.ckpt``, ``classifier.ckpt`` and, with a pretrained front end,
  ``front_end.ckpt``: state dicts;
* ``label_encoder.ckpt``: the class set, in SpeechBrain's text format;
* ``README.md``, the model card, and ``metrics.json``, its numbers.
"""

from emoclust_lobes.inference.calibration import calibrated
from emoclust_lobes.inference.errors import InferenceError
from emoclust_lobes.inference.folder import write_inference_folder
from emoclust_lobes.inference.load import load_model
from emoclust_lobes.inference.publish import publish
from emoclust_lobes.inference.trust import check_yaml
