"""Tiny front ends of all kinds, base and large."""

from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.synthetic.models import save_tiny

# Layer norms in the convolutions and before each sublayer, as the large models
# have them; the others are as the base models
LARGE = {"do_stable_layer_norm": True, "feat_extract_norm": "layer"}
KINDS = ["wav2vec2", "hubert", "wavlm", "wav2vec2-layer", "wavlm-layer"]
ALL_KINDS = [*KINDS, "whisper"]


def save_model(kind, folder, normalize=True, **settings):
    """Leave a model that is loud, of one of ``ALL_KINDS``, in a folder.

    ``-layer`` stands for a large model.
    """
    name, _, layer = kind.partition("-")
    if name == "whisper":
        return save_tiny(name, folder, init_std=0.2, **settings)
    loud = {"initializer_range": 0.2, "layerdrop": 1.0}  # no layer is skipped
    settings = {**loud, **(LARGE if layer else {}), **settings}
    return save_tiny(name, folder, do_normalize=normalize, **settings)


def front_end(folder, **settings):
    """Make a front end of the model in a folder."""
    return SSLFrontEnd(folder, save_path=folder, **settings)
