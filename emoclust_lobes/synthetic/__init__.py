"""A factory of miniature synthetic corpora, for the demo and the tests.

The trees have the folders, names and label files of the real corpora; the
speech in them is a computed tone. ``python -m emoclust_lobes.synthetic --help``
makes them from the command line. Every maker takes a new ``folder``, or that of
a half-made tree, of which it makes the rest; at what ``sample_rate`` (Hz), and a
``seed``, of which others give other people. It returns how many clips there are,
``counts[speaker][emotion]``; it raises an EmoclustError where it is asked for
more than the corpus has, and a FileExistsError where the folder holds anything
but a half-made tree of its own.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "acted": ["make_emodb", "make_esd", "make_savee", "make_tess"],
        "cremad": ["make_cremad"],
        "generic": ["make_generic"],
        "iemocap": ["make_iemocap"],
        "msp_podcast": ["make_msp_podcast"],
        "pool": ["make_pool"],
        "ravdess": ["make_ravdess"],
        "tars": ["pack_tars"],
    },
)
