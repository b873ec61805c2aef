"""Parts for learning emotions from the clusters inside each speaker.

Re-exported here is what a training script of one's own would take. The steps
that read manifests are imported from their modules:
:mod:`emoclust_lobes.embeddings` and :mod:`emoclust_lobes.clustering`.
"""

from emoclust_lobes.audio import RandomCrop, audio_pipeline, read_utterance
from emoclust_lobes.brain import EncoderBrain
from emoclust_lobes.frozen import Frozen
from emoclust_lobes.history import History
from emoclust_lobes.losses import ClusterContrastiveLoss
from emoclust_lobes.metrics import cluster_auc, emotion_metrics
from emoclust_lobes.pretrained import export_encoder, initialize_encoder
from emoclust_lobes.samplers import SpeakerClusterBatchSampler
