"""How likely a module is passed: by what the programme has seen, where that is enough, else by its policy."""

from __future__ import annotations

from lms_part_time_tracks.engine.risk import Chance
from lms_part_time_tracks.translate import Facts, Translated


def chances_of(facts: Facts, translated: Translated) -> dict[str, Chance]:
    """Return for each module of a study, by its key there, how likely it is passed and how it is repeated."""
    settings = facts.settings
    seen = {one.module_id: one for one in facts.rates if one.taken >= settings.enough_exams}
    within = facts.standing.limits.get("repeatWithinTerms")
    known = {str(one.module_id): one for one in facts.catalogue.modules}
    found = {}
    for module in translated.problem.modules:
        fact = known[module.key]
        rate = seen.get(fact.module_id)
        share = settings.pass_shares.get(fact.key, settings.pass_share)
        found[module.key] = Chance(
            # nobody is sure to pass or to fail because those before did: two more of each (Agresti and Coull)
            passes=(rate.passed + 2) / (rate.taken + 4) if rate else share,
            any_term=settings.repeat_any_term,
            within=within if isinstance(within, int) and not isinstance(within, bool) and within > 0 else None,
        )
    return found
