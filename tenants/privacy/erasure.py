"""Erasing a driver (GDPR art. 17): what goes, what stays and why, driven by the register of personal data.

What becomes of a row follows from how long its kind is kept (`FATES`), and of a field from what it says:

- removed: rows that serve an account or a moment; so is what joins a driver to other rows and says nothing else;
- emptied: the identity and the free words in rows that others refer to. A name that an issued invoice bears is the
  exception a floor enters (`register_keeper`): bookkeeping law keeps it (art. 17(3)(b), BFL 7 kap. 2 §);
- destroyed: the person's key, so that what it sealed opens no more in any older copy. Texts that are kept have their
  own keys kept (`tenants.services.person_keys`), for bookkeeping alone and until their day;
- kept: bookkeeping, the sealed log, and the proof of consents (art. 7(1)), each until its time is over.

A floor adds what the register's rows do not say (`register_part`), and what must be settled before (`register_bar`):
who still owes is billed first (art. 17(3)(e)), and a legal hold wins. A person who also has another place here or
elsewhere keeps their sign-in, which is not this operator's to erase.

Everything happens in one transaction, after the ledger outside the database was told (`erasure_ledger`), so that
`replay` can do it again once a backup was restored. The certificate names no one.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.core.files.storage import default_storage
from django.db import models

from tenants import work
from tenants.errors import Code, Refused
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import (
    Account,
    Approval,
    ConsentPaper,
    Driver,
    Erasure,
    Membership,
    PersonKey,
    PersonPackage,
    PersonRequest,
    PlatformMember,
    User,
)
from tenants.permissions import Permission
from tenants.privacy import erasure_ledger, own_rows, retention, sources
from tenants.privacy.sources import Kind, Retention, Source
from tenants.scoping import OperatorOwned, has_scope, tenant_scope
from tenants.sealed_fields import SealedField
from tenants.search import subjects
from tenants.services import four_eyes, indexing, person_keys
from tenants.services.people import memberships, person_requests

ACTION = "erase_person"
VALID_FOR = timedelta(hours=24)


class Fate(StrEnum):
    """What becomes of a row."""

    REMOVED = "removed"
    EMPTIED = "emptied"
    KEPT = "kept"


FATES: dict[Retention, Fate] = {
    Retention.ACCOUNT: Fate.REMOVED,
    Retention.MESSAGES: Fate.REMOVED,
    Retention.SENT: Fate.REMOVED,
    Retention.COPY: Fate.REMOVED,
    Retention.CONTRACT: Fate.EMPTIED,
    Retention.REQUESTS: Fate.EMPTIED,
    Retention.BOOKS: Fate.KEPT,
    Retention.LOG: Fate.KEPT,
    Retention.PROOF: Fate.KEPT,
    Retention.BREACH: Fate.KEPT,
}
#: The database keeps these the driver's own (`tenants_driver_has_account`).
_FOLLOWS: dict[type[models.Model], set[str]] = {Account: {"customer_number", "identity"}}
_FREE_WORDS = (models.CharField, models.TextField, models.JSONField)


@dataclass(frozen=True, slots=True)
class Stays:
    """What is kept: a code, how many, and until when; None where no day is known yet."""

    code: str
    count: int
    until: date | None = None


#: Does more than the register's rows say; returns how much of what went.
Part = Callable[[Driver, datetime], dict[str, int]]
#: What has to be settled before the driver can be erased: how many of them there are.
Bar = Callable[[Driver], int]
#: The rows of a model that stay as they are.
Keeper = Callable[[Driver], "models.QuerySet[Any]"]
#: Until when they stay: the day on which what was kept of the driver for longest is over.
Until = Callable[[Driver], "date | None"]
#: What of a floor's rows stays, for the certificate.
Staying = Callable[[Driver], list[Stays]]
_parts: list[Part] = []
_bars: dict[str, Bar] = {}
_keepers: dict[type[models.Model], tuple[Keeper, Until]] = {}
_stayings: list[Staying] = []


def register_part(part: Part) -> None:
    """Enter what a floor does besides, before the register's rows are gone through."""
    _parts.append(part)


def register_bar(code: str, bar: Bar) -> None:
    """Enter what must be settled first."""
    _bars[code] = bar


def register_keeper(model: type[models.Model], keeper: Keeper, until: Until, staying: Staying) -> None:
    """Enter which rows of a model stay as they are, until when, and how the certificate says so.

    From the erasure on their sealed texts open for bookkeeping alone (`tenants.bookkeeping`), and not after that day.
    """
    _keepers[model] = keeper, until
    _stayings.append(staying)


def register() -> None:
    """Say what approving it means: the person who asked carries it out within a day."""
    four_eyes.register(
        four_eyes.Act(
            ACTION,
            Permission.MANAGE_PRIVACY,
            facts_now=_facts_now,
            carry_out=None,
            valid_for=VALID_FOR,
            is_chosen=True,
        )
    )


# --- what would happen ---


def bars(driver: Driver) -> dict[str, int]:
    """What stands in the way, by code, with how many of it."""
    held = {"held": int(retention.is_all_held() or retention.held_drivers().filter(pk=driver.pk).exists())}
    found = held | {code: bar(driver) for code, bar in _bars.items()}
    return {code: count for code, count in found.items() if count}


def staying(driver: Driver) -> list[Stays]:
    """What would stay, of every floor."""
    found = [each for staying in _stayings for each in staying(driver)]
    found += [Stays("log", 1), Stays("request", 1)]
    consents = driver.consent_events.count()
    found += [Stays("consents", consents)] if consents else []
    return found + ([Stays("sign_in", 1)] if driver.user and has_other_places(driver) else [])


def has_other_places(driver: Driver) -> bool:
    """Whether the person signs in for something else as well: as staff here, or anywhere else."""
    own = {"operator": driver.operator_id, "role": Membership.Role.DRIVER}
    others = Membership.objects.filter(user=driver.user).exclude(**own)
    return others.exists() or PlatformMember.objects.filter(user=driver.user).exists()


def of_driver(driver: Driver) -> Erasure | None:
    """The driver's erasure, if there is one."""
    return Erasure.objects.filter(driver=driver).first()


# --- asking for it ---


def ask(request: PersonRequest, *, answer: str, by: User, at: datetime) -> Erasure:
    """Have the driver of a request erased in the background.

    Raises:
        Refused: the request is no open one for erasure, something must be settled first, or nothing is answered.
        SecondPersonNeeded: the operator wants a second person for it, and none has approved.
    """
    Driver.objects.select_for_update().only("pk").get(pk=request.driver_id)
    check(request)
    if not answer.strip():
        raise Refused(Code.ANSWER_WITHOUT_WORDS)
    four_eyes.claim(ACTION, subject=request.public_id, facts=lambda: facts(request), at=at)
    fresh = {"state": Erasure.State.WAITING, "attempts": 0, "leased_until": None, "error": "", "queued_at": at}
    asked = {"request": request, "answer": answer, "requested_by_id": by.pk}
    row, _made = Erasure.objects.update_or_create(driver=request.driver, defaults={**fresh, **asked})
    audit.record(Event.ERASURE_ASKED, about=request)
    work.enqueue(row)
    return row


def ask_second(request: PersonRequest, *, by: User, at: datetime) -> Approval:
    """Ask a second person for leave. Raises `Refused` as `four_eyes.ask` does."""
    check(request)
    return four_eyes.ask(ACTION, subject=request.public_id, facts=facts(request), by=by, at=at)


def check(request: PersonRequest) -> None:
    """Refuse what cannot be carried out now.

    Raises:
        Refused: why.
    """
    if request.state != PersonRequest.State.OPEN or request.kind != PersonRequest.Kind.ERASURE:
        raise Refused(Code.REQUEST_CLOSED)
    before = of_driver(request.driver)
    if before is not None and (before.is_open or before.erased_at):
        raise Refused(Code.ERASURE_ASKED)
    if bars(request.driver):
        raise Refused(Code.ERASURE_BARRED)


def facts(request: PersonRequest) -> dict[str, Any]:
    """What a second person lets happen."""
    return {"request": request.pk}


def _facts_now(approval: Approval) -> dict[str, Any]:
    request = PersonRequest.objects.filter(public_id=approval.subject, state=PersonRequest.State.OPEN).first()
    if request is None:
        raise four_eyes.Outdated
    return facts(request)


# --- doing it ---


def carry_out(operator_id: int, row: Erasure, *, clock: Callable[[], datetime]) -> None:
    """Erase the driver of a claimed row, and close the request it answers with a letter."""
    with tenant_scope(operator_id):
        driver = Driver.objects.select_for_update(of=("self",)).select_related("user").get(pk=row.driver_id)
        request = row.request
        if request is not None and request.state != PersonRequest.State.OPEN:
            work.fail(row, Code.REQUEST_CLOSED)
            return
        if bars(driver):
            work.fail(row, Code.ERASURE_BARRED)
            return
        at = clock()
        if request is not None:
            by = User.objects.filter(pk=row.requested_by_id).first() if row.requested_by_id else None
            person_requests.close(request, state=PersonRequest.State.ANSWERED, answer=row.answer, by=by, at=at)
        erase(driver, row, at=at)


def replay(operator_id: int, *, at: datetime) -> int:
    """Erase again whom the ledger names and a restored database holds; return how many of the operator's drivers.

    Of whom the database knows as erased, the key may be back: with a part of keys that is older than the rest.
    """
    noted = erasure_ledger.noted()
    with tenant_scope(operator_id):
        done = set(Erasure.objects.filter(state=Erasure.State.DONE).values_list("driver", flat=True))
        keyed = set(PersonKey.objects.filter(driver__in=done).values_list("driver", flat=True))
        rows = Driver.objects.values_list("pk", "public_id")
        named = [pk for pk, public_id in rows.iterator() if erasure_ledger.mark(public_id) in noted]
        back = [pk for pk in named if pk not in done or pk in keyed]
    for pk in back:
        with tenant_scope(operator_id):
            driver = Driver.objects.select_for_update(of=("self",)).select_related("user").get(pk=pk)
            if pk in done:
                _destroy_key(driver)
                continue
            row, _made = Erasure.objects.update_or_create(
                driver=driver, defaults={"state": Erasure.State.RUNNING, "claimed_at": at}
            )
            erase(driver, row, at=at)
    return len(back)


def _destroy_key(driver: Driver) -> None:
    """Destroy the key of somebody who is erased but for it; what bookkeeping keeps has its own keys kept first."""
    keep(driver)
    count, _by_model = PersonKey.objects.filter(driver=driver).delete()
    audit.record(Event.ERASURE_DONE, about=Erasure.objects.get(driver=driver), count=count)


def is_erased(driver_id: int | None) -> bool:
    """Whether the driver of this number has been erased; None: whoever is no single person never is."""
    return driver_id is not None and Erasure.objects.filter(driver=driver_id, erased_at__isnull=False).exists()


def keep(driver: Driver) -> int:
    """Have bookkeeping alone open what stays of the driver, until its day; return how many texts that is.

    Once more does no harm: what stays for longer, as a document came to it, is kept for longer.
    """
    count = 0
    for source in _sources(by_card=False):
        if source.model in _keepers:
            keeper, until = _keepers[source.model]
            rows, day = list(keeper(driver).values_list("pk", flat=True)), until(driver)
            if rows and day is not None:
                count += person_keys.keep(source.model, rows, _sealed(source), until=day)
    return count


def erase(driver: Driver, row: Erasure, *, at: datetime) -> None:
    """Let nothing be left of the driver but what must stay, and write down both. Works in the operator's scope."""
    erasure_ledger.note(driver.public_id, at=at)
    stays = staying(driver)
    went: dict[str, int] = {}
    for source in _sources(by_card=True):  # found by cards and sessions, as long as these are still the driver's
        _add(went, _treat(source, driver))
    for part in _parts:
        _add(went, part(driver, at))
    _add(went, {"copies": _remove_copies(driver), "papers": _remove_papers(driver)})
    for source in _sources(by_card=False):
        _add(went, _treat(source, driver))
    _add(went, _end_sign_in(driver))
    Erasure.objects.filter(pk=row.pk).update(answer="")
    kept = [{**asdict(each), "until": each.until.isoformat() if each.until else None} for each in stays]
    work.finish(row, erased_at=at, went={code: count for code, count in went.items() if count}, stays=kept)
    audit.record(Event.ERASURE_DONE, about=row, count=sum(row.went.values()))


def fate(source: Source) -> Fate:
    """What becomes of a model's rows about a driver."""
    decided = FATES[source.kept]
    if decided is Fate.EMPTIED and not emptied(source):
        return Fate.REMOVED
    return Fate.EMPTIED if decided is Fate.KEPT and emptied(source) else decided


def emptied(source: Source) -> list[str]:
    """The fields of a row that stays which are emptied: who the person is, and what was written about them."""
    if source.find is None and own_rows.is_of_work(source):
        return []
    of_identity = [name for name in source.of_kind(Kind.IDENTITY) if _can_be_empty(source, name)]
    frees = FATES[source.kept] is Fate.EMPTIED
    said = [name for name in source.of_kind(Kind.CONDUCT) if frees and _is_free(source.model._meta.get_field(name))]
    return [*of_identity, *said]


def _sources(*, by_card: bool) -> list[Source]:
    """The register but for what belongs to a sign-in, which is ended last."""
    own = [each for each in sources.all_sources() if each.person != "user" and each.model is not User]
    return [each for each in own if (each.person == sources.BY_CARD) == by_card]


def _treat(source: Source, driver: Driver) -> dict[str, int]:
    decided, label = fate(source), source.model._meta.label_lower
    if decided is Fate.KEPT:
        return {}
    rows = own_rows.rows(source, driver)
    if decided is Fate.REMOVED:
        count, _by_model = rows.delete()
        return {label: count}
    keeper, _until = _keepers.get(source.model, (None, None))
    kept = set(keeper(driver).values_list("pk", flat=True)) if keeper else set()
    found = list(rows)
    for subject in subjects.subjects():
        if subject.model is source.model:
            indexing.forget(subject, found)
    for each in found:
        _empty(source, each, driver, is_kept=each.pk in kept)
    if kept:
        keep(driver)
    return {label: len(found)}


def _sealed(source: Source) -> list[str]:
    """The sealed fields of rows that stay as they are."""
    return [name for name in emptied(source) if isinstance(source.model._meta.get_field(name), SealedField)]


def _empty(source: Source, row: Any, driver: Driver, *, is_kept: bool) -> None:
    names = [name for name in emptied(source) if not is_kept or name in KEPT_ALL_THE_SAME]
    values = {name: _empty_value(source.model, name, row, driver) for name in names}
    type(row)._default_manager.filter(pk=row.pk).update(**values)


#: How to reach a person stands on no document, so it goes also where the name is kept.
KEPT_ALL_THE_SAME = ("email", "phone")


def _empty_value(model: type[models.Model], name: str, row: Any, driver: Driver) -> Any:
    field: Any = model._meta.get_field(name)
    if _is_unique(model, name):
        return f"X-{driver.pk}" if model is Driver else f"X-{row.pk}"
    if field.null:
        return None
    return type(field.get_default())() if field.has_default() else ""


def _can_be_empty(source: Source, name: str) -> bool:
    """Whether the field says something that can be left out; a choice or a time of the row is not the person's."""
    field: Any = source.model._meta.get_field(name)
    if name in _FOLLOWS.get(source.model, set()):
        return False
    return _is_free(field) or isinstance(field, models.BooleanField) or (field.is_relation and field.null)


def _is_free(field: Any) -> bool:
    return isinstance(field, _FREE_WORDS) and not field.choices and not field.is_relation


def _is_unique(model: type[models.Model], name: str) -> bool:
    sets = [each.fields for each in model._meta.constraints if isinstance(each, models.UniqueConstraint)]
    return any(name in fields for fields in sets) or bool(getattr(model._meta.get_field(name), "unique", False))


def _remove_copies(driver: Driver) -> int:
    rows = list(PersonPackage.objects.filter(driver=driver).exclude(file=""))
    for row in rows:
        default_storage.delete(str(row.file.name))
    return len(rows)


def _remove_papers(driver: Driver) -> int:
    """Remove the scans of consents, which bear a name; that they were given, and their hash, stays as proof."""
    rows = list(ConsentPaper.objects.filter(event__driver=driver).exclude(file=""))
    for row in rows:
        default_storage.delete(str(row.file.name))
    ConsentPaper.objects.filter(pk__in=[row.pk for row in rows]).update(file="")
    return len(rows)


def _end_sign_in(driver: Driver) -> dict[str, int]:
    """End the driver's place; with no other place, end the person's sign-in and all that belongs to it."""
    user, is_elsewhere = driver.user, driver.user is not None and has_other_places(driver)
    if user is None:
        return {}
    places = Membership.objects.filter(user=user, operator=driver.operator_id, role=Membership.Role.DRIVER)
    for place in places.select_related("user", "operator"):
        memberships.remove(place)
    return {"places": 1} if is_elsewhere else forget(user)


def forget(user: User) -> dict[str, int]:
    """End the person's sign-in and all that belongs to it; what lies at operators, only at the one in scope."""
    went = {"sign_ins": 1}
    for source in _of_sign_in():
        if has_scope() or not issubclass(source.model, OperatorOwned):
            count, _by_model = source.model._default_manager.filter(**{source.person: user}).delete()
            _add(went, {source.model._meta.label_lower: count})
    user.email, user.name, user.language = f"{user.public_id}@erased.invalid", "", ""
    user.is_active, user.email_proved_at, user.last_login = False, None, None
    user.set_unusable_password()
    user.save()
    return went


def _of_sign_in() -> Iterator[Source]:
    own = (each for each in sources.all_sources() if each.person == "user" and each.find is None)
    return (each for each in own if FATES[each.kept] is Fate.REMOVED)


def _add(went: dict[str, int], more: dict[str, int]) -> None:
    for code, count in more.items():
        went[code] = went.get(code, 0) + count
