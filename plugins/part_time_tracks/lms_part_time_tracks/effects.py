"""What a programme's policy would mean, before it counts: what its curricula bring, and what they name in vain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from lms_core.api import Context, Effect, PluginProposal, RegulationFacts, read_catalogue, read_regulations
from lms_part_time_tracks.degree import brings, listed, missing, named, reach
from lms_part_time_tracks.settings import Settings


async def preview(context: Context, proposal: PluginProposal) -> list[Effect]:
    """Say what each regulation's degree would be made of, and what there is not. Five statements."""
    if not proposal.enabled:
        return []
    async with context.read() as connection:
        regulations = await read_regulations(connection, context.programme_id)
        modules = (await read_catalogue(connection, context.programme_id)).modules
    worth = {one.key: int(one.ects * 100) for one in modules}
    settings: Settings = context.settings
    return [*_unknown(settings, regulations, worth), *(_brings(settings, one, worth) for one in regulations)]


def _unknown(settings: Settings, regulations: Sequence[RegulationFacts], worth: Mapping[str, int]) -> Iterator[Effect]:
    versions = [one.version for one in regulations]
    for curriculum in settings.curricula:
        if curriculum.version not in versions:
            there = f"those that there are: {listed(versions)}" if versions else "there is none yet"
            yield Effect("no-regulation", f"No regulation has the version {curriculum.version}; {there}.")
        if keys := missing(curriculum, worth):
            yield _modules(f"The curriculum of {curriculum.version}", keys)
    for field, told in (("fees", settings.fees), ("pass_shares", settings.pass_shares)):
        if keys := [key for key in told if key not in worth]:
            yield _modules(field, keys)


def _modules(where: str, keys: Sequence[str]) -> Effect:
    return Effect("no-modules", f"{where} names modules that the programme does not teach: {listed(keys)}.")


def _brings(settings: Settings, regulation: RegulationFacts, worth: Mapping[str, int]) -> Effect:
    curriculum = settings.curriculum(regulation.version)
    ects, what = sum(worth.values()), f"For {regulation.version} all modules of the programme count, which bring"
    if curriculum is not None:
        worth = {key: worth[key] for key in named(curriculum) if key in worth}
        ects, what = brings(curriculum, worth), f"The curriculum of {regulation.version} brings"
    gap = reach(curriculum, worth, int(regulation.ects_total * 100)).gap
    return Effect("brings", f"{what} {Decimal(ects) / 100} of {regulation.ects_total} ECTS{'; ' if gap else ''}{gap}.")
