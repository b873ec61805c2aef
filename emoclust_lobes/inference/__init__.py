"""Trained models that leave the recipes: written, loaded, described, published.

At the end of stage 2 a run leaves a folder ``inference`` that SpeechBrain's
own ``EncoderClassifier`` loads:

* ``hyperparams.yaml``, made of the run's resolved settings;
* ``encoder.ckpt``, ``classifier.ckpt`` and, with a pretrained front end,
  ``front_end.ckpt``: state dicts;
* ``label_encoder.ckpt``: the class set, in SpeechBrain's text format;
* ``README.md``, the model card, and ``metrics.json``, its numbers.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "folder": ["write_inference_folder"],
        "front_end": ["PackedFrontEnd"],
        "load": ["load_model"],
        "publish": ["publish"],
        "trust": ["InferenceError"],
    },
)
