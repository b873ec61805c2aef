"""From corpora on disk to manifests: see :mod:`data_prep.manifests.manifest`."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "annotations.arrays": ["vote_counts"],
        "annotations.targets": ["TARGETS", "Scheme"],
        "annotations.votes": ["plurality", "read_votes", "vote_entropy"],
        "corpora.block_folds": ["ClipCorpus", "prepare_clips"],
        "corpora.cremad": ["prepare_cremad"],
        "corpora.emodb": ["prepare_emodb"],
        "corpora.esd": ["prepare_esd"],
        "corpora.generic": ["count_classes", "prepare_generic"],
        "corpora.iemocap": ["prepare_iemocap"],
        "corpora.msp_podcast": ["prepare_msp_podcast"],
        "corpora.ravdess": ["prepare_ravdess"],
        "corpora.savee": ["prepare_savee"],
        "corpora.tess": ["prepare_tess"],
        "errors": ["ManifestError"],
        "manifests.manifest": [
            "COLUMNS",
            "Source",
            "Utterance",
            "read_manifest",
            "read_manifests",
        ],
        "pools.sources": ["Sources"],
    },
)
