"""What a manifest says of itself, in its ``manifest.json``."""

import pathlib

from data_prep.errors import ManifestError
from data_prep.storage.files import file_digest, read_json

SUMMARY = "manifest.json"


def read_summary(manifest_folder):
    """Return what ``manifest.json`` says, a dict."""
    summary = find_summary(manifest_folder)
    if summary is None:
        raise ManifestError(
            f"There is no manifest in {manifest_folder}: prepare the corpus "
            "first."
        )
    return summary


def find_summary(manifest_folder):
    """Return what ``manifest.json`` says, or None without a whole one."""
    try:
        return read_json(pathlib.Path(manifest_folder) / SUMMARY)
    except ValueError:
        return None


def is_current(manifest_folder, fingerprint):
    """Say whether a manifest is whole and was made from the same inputs."""
    summary = find_summary(manifest_folder)
    if not summary or summary.get("fingerprint") != fingerprint:
        return False
    try:
        return all(
            file_digest(pathlib.Path(manifest_folder) / name) == digest
            for name, digest in summary["files"].items()
        )
    except OSError:
        return False
