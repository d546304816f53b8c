"""What locks and rules leave of a problem before anything is solved: where every solution starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.bounds import LevelBounds, most_alone
from optimizer.levels import fill_levels
from optimizer.locks import fitting_locks
from optimizer.network import Network, flow_of
from optimizer.problem import Ints, Problem
from optimizer.rules import Rules, group_rules
from optimizer.usable import usable_network, usable_slots


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A problem with its group rules and its network.

    Parameters
    ----------
    locks
        Locked slots of each pair, cut to what is there.
    usable
        The most slots of each pair that the rules and the locks of others leave.
    network
        The network of all usable slots, without the group rules: what it cannot fill no allocation can.
    """

    problem: Problem
    locks: Ints
    rules: Rules
    usable: Ints
    network: Network

    @classmethod
    def of(cls, problem: Problem) -> Prepared:
        """Return the problem prepared."""
        locks = fitting_locks(problem)
        rules = group_rules(problem, locks)
        usable = usable_slots(problem, rules, locks)
        return cls(problem, locks, rules, usable, usable_network(problem, rules, locks, usable))

    def filled(self) -> Ints:
        """Return a flow of the network with the lexicographically most slots by level."""
        return fill_levels(self.network, self.locked())

    def locked(self) -> Ints:
        """Return the flow of the locks alone."""
        return flow_of(self.network, self.problem, self.locks)

    def level_bounds(self, filled: Ints) -> LevelBounds:
        """Return what no allocation can exceed at each level, from the flow that `filled` gives."""
        alone = most_alone(self.network, self.locked())
        together = np.cumsum(filled[self.network.at.levels])
        return LevelBounds(self.problem.level_needed, alone, together)


def most_by_level(problem: Problem) -> Ints:
    """Return the most slots of each level, strictly in order, that capacities leave: no plan is better at the first."""
    prepared = Prepared.of(problem)
    most: Ints = prepared.filled()[prepared.network.at.levels]
    return most
