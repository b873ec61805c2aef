"""A front end that has trained, left as a folder that other runs start from.

What it has learned on one corpus serves another: ``--ssl_hub=FOLDER`` takes it
as it takes any model, frozen, with cached features, or to be trained further.
"""

from data_prep.storage.files import replacing_folder
from emoclust_lobes.encoders.front_end_models import load_whole_model
from emoclust_lobes.encoders.lora import merged_state
from emoclust_lobes.training.seen_speakers import (
    read_seen_speakers,
    write_seen_speakers,
)


def export_front_end(front_end, folder, speakers):
    """Write a trained front end as a folder of the transformers library.

    Layers that are never computed are those of the model that it started from.
    ``speakers.txt`` names whom it must never be tested on.
    """
    model, extractor = load_whole_model(front_end.source, front_end.save_path)
    trained = merged_state(front_end.load().wrapper.model)
    # Not strict: those above, and what stands behind them, were dropped.
    model.load_state_dict(trained, strict=False)
    seen = {*speakers, *read_seen_speakers(front_end.source)}
    with replacing_folder(folder) as aside:
        model.save_pretrained(aside)
        extractor.save_pretrained(aside)
        write_seen_speakers(aside, seen)
