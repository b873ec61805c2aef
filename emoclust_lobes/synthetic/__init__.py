"""A factory of miniature synthetic corpora, for the demo and the tests.

The trees have the folders, names and label files of the real corpora; the
speech in them is a computed tone. ``python -m emoclust_lobes.synthetic --help``
makes them from the command line, and says what the numbers are. Every maker
takes a new ``folder`` (of a half-made tree the rest is made), the
``sample_rate`` in Hz and a ``seed`` (others give other people). It returns how
many clips there are, ``counts[speaker][emotion]``, and raises an EmoclustError
where it is asked for more than the corpus has, and a FileExistsError where the
folder holds anything but a half-made tree of its own.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cremad": ["make_cremad"],
        "emodb": ["make_emodb"],
        "esd": ["make_esd"],
        "generic": ["make_generic"],
        "iemocap": ["make_iemocap"],
        "msp_podcast": ["make_msp_podcast"],
        "pool": ["make_pool"],
        "ravdess": ["make_ravdess"],
        "savee": ["make_savee"],
        "tars": ["pack_tars"],
        "tess": ["make_tess"],
    },
)
