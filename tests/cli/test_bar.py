"""Progress of hours of work: lines that may be kept in a file."""

import pytest

from nncodec import progress
from nncodec.cli import bar


def test_a_line_each_ten_seconds_and_at_the_start_of_each_stage(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0, 4, 11, 12, 13, 22])
    with bar.lines(lambda: next(times)):
        progress.stage("reading 30 pictures")
        progress.report("training: step 1", 1, 100)
        progress.report("training: step 2", 11, 100)
        progress.stage("validating")
        progress.report("training: step 3", 50, 100)
        progress.report("training: step 4", 100, 100)
    assert capsys.readouterr().err.splitlines() == [
        "nnc: reading 30 pictures ...",
        "nnc: training: step 2, 11 %",
        "nnc: validating ...",
        "nnc: training: step 4, 100 %",
    ]
