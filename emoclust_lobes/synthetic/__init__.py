"""A factory of miniature synthetic corpora, for the demo and the tests.

The trees have the folders, names and label files of the real corpora; the
speech in them is a computed tone. ``python -m emoclust_lobes.synthetic --help``
makes them from the command line.
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
