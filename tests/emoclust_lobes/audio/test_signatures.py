"""Which utterances are still those that were computed."""

import pandas
from emoclust_lobes.audio.signatures import sign_utterances


def test_a_signature_is_of_the_file_and_the_segment(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(44))
    rows = [["a", str(path), 0, 800], ["b", str(path), 400, 1200]]
    rows += [["c", str(path), "", ""], ["d", "gone.wav", "", ""]]
    table = pandas.DataFrame(rows, columns=["ID", "wav", "start", "stop"])
    found, signatures, problems = sign_utterances(table)
    assert found["ID"].tolist() == ["a", "b", "c"]
    status = path.stat()
    file = [status.st_size, status.st_mtime_ns]
    segments = [[-1, 800], [400, 1200], [-1, -1]]  # 0 is where the file begins
    assert signatures.tolist() == [[*file, *segment] for segment in segments]
    assert problems == ["gone.wav: No such file or directory"]
    path.write_bytes(bytes(46))
    _, changed, _ = sign_utterances(table)
    assert (changed[:, 0] == 46).all()
