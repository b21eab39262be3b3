"""The age of a result, by which --skip-existing decides."""

from pathlib import Path

from nncodec.cli.files import PIPE, Job

_STEPS = (10**3, 10**7, 10**9, 2 * 10**9)
"""Nanoseconds to which file systems cut a time: many a microsecond, exFAT 10 ms, HFS+ one second, FAT two."""


def exists(job: Job) -> bool:
    """True if the result of a job is seen to be there; False in a folder that may not be searched."""
    try:
        return bool(job.output) and job.output != PIPE and Path(job.output).exists()
    except OSError:
        return False


def is_stale(job: Job) -> bool:
    """True if the result of a job, which exists, is a file and older than its source.

    A result has its source's time, as exactly as its file system can keep it.
    """
    if job.source == PIPE or not Path(job.output).is_file() or not Path(job.source).exists():
        return False
    source, output = (Path(name).stat().st_mtime_ns for name in (job.source, job.output))
    return output < source and output not in (source // step * step for step in _STEPS)
