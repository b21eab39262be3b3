"""The number of threads of PyTorch: of a call, and afterwards again of the program."""

import threading
from collections.abc import Iterator

import pytest

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.nets.threads_torch import limited
from nncodec.threads import at_most
from tests.test_threads import overlapping


def in_a_new_thread() -> int:
    """The number that torch takes in a thread that begins now."""
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return found[0]


@pytest.fixture(autouse=True)
def two() -> Iterator[None]:
    """A program with two threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_overlapping_blocks_leave_the_program_its_threads() -> None:
    assert in_a_new_thread() == 2
    overlapping(lambda: limited(1))
    assert torch.get_num_threads() == in_a_new_thread() == 2


def test_a_call_is_limited_by_its_own_number_or_that_of_the_call() -> None:
    with limited(1):
        assert torch.get_num_threads() == 1
    with at_most(1), limited():
        assert torch.get_num_threads() == 1
    with limited():
        assert torch.get_num_threads() == 2
