"""Bad corpora: what the user reads, word by word."""

import os
import shutil

import audio_cases
import corpus_cases
import folder_cases
import pool_cases
import pytest
import table_cases
import tar_cases
from case import MAKERS, yaml_of
from emoclust_lobes.cli import main

CASES = [
    *audio_cases.CASES,
    *table_cases.CASES,
    *pool_cases.CASES,
    *tar_cases.CASES,
    *folder_cases.CASES,
    *corpus_cases.CASES,
]


@pytest.fixture(scope="session")
def good(tmp_path_factory):
    """Folder of a good corpus of each kind, and of its YAML."""
    root = tmp_path_factory.mktemp("good")
    for name, make in MAKERS.items():
        make(root / name)
        (root / f"{name}.yaml").write_text(yaml_of(name))
    return root


def emoclust(case, yaml, folder, capsys):
    """Run the command of a case; return what it complains about, or None."""
    options = {
        "data_folder": "{folder}",
        "output_folder": folder.parent / "results",
        "device": "cpu",
        **case.options,
    }
    words = [
        f"--{key}={str(value).format(folder=folder)}"
        for key, value in options.items()
    ]
    code = main([case.command, str(yaml), *words])
    complaint = capsys.readouterr().err.partition("emoclust: error: ")[2]
    assert code == (2 if complaint else 0)
    return complaint.removesuffix("\n") or None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_user_reads_what_is_wrong(case, good, tmp_path, capsys):
    if case.name in audio_cases.NEEDS_PERMISSIONS and os.geteuid() == 0:
        pytest.skip("root may read every file")
    folder = tmp_path / "corpus"
    shutil.copytree(good / case.base, folder)
    yaml = good / f"{case.base}.yaml"
    case.damage(folder)
    found = emoclust(case, yaml, folder, capsys)
    expected = case.message and case.message.format(
        folder=folder,
        yaml=yaml,
        outside=tmp_path,
        here=os.getcwd(),
    )
    assert found == expected


def test_no_two_cases_have_one_name():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 60
