"""What is printed in the background: one file after the other, however many are asked for."""

from threading import Event
from threading import enumerate as threads

from service.pages.convenings.printing import Prints, Tell

SOON = 30


def test_many_files_asked_for_at_once_are_printed_by_one_thread() -> None:
    prints, begins, may_go, ended, before = Prints(most=3), Event(), Event(), Event(), {*threads()}

    def first(tell: Tell) -> bytes:
        begins.set()
        assert may_go.wait(SOON)
        return b"first"

    def last(tell: Tell) -> bytes:
        ended.set()
        return b"last"

    begun = prints.begin(0, first)
    assert begins.wait(SOON)
    asked = [prints.begin(number, lambda tell: b"") for number in range(1, 20)]
    prints.begin(20, last)
    assert len({*threads()} - before) == 1
    may_go.set()
    assert ended.wait(SOON)
    assert begun.content == b"first"
    # All but the last that are kept were given up before their turn.
    assert [one.content for one in asked[:17]] == [None] * 17


def test_file_that_failed_is_printed_when_it_is_asked_for_again() -> None:
    prints, ended = Prints(), Event()

    def fail(tell: Tell) -> bytes:
        raise OSError("no font")

    def make(tell: Tell) -> bytes:
        ended.set()
        return b"made"

    failed = prints.begin("key", fail)
    prints.begin("other", make)
    assert ended.wait(SOON)
    assert failed.has_failed
    ended.clear()
    assert prints.begin("key", make) is not failed
    assert ended.wait(SOON)
