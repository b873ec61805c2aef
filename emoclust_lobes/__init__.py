"""Parts for learning emotions from the clusters inside each speaker.

Re-exported here is what a training script of one's own would take. The steps
that read manifests are imported from their modules:
:mod:`emoclust_lobes.embeddings.extraction` and :mod:`emoclust_lobes.clustering.clusters`.
"""
