"""A factory of miniature synthetic corpora, for the demo and the tests.

The trees have the folders, names and label files of the real corpora; the
speech in them is a computed source-filter voice. ``python -m
emoclust_lobes.testing --help`` makes them from the command line.
"""

from emoclust_lobes.testing.cremad import make_cremad
from emoclust_lobes.testing.emodb import make_emodb
from emoclust_lobes.testing.esd import make_esd
from emoclust_lobes.testing.generic import make_generic
from emoclust_lobes.testing.iemocap import make_iemocap
from emoclust_lobes.testing.msp_podcast import make_msp_podcast
from emoclust_lobes.testing.pool import make_pool
from emoclust_lobes.testing.ravdess import make_ravdess
from emoclust_lobes.testing.savee import make_savee
from emoclust_lobes.testing.sentences import make_sentence
from emoclust_lobes.testing.speakers import (
    EMOTIONS,
    Channel,
    Emotion,
    Speaker,
    generator,
    make_channel,
    make_speaker,
)
from emoclust_lobes.testing.tars import pack_tars
from emoclust_lobes.testing.tess import make_tess
from emoclust_lobes.testing.voice import speak
