"""The file of the corpora, and how emotions become shared classes."""

import importlib
import pathlib

import hypothesis.strategies as st
import pandas as pd
import pytest
from emoclust_lobes.crosscorpus.corpora import (
    Corpus,
    ProtocolError,
    read_corpora,
)
from hypothesis import given
from ruamel.yaml import YAML

FILE = pathlib.Path(__file__).parents[3] / "hparams" / "crosscorpus.yaml"
NAMES = list(
    YAML().load(FILE.read_text(encoding="utf-8").replace("!name:", "!"))[
        "corpora"
    ]
)
emotions = st.sampled_from(["ang", "exc", "hap", "sad", "bor"])
mappings = st.dictionaries(
    emotions, st.none() | st.sampled_from(["ang", "hap", "sad"])
)


@given(st.data(), mappings)
def test_emotions_become_classes_or_nothing(data, mapping):
    known = st.sampled_from(["", *mapping])
    spoken = pd.Series(data.draw(st.lists(known)), dtype=object)
    spoken.index += 7
    found = Corpus("tiny", "Tiny", None, mapping, None).shared(spoken)
    assert found.index.equals(spoken.index)
    wanted = []
    for emotion in spoken:
        shared = None if emotion == "" else mapping[emotion]
        wanted.append("" if shared is None else shared)
    assert found.tolist() == wanted


@pytest.mark.parametrize("name", NAMES)
def test_every_emotion_of_a_corpus_is_told(name):
    classes, (corpus,) = read_corpora(FILE, {name: "/data"})
    assert classes == ["ang", "hap", "neu", "sad"]
    module = importlib.import_module(f"data_prep.corpora.{name}")
    size = corpus.prepare.keywords["classes"]
    assert set(corpus.emotions) == set(module.CLASS_SETS[size])
    assert corpus.emotions.items() >= {x: x for x in classes}.items()
    assert corpus.prepare.keywords["expect_complete"] is True


@pytest.mark.parametrize(
    "given, said, told",
    [
        (None, False, False),
        (None, True, True),
        (True, False, True),
        (False, True, False),
    ],
)
def test_the_file_says_whether_a_part_will_do_unless_it_is_given(
    tmp_path, given, said, told
):
    path = tmp_path / "crosscorpus.yaml"
    text = FILE.read_text(encoding="utf-8")
    line = "expect_complete: True  #"
    assert line in text
    path.write_text(text.replace(line, f"expect_complete: {said}  #"))
    _, (corpus,) = read_corpora(path, {"tess": "/data"}, given)
    assert corpus.prepare.keywords["expect_complete"] is told


ENTRY = """\
classes: [ang, sad]
expect_complete: True
corpora:
    a:
        title: A
        prepare: !name:data_prep.prepare_generic
        emotions: {ang: ang, sad: sad}
"""


@pytest.mark.parametrize(
    "change, message",
    [
        (("classes: [ang, sad]", "classes: [ang]"), "shared classes are ang"),
        (("sad: sad", "sad: null"), "become ang, and"),
        (("sad: sad", "sad: sa"), "become ang, sa"),
        (("        title: A\n", ""), "has prepare, emotions; a corpus has"),
        (("    a:\n", "    b:\n"), "no corpus 'a': choose of b"),
        (("corpora:", "corpus:"), "'corpora'"),
        (("prepare_generic", "prepare_nothing"), "prepare_nothing"),
        (("[ang, sad]", "[ang, sad"), "cannot be read"),
    ],
    ids=lambda x: x if isinstance(x, str) else x[1].strip(),
)
def test_what_is_wrong_in_the_file_is_named(tmp_path, change, message):
    path = tmp_path / "crosscorpus.yaml"
    path.write_text(ENTRY)
    assert read_corpora(path, {"a": "/data"})[0] == ["ang", "sad"]
    path.write_text(ENTRY.replace(*change))
    assert path.read_text() != ENTRY
    with pytest.raises(ProtocolError) as error:
        read_corpora(path, {"a": "/data"})
    assert message in str(error.value) and str(path) in str(error.value)


def test_a_name_must_serve_as_a_folder(tmp_path):
    path = tmp_path / "crosscorpus.yaml"
    path.write_text(ENTRY.replace("    a:\n", "    ../a:\n"))
    with pytest.raises(ProtocolError, match="letters, digits and _"):
        read_corpora(path, {"../a": "/data"})


def test_an_emotion_that_is_not_told_stops_it(prepared, tmp_path):
    corpus = prepared[0]["ravdess"]
    fewer = {k: v for k, v in corpus.emotions.items() if k != "cal"}
    with pytest.raises(ProtocolError, match="differ in cal"):
        corpus._replace(emotions=fewer).prepare_folds(tmp_path)
    more = {**corpus.emotions, "bor": None}
    with pytest.raises(ProtocolError, match="differ in bor"):
        corpus._replace(emotions=more).prepare_folds(tmp_path)
