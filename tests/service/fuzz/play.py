"""The whole API, asked at random by everybody; what is wrong is collected, not raised, so that all of it shows."""

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import schemathesis
from httpx2 import InvalidURL
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from service.people.principal import Role
from tests.service.fuzz.answers import faults
from tests.service.fuzz.asks import Ask, Operation, asks
from tests.service.fuzz.world import WHO, World

OFTEN = 20
"""After how many operations all is looked through: that takes longer than to ask them."""


@dataclass
class Found:
    """What is wrong, the first of each kind of each operation."""

    wrong: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(self, label: str, who: Role | None, ask: Ask, what: str) -> None:
        """Keep the first of each kind."""
        request = f"{who} {ask.method} {ask.address[:600]} {dict(ask.headers)} {(ask.body or b'')[:600]!r}"
        self.wrong.setdefault((label, what[:60]), f"{label}: {what}\n    {request}")

    def __str__(self) -> str:
        return "\n".join(self.wrong.values())


def operations(world: World) -> list[Operation]:
    """Return all operations of the document."""
    schema = schemathesis.openapi.from_dict(world.app.openapi())
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


def play(
    world: World, number: int, examples: int, found: Found, until: Callable[[], bool] | None = None
) -> None:
    """Ask every operation in a random order, each several times in a row.

    Parameters
    ----------
    number
        Same number, same requests.
    examples
        How often each is asked.
    until
        Whether it is time to stop.
    """
    world.restock()
    order = operations(world)
    random.Random(number).shuffle(order)
    for place, operation in enumerate(order, start=1):
        if until and until():
            break
        ask_operation(world, operation, number, examples, found)
        world.renew()
        if place % OFTEN == 0:
            keep_in_order(world, operation.label, found)
    keep_in_order(world, order[-1].label, found)


def ask_operation(world: World, operation: Operation, number: int, examples: int, found: Found) -> None:
    """Ask one operation, as everybody."""
    ids = world.ids()
    roles = _askers(operation)

    @seed(zlib.crc32(f"{number} {operation.label}".encode()))
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def once(data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(roles))
        ask = asks(operation, ids, data.draw)
        try:
            for what in faults(world, who, ask):
                found.note(operation.label, who, ask, what)
        except (UnicodeEncodeError, InvalidURL):
            return  # A client does not send it.
        except Exception as error:
            found.note(operation.label, who, ask, f"{type(error).__name__}: {error}"[:800])

    once()


def keep_in_order(world: World, label: str, found: Found) -> None:
    """Hold that all is in order, and do what waits."""
    try:
        world.check()
    except Exception as error:
        found.wrong.setdefault(
            (label, "order"), f"{label}: afterwards {type(error).__name__}: {error}"[:1500]
        )
    for fault in world.do_runs():
        found.wrong.setdefault((label, fault[:60]), f"{label}: a run: {fault}")


def _askers(operation: Operation) -> list[Role | None]:
    """Return who asks: all, and most of the time who may."""
    allowed = operation.definition.raw.get("x-roles", ["everyone"])
    may = [who for who in WHO if who and (who.value in allowed or "everyone" in allowed)]
    return [*WHO, *may, *may, *may]
