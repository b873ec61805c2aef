"""Bad corpora: what the user reads, word by word."""

import os
import shutil

import audio_cases
import corpus_cases
import folder_cases
import manifest_cases
import pool_cases
import pytest
import table_cases
import tar_cases
from case import MAKERS, yaml_of
from data_prep import ManifestError, Source, read_manifest
from emoclust_lobes.cli import main

CASES = [
    *audio_cases.CASES,
    *table_cases.CASES,
    *pool_cases.CASES,
    *tar_cases.CASES,
    *manifest_cases.CASES,
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


def emoclust(case, command, yaml, folder, capsys):
    """Run a command; return what it complains about, or None."""
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
    code = main([command, str(yaml), *words])
    complaint = capsys.readouterr().err.partition("emoclust: error: ")[2]
    assert code == (2 if complaint else 0)
    return complaint.removesuffix("\n") or None


def complaint_of(case, yaml, folder, capsys):
    """What the user of a case reads, None where all is well."""
    if case.command != "read":
        case.damage(folder)
        return emoclust(case, case.command, yaml, folder, capsys)
    assert emoclust(case, "prepare", yaml, folder, capsys) is None
    case.damage(folder)
    manifest = folder.parent / "results/manifest/train.csv"
    try:
        table = read_manifest(Source(str(manifest), str(folder)))
    except ManifestError as error:
        return str(error)
    assert len(table) == 4
    return None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_user_reads_what_is_wrong(case, good, tmp_path, capsys):
    if case.name in audio_cases.NEEDS_PERMISSIONS and os.geteuid() == 0:
        pytest.skip("root may read every file")
    folder = tmp_path / "corpus"
    shutil.copytree(good / case.base, folder)
    yaml = good / f"{case.base}.yaml"
    found = complaint_of(case, yaml, folder, capsys)
    expected = case.message and case.message.format(
        folder=folder,
        yaml=yaml,
        outside=tmp_path,
        here=os.getcwd(),
        train=tmp_path / "results/manifest/train.csv",
    )
    assert found == expected


def test_no_two_cases_have_one_name():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 60
