"""Demands in words that a student understands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lms_part_time_tracks.engine.demands import Demand
from lms_part_time_tracks.engine.problem import Module, Problem

FEW = 4


def in_words(problem: Problem, demands: Iterable[Demand]) -> tuple[str, ...]:
    """Return clauses such as "you have 12 h a week in winter 2027/28 and summer 2028", one for the same of many."""
    grouped: dict[str, list[str]] = {}
    taught: dict[str, list[str]] = {}
    for demand in demands:
        if demand.kind == "taught" and demand.module is not None:
            module = problem.module(demand.module)
            taught.setdefault(_taught(problem, module), []).append(named(module))
            continue
        said, where = _said(problem, demand)
        grouped.setdefault(said, []).extend(where)
    return (
        *(f"{said} in {listed(where)}" if where else said for said, where in grouped.items()),
        *(f"{listed(names)} {'are' if names[1:] else 'is'} {said}" for said, names in taught.items()),
    )


def listed(words: Sequence[str]) -> str:
    """Return words as one speaks: "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def hours(minutes: int) -> str:
    """Return minutes as hours, with one decimal if need be: "12.5 h"."""
    return f"{number(minutes * 100 // 60)} h"


def number(hundredths: int) -> str:
    """Return hundredths without needless zeros: 250 is "2.5"."""
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")


def named(module: Module) -> str:
    """Return what a module is called."""
    return module.name or module.key


def _said(problem: Problem, demand: Demand) -> tuple[str, list[str]]:
    """Return what a demand says, and the term in which it does if it is one of many such."""
    term = problem.terms[demand.term] if demand.term is not None else None
    if term is not None:
        match demand.kind:
            case "hours":
                return f"you have {hours(term.minutes or 0)} a week", [term.name]
            case "closed":
                return "you do not study", [term.name]
            case "max_ects":
                return f"at most {number(term.max_ects or 0)} ECTS a term are allowed", [term.name]
            case "max_modules":
                return f"at most {term.max_modules} modules a term are allowed", [term.name]
            case "minimum":
                least = [f"{number(term.min_ects)} ECTS"] if term.min_ects else []
                least += [f"{term.min_modules} modules"] if term.min_modules else []
                return f"at least {listed(least)} a term are demanded", [term.name]
            case "done_by":
                return f"you want to be done by the end of {term.name}", []
    if demand.module is not None:
        return _of_module(problem, problem.module(demand.module), demand), []
    match demand.kind:
        case "clash":
            return _of_clash(problem, demand.other), []
        case "weekends":
            return "you do not come at weekends", []
        case "pace":
            return f"you want at most {number(problem.wishes.most_ects or 0)} ECTS a term", []
        case "basket":
            return _of_basket(problem, demand.other), []
        case "milestone":
            milestone = problem.milestones[demand.number or 0]
            last = problem.terms[problem.deadline(milestone.terms)].name
            return f"{number(milestone.ects)} ECTS are demanded by the end of {last}", []
        case "max_terms":
            return (
                f"the study ends with {problem.terms[problem.deadline(problem.max_terms or 1)].name} at the latest",
                [],
            )
        case "recognised":
            return f"at most {number(problem.recognised_ects or 0)} ECTS may be recognised", []
    return f"the degree takes {number(problem.ects)} ECTS", []


def _of_module(problem: Problem, module: Module, demand: Demand) -> str:
    name = named(module)
    where = problem.terms[demand.term].name if demand.term is not None else ""
    match demand.kind:
        case "blocked":
            run, why = next(((run.name, run.blocked) for run in module.runs if run.key == demand.other), ("", ""))
            return f"you cannot come to {name} in {where} (run {run or demand.other}: {why})"
        case "accepted":
            return f"you have accepted {name} in {where}"
        case "wanted":
            return f"you want {name}"
        case "unwanted":
            return f"you do not want {name}"
        case "after" | "beside":
            other = named(problem.module(demand.other or ""))
            return f"{name} needs {other} " + (
                "in an earlier term" if demand.kind == "after" else "no later than itself"
            )
        case "after_ects":
            return f"{name} needs {number(module.after_ects)} ECTS from earlier terms"
        case "until":
            return f"{name} has to be taken by {problem.terms[min(module.until or 0, len(problem.terms) - 1)].name}"
    return f"you have no attempt left in {name}"


def _of_clash(problem: Problem, key: str | None) -> str:
    clash = next(one for one in problem.clashes if one.key == key)
    modules = [problem.module(key) for key in clash.modules]
    runs = [run for one, key in zip(modules, clash.runs, strict=True) for run in one.runs if run.key == key]
    when = listed(list(dict.fromkeys(problem.terms[run.term].name for run in runs)))
    what = listed([f"run {run.name or run.key}" for run in runs])
    return f"{named(modules[0])} and {named(modules[1])} meet at the same time in {when} ({what}, {clash.on})"


def _taught(problem: Problem, module: Module) -> str:
    last = len(problem.terms) if problem.max_terms is None else problem.deadline(problem.max_terms) + 1
    left = range(problem.now, last)
    own = sorted({n for n in (*module.offered, *(run.term for run in module.runs)) if n in left})
    if not own:
        return "not taught any more"
    season = problem.terms[own[0]].season
    if own[1:] and own == [n for n in left if problem.terms[n].season == season]:
        return f"taught in {season} only"
    if len(own) <= FEW:
        return f"taught only in {listed([problem.terms[n].name for n in own])}"
    return f"taught in {len(own)} of the {len(left)} terms that are left"


def _of_basket(problem: Problem, key: str | None) -> str:
    basket = next(one for one in problem.baskets if one.key == key)
    limits = [f"at least {number(basket.min_ects)} ECTS"] if basket.min_ects else []
    limits += [f"at most {number(basket.max_ects)} ECTS"] if basket.max_ects is not None else []
    limits += [f"at least {basket.min_count} modules"] if basket.min_count else []
    limits += [f"at most {basket.max_count} modules"] if basket.max_count is not None else []
    return f"of {basket.name or basket.key} {listed(limits or ['any number of modules'])} are taken"
