"""From corpora on disk to manifests: see :mod:`data_prep.manifest`."""

from data_prep.cremad import prepare_cremad
from data_prep.emodb import prepare_emodb
from data_prep.errors import ManifestError
from data_prep.esd import prepare_esd
from data_prep.generic import count_classes, prepare_generic
from data_prep.iemocap import prepare_iemocap
from data_prep.manifest import (
    COLUMNS,
    Source,
    Utterance,
    read_manifest,
    read_manifests,
)
from data_prep.msp_podcast import prepare_msp_podcast
from data_prep.pools import fold_sources, pool_sources, prepare_pools
from data_prep.ravdess import prepare_ravdess
from data_prep.savee import prepare_savee
from data_prep.summary import read_summary
from data_prep.tess import prepare_tess
from data_prep.validation import validate
