"""What every run imports: imported once, by the server that forks the runs."""

import importlib
import importlib.util

for name in (
    "emoclust_lobes.enrolment.normalization",
    "emoclust_lobes.features.extraction",
    "emoclust_lobes.contrast.pool",
    "emoclust_lobes.protocol.runner",
    "emoclust_lobes.contrast.brain",
    "sklearn.linear_model",
    "speechbrain.lobes.models.ECAPA_TDNN",
    "torch.utils.tensorboard",
    "transformers",
):
    # What is an optional extra may be missing
    if importlib.util.find_spec(name.partition(".")[0]):
        importlib.import_module(name)
