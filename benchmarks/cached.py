"""Runs over cached features of a frozen front end, in any build.

Real ones where ``EMOCLUST_DATA`` has RAVDESS and ``EMOCLUST_FRONT_END`` names
the folder of a front end, such as Whisper base: with the settings of
``recipes/RAVDESS/results/whisper_ward``. Synthetic speech and a tiny Whisper
otherwise.
"""

import json
import os
import pathlib
import shutil

from emoclust_lobes.protocol.scripts import option_text
from emoclust_lobes.synthetic.models import save_tiny
from emoclust_lobes.synthetic.ravdess import make_ravdess

from benchmarks.builds import ROOT, cpu_seconds

YAML = "hparams/ravdess_wav2vec2.yaml"
_FACTS = ROOT / "recipes" / "RAVDESS" / "results" / "whisper_ward"


class CachedRuns:
    """Starts runs of one build; features are computed once for all builds."""

    def __init__(self, build):
        self.build = build
        self.folder = ROOT / "results" / "cached_runs"
        settings = json.loads((_FACTS / "protocol.json").read_text())
        keys = settings["settings"]
        data = os.environ.get("EMOCLUST_DATA")
        front_end = os.environ.get("EMOCLUST_FRONT_END")
        if data and front_end:
            corpus = pathlib.Path(data, "ravdess")
            keys["ssl_hub"] = front_end
        else:
            corpus = self.folder / "tiny_corpus"
            keys |= {
                "ssl_hub": str(self.folder / "tiny_whisper"),
                "ssl_layers": [1],
                "speaker_encoder": "stats",
                "n_clusters": 4,
                "clusters_per_speaker": 4,
            }
            if not corpus.exists():
                make_ravdess(corpus)
                save_tiny("whisper", keys["ssl_hub"])
        kind = pathlib.Path(keys["ssl_hub"]).name
        keys |= {
            "data_folder": str(corpus),
            "feature_folder": str(self.folder / kind / "features"),
            "embedding_folder": str(self.folder / kind / "embeddings"),
        }
        self.options = [f"--{x}={option_text(y)}" for x, y in keys.items()]
        self.options.append("--device=cpu")

    def cpu_seconds(self, *words):
        """Run Python with these words and the options, in a new output folder."""
        output = self.folder / "output"
        shutil.rmtree(output, ignore_errors=True)
        return cpu_seconds(
            self.build, *words, *self.options, f"--output_folder={output}"
        )
