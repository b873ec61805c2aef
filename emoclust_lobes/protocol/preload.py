"""What every run imports: imported once, by the server that forks the runs."""

import importlib
import importlib.util

for name in (
    "emoclust_lobes.enrolment",
    "emoclust_lobes.feature_cache",
    "emoclust_lobes.pool",
    "emoclust_lobes.protocol.runner",
    "emoclust_lobes.recluster",
    "sklearn.linear_model",
    "torch._dynamo",
    "speechbrain.lobes.models.ECAPA_TDNN",
    "torch.utils.tensorboard",
    "transformers",
):
    # What is an optional extra may be missing
    if importlib.util.find_spec(name.partition(".")[0]):
        importlib.import_module(name)
