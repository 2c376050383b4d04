"""Statistics about people show no small group, and let none be worked out by subtracting.

A statistic tells a total apart into parts: hours, days of the week, groups, kinds of customers. A part with fewer
people than the operator's least is withheld. As the parts make the total, whoever subtracts what is shown learns what
the withheld ones come to together; so these are never one alone, and never fewer people together than the least, or
the smallest of the others is withheld with them. What is withheld in one month is withheld in every statistic over
that month: two of them, subtracted, leave no month alone that either withheld.

The total itself is a fact of the business: of energy and money at a place and in a time, whoever it is about. GDPR
recital 26: what can still be traced to somebody by means reasonably likely to be used is not anonymous.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

#: By month and part, the people in it: of very many no more than the least, always those of the lowest numbers, so
#: that a month comes to the same whatever it is asked for with.
People = Mapping[tuple[int, int], Collection[int]]


def first(people: Iterable[int], *, least: int) -> tuple[int, ...]:
    """As many of the people as it takes to know that they are enough."""
    return tuple(sorted(set(people))[:least])


def withheld(people: People, *, least: int) -> set[int]:
    """Which parts a statistic over all these months does not show."""
    months: defaultdict[int, dict[int, frozenset[int]]] = defaultdict(dict)
    for (month, part), who in people.items():
        months[month][part] = frozenset(who)
    return {part for parts in months.values() for part in _of_month(parts, least)}


def _of_month(parts: dict[int, frozenset[int]], least: int) -> set[int]:
    by_size = sorted(parts, key=lambda part: (len(parts[part]), part))
    gone = [part for part in by_size if len(parts[part]) < least]
    others = iter(by_size[len(gone) :])
    while gone and (len(gone) == 1 or len(frozenset().union(*(parts[part] for part in gone))) < least):
        another = next(others, None)
        if another is None:
            break
        gone.append(another)
    return set(gone)
