"""Speaker embeddings of recordings of mixed length: CAM++."""

from benchmarks.parts.extraction import part_of
from benchmarks.speaker_models import CAMPPLUS

PART = part_of(CAMPPLUS, "CAM++")
