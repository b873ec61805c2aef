"""Where a model is: a folder, the one in the package, or one on a hub."""

import pathlib
import re

from emoclust_lobes.inference.trust import InferenceError

STARTER = "starter"
# Of a hub's repository, what a model is made of
PARTS = ("*.yaml", "*.ckpt", "*.json", "*.md")
_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*(@[\w./-]+)?")


def find_model(name):
    """Return the folder of a model, which is downloaded where it must be.

    Its name is a folder; ``starter``, in the package; or ``OWNER/NAME`` or
    ``OWNER/NAME@REVISION`` on the Hugging Face hub, whose cache is asked
    first. What is none of these is returned as it is.
    """
    folder = pathlib.Path(name).expanduser()
    if folder.exists():
        return folder
    if str(name) == STARTER:
        return pathlib.Path(__file__).with_name(STARTER)
    if not is_hub_name(name) or folder.suffix == ".csv":
        return folder
    return pathlib.Path(_download(str(name)))


def is_hub_name(name):
    """Whether it is OWNER/NAME, and no folder."""
    known = _HUB_NAME.fullmatch(str(name)) is not None
    return known and not pathlib.Path(name).exists()


def _download(name):
    from huggingface_hub import snapshot_download

    repository, _, revision = name.partition("@")
    reason: Exception | None = None
    # The cache first: asking an unreachable hub takes minutes
    for offline in (True, False):
        try:
            found = snapshot_download(
                repository,
                revision=revision or None,
                allow_patterns=list(PARTS),
                local_files_only=offline,
            )
        except Exception as error:  # of the net, the cache, the disk
            reason = error
        else:
            # A download that was cut off leaves a part
            if not offline or pathlib.Path(found, "hyperparams.yaml").exists():
                return found
    why = str(reason).strip().partition("\n")[0]
    raise InferenceError(
        f"{name} is neither a folder nor a model that the hub can give. Give "
        "the folder `inference` that train_ser.py leaves, or OWNER/NAME where "
        f"the hub can be reached. The reason was: {why}"
    ) from reason
