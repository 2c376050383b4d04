"""Tariffs: drafted, published for good, assigned to places and people.

A published version never changes; a new price is a new version from some instant on. Whatever is
published, assigned or taken away makes the prices of unbilled sessions it could reach stale, and they
are rated anew (`services.rating`).
"""

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Max

from billing.domain.documents import mapping
from billing.domain.errors import BillingError, Code, TariffError
from billing.domain.tariff.kept import check_kept
from billing.domain.tariff.model import parse_tariff
from billing.models import BilledSession, Invoice, RunRemark, Tariff, TariffAssignment, TariffVersion
from billing.models.invoice import IN_FORCE
from billing.selectors import approval_facts, tariff_listing, waiting
from billing.services import approved, rating
from charging.models import Site, Station
from charging.site_scope import limited_to
from tenants.bounds import OutOfBounds, json_of
from tenants.conflicts import refused_as
from tenants.currencies import BILLED
from tenants.models import Account, Driver, DriverGroup, User


class TariffRefused(BillingError):
    """A tariff, version or assignment cannot be what was asked for."""


@transaction.atomic
def create(*, name: str, currency: str, document: Mapping[str, Any]) -> Tariff:
    """Create a tariff with a first draft.

    document: an OCPI 2.2.1 Tariff object; `id` and `currency` may be left out and are the tariff's.

    Raises:
        BillingError: the document or the currency cannot be priced (names the field), or the name is taken.
    """
    _check_currency(currency)
    with _name_once(name):
        tariff = Tariff.objects.create(name=name, currency=currency)
    save_draft(tariff, document=document)
    return tariff


@transaction.atomic
def rename(tariff: Tariff, *, name: str) -> Tariff:
    """Give the tariff another name. Its versions keep the words they were published with."""
    if name != tariff.name:
        tariff.name = name
        with _name_once(name):
            tariff.save(update_fields=["name"])
    return tariff


@transaction.atomic
def save_draft(tariff: Tariff, *, document: Mapping[str, Any]) -> TariffVersion:
    """Write the tariff's draft: the one there is, or the next version.

    Raises:
        BillingError: the document cannot be priced; the error names the field.
    """
    Tariff.objects.select_for_update().get(pk=tariff.pk)
    complete = _complete(tariff, document)
    draft = tariff.versions.filter(published_at__isnull=True).first()
    if draft is None:
        draft = TariffVersion(tariff=tariff, number=_next_number(tariff))
    draft.document = complete
    draft.document_sha256 = _digest(complete)
    draft.save()
    return draft


@transaction.atomic
def publish(version: TariffVersion, *, valid_from: datetime, by: User | None, at: datetime) -> TariffVersion:
    """Freeze a draft: sessions that start at `valid_from` or later are priced by it. Repeating it changes nothing.

    Unbilled sessions from `valid_from` on that the tariff prices are rated anew.

    Where the operator wants a second person, this uses up the approval of exactly this version and start.

    Raises:
        TariffRefused: it is published already with another start.
        NotApproved: a second person has not approved it.
    """
    version = TariffVersion.objects.select_for_update(of=("self",)).select_related("tariff").get(pk=version.pk)
    if version.published_at is not None:
        if version.valid_from == valid_from:
            return version
        raise TariffRefused(Code.VERSION_PUBLISHED, number=version.number)
    check_kept(parse_tariff(version.document))
    approved.claim(
        approved.PUBLISH, subject=version.public_id, facts=lambda: approval_facts.publishing(version, valid_from), at=at
    )
    version.valid_from, version.published_at, version.published_by = valid_from, at, by
    version.save()
    rating.forget_tariff(version.tariff, since=valid_from)
    return version


@transaction.atomic
def assign(
    tariff: Tariff,
    *,
    valid_from: datetime,
    valid_until: datetime | None = None,
    driver: Driver | None = None,
    account: Account | None = None,
    group: DriverGroup | None = None,
    station: Station | None = None,
    site: Site | None = None,
) -> TariffAssignment:
    """Let the tariff price sessions of one of these; without any of them, all that nothing else prices.

    Raises:
        TariffRefused: more than one target, an end that is not after the start, or an archived tariff.
    """
    if sum(target is not None for target in (driver, account, group, station, site)) > 1:
        raise TariffRefused(Code.ONE_TARGET, field="site")
    if valid_until is not None and valid_until <= valid_from:
        raise TariffRefused(Code.ASSIGNMENT_ENDS_FIRST, field="valid_until", value=valid_until)
    if Tariff.objects.select_for_update(no_key=True).get(pk=tariff.pk).is_archived:
        raise TariffRefused(Code.TARIFF_ARCHIVED, field="tariff", value=tariff.name)
    assignment = TariffAssignment.objects.create(
        tariff=tariff,
        driver=driver,
        account=account,
        group=group,
        station=station,
        site=station.site if station else site,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    rating.forget_target(assignment, since=valid_from)
    _note_on_drafts(assignment, since=valid_from)
    return assignment


@transaction.atomic
def assign_all(tariff: Tariff, wanted: Iterable[Mapping[str, Any]]) -> int:
    """Let the tariff apply at several places, or nowhere if one of them is refused; return at how many."""
    return len([assign(tariff, **one) for one in wanted])


@transaction.atomic
def unassign(assignment: TariffAssignment, *, at: datetime) -> None:
    """End an assignment. One that has not begun, or began at that very instant, disappears."""
    if assignment.valid_from >= at:
        rating.forget_target(assignment, since=assignment.valid_from)
        _note_on_drafts(assignment, since=assignment.valid_from)
        assignment.delete()
        return
    if assignment.valid_until is None or assignment.valid_until > at:
        rating.forget_target(assignment, since=at)
        _note_on_drafts(assignment, since=at)
        assignment.valid_until = at
        assignment.save(update_fields=["valid_until"])


def _note_on_drafts(assignment: TariffAssignment, *, since: datetime) -> None:
    """Note on drafts that some of their sessions may be priced by another tariff by now."""
    reached = waiting.reached_prices(assignment, since=since).values("session")
    billed = BilledSession.objects.filter(IN_FORCE, session__in=reached, invoice__state=Invoice.State.DRAFT)
    rows = billed.exclude(invoice__run=None).order_by().values_list("invoice__run", "invoice").distinct()
    code = RunRemark.Code.PRICED
    RunRemark.objects.bulk_create(
        (RunRemark(run_id=run, invoice_id=invoice, code=code, off_by=0) for run, invoice in rows), batch_size=5_000
    )


@limited_to(None)  # whoever archives it: it may apply at sites of others
@transaction.atomic
def archive(tariff: Tariff, *, at: datetime) -> Tariff:
    """Take the tariff off the lists. What it has priced keeps its price; it can no longer be assigned.

    Raises:
        TariffRefused: it applies somewhere now or later.
    """
    Tariff.objects.select_for_update(no_key=True).get(pk=tariff.pk)
    if tariff_listing.in_use(at=at).filter(tariff=tariff).exists():
        raise TariffRefused(Code.TARIFF_STILL_ASSIGNED, value=tariff.name)
    tariff.is_archived = True
    tariff.save(update_fields=["is_archived"])
    return tariff


def restore(tariff: Tariff) -> Tariff:
    """Put an archived tariff back on the lists; it can be assigned again."""
    tariff.is_archived = False
    tariff.save(update_fields=["is_archived"])
    return tariff


def _complete(tariff: Tariff, document: Mapping[str, Any]) -> dict[str, Any]:
    return complete(document, identifier=str(tariff.public_id), currency=tariff.currency)


def complete(document: Mapping[str, Any], *, identifier: str, currency: str) -> dict[str, Any]:
    """The document as it is stored: with id and currency, held to what can be billed, without floats' noise.

    Raises:
        BillingError: something in it cannot be priced, billed or kept; the error names the field.
    """
    given = mapping(document, "tariff")
    whole = {**given, "id": given.get("id") or identifier, "currency": currency}
    if given.get("currency", currency) != currency:
        raise TariffError(Code.TARIFF_CURRENCY, currency=currency, field="currency", value=given["currency"])
    check_kept(parse_tariff(whole))
    return _storable(whole)


def _storable(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as JSON that the database takes; what the parser does not look at is held to bounds too."""
    try:
        kept: dict[str, Any] = json_of(orjson.dumps(document, default=str))
    except OutOfBounds as problem:
        field = str(problem.facts.get("field", ""))
        raise TariffError(Code.NOT_KEPT, field=field, problem={"code": problem.code, **problem.facts}) from None
    except orjson.JSONEncodeError as problem:  # numbers of more than 64 bits, lone surrogates, endless nesting
        raise TariffError(Code.NOT_KEPT, problem=str(problem)) from None
    return kept


def _digest(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _next_number(tariff: Tariff) -> int:
    return int(tariff.versions.aggregate(last=Max("number"))["last"] or 0) + 1


def _check_currency(currency: str) -> None:
    if currency not in BILLED:
        choices = ", ".join(BILLED)
        raise TariffRefused(
            Code.TARIFF_CURRENCY_NOT_BILLED, currency=currency, currencies=choices, field="currency", value=currency
        )


def _name_once(name: str) -> AbstractContextManager[None]:
    taken = TariffRefused(Code.TARIFF_NAME_TAKEN, name=name, field="name", value=name)
    return refused_as(taken, constraint="tariff_name_once")
