"""People and companies looked up by what somebody types of their name, e-mail or numbers: the one place that does."""

from collections.abc import Iterator

from django.db.models import QuerySet

from tenants.models import DriverIdentity
from tenants.search import subjects, terms
from tenants.search.subjects import Subject
from tenants.selectors import search

#: So many are looked up; of a word that more people have, these are the newest.
MOST = 20_000

_SAID = ("name", "email", "organisation_number", "vat_number")
_IDENTITIES = Subject("names", DriverIdentity, _SAID, terms.words_of, behind=500)


def register() -> None:
    """Enter the names of drivers among what is searched."""
    subjects.register(_IDENTITIES)


def like(text: str, *, most: int = MOST) -> list[int]:
    """Return the identities, also former ones, that have each word of the text, or a longer one that begins like it.

    Of more than `most` these are the newest.
    """
    words = terms.words(text)
    if not words:
        return []
    found = search.find(_IDENTITIES, terms.begun(text), most=most)
    erased = _erased()
    fresh = DriverIdentity.objects.filter(pk__gt=found.up_to)
    ids = [*_named(fresh, words)][:most]
    if all(len(word) <= terms.LONGEST for word in words):
        ids = [*ids, *found.ids]
    else:
        ids += _named(DriverIdentity.objects.filter(search.among("pk", found.ids)), words)
    return [pk for pk in ids if pk not in erased][:most]


def _erased() -> set[int]:
    """The identities of the erased that invoices bear: kept for the books, and found by nobody."""
    kept = DriverIdentity.objects.filter(driver__erasures__erased_at__isnull=False)
    return set(kept.values_list("pk", flat=True))


def _named(rows: QuerySet[DriverIdentity], words: list[str]) -> Iterator[int]:
    for pk, *texts in rows.order_by("-pk").values_list("pk", *_SAID):
        if terms.have_words(" ".join(map(str, texts)), words):
            yield pk
