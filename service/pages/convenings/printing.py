"""What takes longer than a reader waits is printed in the background, and kept for a while to be fetched."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Final, TypeAlias

Tell: TypeAlias = Callable[[float], None]
MOST_KEPT: Final = 4
logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Print:
    """A file that is being made: how much of it is done (0 to 1), then what is in it, or that it failed.

    ``make`` makes it once its turn has come; None from then on.
    """

    make: Callable[[Tell], bytes] | None
    share: float = 0.0
    content: bytes | None = None
    has_failed: bool = False


class Prints:
    """Files by what they are made of; each is made once, however often it is asked for, and one after the other.

    Nothing is lost with this process: whatever was printed is printed again from the same rows. Of many that are asked
    for at once, those that came first are given up before they are begun.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, Print] = OrderedDict()
        self._is_printing = False

    def find(self, key: Hashable) -> Print | None:
        """Return the file of a key, finished or not; None where it was never asked for, or long ago."""
        with self._lock:
            return self._kept.get(key)

    def begin(self, key: Hashable, make: Callable[[Tell], bytes]) -> Print:
        """Begin to make a file unless it is made already; ``make`` is given what takes in how much is done."""
        with self._lock:
            known = self._kept.get(key)
            if known and not known.has_failed:
                return known
            made = self._kept[key] = Print(make)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            if not self._is_printing:
                self._is_printing = True
                Thread(target=self._print_all, name="print", daemon=True).start()
        return made

    def _print_all(self) -> None:
        while True:
            with self._lock:
                one = next((one for one in self._kept.values() if one.make), None)
                if one is None or one.make is None:
                    self._is_printing = False
                    return
                make, one.make = one.make, None
            _make(one, make)


def _make(made: Print, make: Callable[[Tell], bytes]) -> None:
    def tell(share: float) -> None:
        made.share = share

    try:
        made.content = make(tell)
        made.share = 1.0
    except Exception:
        logger.exception("A file could not be printed.")
        made.has_failed = True
