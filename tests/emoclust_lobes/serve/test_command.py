"""The options of ``emoclust serve``, before anything is served."""

import argparse
import sys

import pytest
from emoclust_lobes.inference import InferenceError
from emoclust_lobes.serve import ServeError, command


def run(*arguments):
    """As from the command line."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(list(arguments)))


@pytest.mark.parametrize(
    "option", ["--max_seconds=0", "--max_megabytes=-1", "--max_seconds=inf"]
)
def test_limits_must_be_limits(option):
    with pytest.raises(ServeError, match=option.partition("=")[0]):
        run("inference", option)


def test_missing_gradio_is_named_with_what_to_do(monkeypatch, model_folder):
    monkeypatch.setitem(sys.modules, "gradio", None)  # cannot be imported
    with pytest.raises(ServeError, match=r"pip install .emoclust\[serve\]"):
        run(str(model_folder), "--port=0")


def test_folder_without_a_model_is_named(tmp_path):
    pytest.importorskip("gradio")
    with pytest.raises(InferenceError, match="holds no model"):
        run(str(tmp_path), "--port=0")


def test_other_hosts_need_a_password_and_are_warned_about(tmp_path, capsys):
    pytest.importorskip("gradio")
    folder, other = str(tmp_path), "--host=0.0.0.0"
    with pytest.raises(ServeError, match="give --auth=USER:PASSWORD"):
        run(folder, other, "--port=0")
    for auth in ("kim", "kim:", ":a"):
        with pytest.raises(ServeError, match="--auth must be"):
            run(folder, other, f"--auth={auth}")
    for host, warned in ((other, True), ("--host=127.0.0.1", False)):
        with pytest.raises(InferenceError):
            run(folder, host, "--auth=kim:a", "--port=0")
        assert (
            "travel unencrypted" in capsys.readouterr().err.replace("\n", " ")
        ) == warned
