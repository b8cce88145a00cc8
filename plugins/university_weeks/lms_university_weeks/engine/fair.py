"""Places given by what people want, so that the worst off are as well off as can be.

The places of a result are counted by rank. Of two results that is fairer in which fewer people go without; then that
with fewer places of the last rank, then of the last but one, and so on. Which of the fairest is taken is drawn: each
person has a lot for each option, and the sum of the lots that are drawn is the lowest. Lots come from a seed and the
person's id alone, so neither who was first counts nor in which order people are listed.

Each rank is a flow of least cost of its own, in the part of the network that is best for all ranks before: an arc whose
reduced cost is positive is empty in every such flow, and one whose is negative is full. So no cost grows beyond a lot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np
import numpy.typing as npt
from ortools.graph.python.min_cost_flow import (  # type: ignore[import-untyped]  # this part of it has no types
    SimpleMinCostFlow,
)

Numbers = npt.NDArray[np.int64]


def assign(
    places: Mapping[str, int], wishes: Mapping[UUID, Sequence[str]], each: int, seed: str
) -> dict[UUID, tuple[str, ...]]:
    """Return the options that each person gets, at most `each`, in the order of their keys.

    `wishes` rank options, the best first; those left out share the next rank. Who wishes nothing comes last, and gets
    what is left.
    """
    asking = {person: ranked for person, ranked in wishes.items() if ranked}
    given = _given(places, asking, each, seed)
    left = {key: most - sum(key in got for got in given.values()) for key, most in places.items()}
    return given | _given(left, dict.fromkeys(wishes.keys() - asking.keys(), ()), each, seed)


def lot(seed: str, person: UUID, option: str) -> int:
    """Return a person's lot for an option, below 2 ** 40; the lower, the better."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{person}:{option}".encode()).digest()[:5])


def _given(
    places: Mapping[str, int], wishes: Mapping[UUID, Sequence[str]], each: int, seed: str
) -> dict[UUID, tuple[str, ...]]:
    people, options = sorted(wishes), sorted(places)
    if not people or not options:
        return dict.fromkeys(people, ())
    arcs, levels, lots = [], [], []
    end, last = len(people) + len(options), len(options) + 1
    for i, person in enumerate(people):
        ranks = {key: rank for rank, key in enumerate(wishes[person], 1)}
        for j, key in enumerate(options):
            arcs.append((i, len(people) + j, 1))
            levels.append(ranks.get(key, len(ranks) + 1))
            lots.append(lot(seed, person, key))
        for missing in range(1, each + 1):
            arcs.append((i, end, 1))
            levels.append(last + missing)
            lots.append(lot(seed, person, f"without {missing}"))
    arcs += [(len(people) + j, end, places[key]) for j, key in enumerate(options)]
    level = np.array(levels + [0] * len(options))
    network = _Network(arcs, [each] * len(people) + [0] * len(options) + [-each * len(people)])
    for worst in sorted(set(levels), reverse=True):
        network.narrow((level == worst).astype(np.int64))
    flow = network.narrow(np.array(lots + [0] * len(options)))
    taken = flow[: len(levels)].reshape(len(people), -1)
    return {person: tuple(key for j, key in enumerate(options) if taken[i, j]) for i, person in enumerate(people)}


class _Network:
    """Flows from people to places that are still possible: each arc is free, or its flow is settled."""

    def __init__(self, arcs: Sequence[tuple[int, int, int]], supply: Sequence[int]) -> None:
        self.tail, self.head, self.most = np.array(arcs, dtype=np.int64).T
        self.supply = np.array(supply, dtype=np.int64)
        self.flow: Numbers = np.zeros_like(self.most)
        self.free = self.most > 0

    def narrow(self, cost: Numbers) -> Numbers:
        """Return a flow of least cost, and keep to those that cost no more."""
        free = np.flatnonzero(self.free)
        tail, head, most, cost = self.tail[free], self.head[free], self.most[free], cost[free]
        if free.size:
            self.flow[free] = flow = self._solved(tail, head, most, cost)
            distance = _distances(tail, head, flow < most, flow > 0, cost, self.supply.size)
            reduced = cost + distance[tail] - distance[head]
            full = reduced < 0
            np.subtract.at(self.supply, tail[full], most[full])
            np.add.at(self.supply, head[full], most[full])
            self.free[free] = reduced == 0
        return self.flow

    def _solved(self, tail: Numbers, head: Numbers, most: Numbers, cost: Numbers) -> Numbers:
        solver = SimpleMinCostFlow()
        arcs = solver.add_arcs_with_capacity_and_unit_cost(tail, head, most, cost)
        solver.set_nodes_supplies(np.arange(self.supply.size), self.supply)
        status = solver.solve()
        if status != solver.OPTIMAL:
            raise RuntimeError(f"no flow was found: {status}")
        flow: Numbers = solver.flows(arcs)
        return flow


def _distances(
    tail: Numbers, head: Numbers, more: npt.NDArray[np.bool_], less: npt.NDArray[np.bool_], cost: Numbers, nodes: int
) -> Numbers:
    """Return how cheaply one more unit comes to each node, from the best of all: what proves a flow to be the cheapest.

    There is `more` room on some arcs, and on some `less` can flow. By Bellman and Ford, all arcs at a time.
    """
    distance = np.zeros(nodes, dtype=np.int64)
    while True:
        nearer = distance.copy()
        np.minimum.at(nearer, head[more], distance[tail[more]] + cost[more])
        np.minimum.at(nearer, tail[less], distance[head[less]] - cost[less])
        if np.array_equal(nearer, distance):
            return distance
        distance = nearer
