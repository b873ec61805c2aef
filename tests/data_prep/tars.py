"""Tars with the members that a test wants."""

import io
import tarfile

FORMATS = {
    "ustar": tarfile.USTAR_FORMAT,
    "gnu": tarfile.GNU_FORMAT,
    "pax": tarfile.PAX_FORMAT,
}


def put(path, *members, **kwargs):
    """Write a tar of (name, content) or (TarInfo, content)."""
    with tarfile.open(path, "w", **kwargs) as tar:
        for info, content in members:
            if isinstance(info, str):
                info = tarfile.TarInfo(info)
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def info_of(name, **values):
    info = tarfile.TarInfo(name)
    for key, value in values.items():
        setattr(info, key, value)
    return info
