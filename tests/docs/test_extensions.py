"""What the documentation says can be added, added."""

import re
import runpy

import pytest
from emoclust_lobes.cli import main
from emoclust_lobes.inference import InferenceError, load_model
from emoclust_lobes.protocol.plan import read_systems
from pages import PAGES, blocks
from reader import keys_of, small

ENCODER, SYSTEM = "docs/add_an_encoder.md", "CONTRIBUTING.md"


def yaml_of(page):
    """The one YAML block of a page."""
    (text,) = [x.text for x in blocks(page) if x.language == "yaml"]
    return text


def test_no_other_page_has_yaml():
    pages = {
        page
        for page in PAGES
        if any(x.language == "yaml" for x in blocks(page))
    }
    assert pages == {ENCODER, SYSTEM}


@pytest.mark.slow
def test_an_encoder_of_ones_own_is_trained_and_used(reader, capsys):
    reader.follow(ENCODER, lambda command: False)
    mine = reader.folder / "hparams" / "mine.yaml"
    text = mine.with_name("ravdess.yaml").read_text()
    block = yaml_of(ENCODER)
    pattern = r"^embedding_model:.*\n(?:[ \n].*\n)*?(?=\n)"
    text, n_changed = re.subn(pattern, lambda _: block, text, flags=re.M)
    assert n_changed == 1
    mine.write_text(text)
    options = ["--data_folder=data/RAVDESS", "--pretraining=none"]
    words = small(["hparams/mine.yaml", *options])
    reader.call(runpy.run_path, "train_ser.py", words)
    (model,) = reader.folder.rglob("inference")
    settings = (model / "hyperparams.yaml").read_text()
    assert "my_encoders.Recurrent" in settings
    with pytest.raises(InferenceError, match="my_encoders.Recurrent"):
        load_model(model)
    assert main(["predict", str(model), "speech.wav", "--trust"]) == 0
    assert "speech.wav" in capsys.readouterr().out


def test_a_system_can_be_added(reader):
    systems = reader.folder / "hparams" / "systems.yaml"
    with systems.open("a") as stream:
        stream.write(yaml_of(SYSTEM))
    (system,) = read_systems(systems, ["sharper"])
    assert set(system.stage1) <= set(keys_of("hparams/ravdess.yaml"))
    assert not system.stage2
