"""Any history of a network's money: after each step of it every figure is the same wherever it is told."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from django.db import transaction
from django.db.models import QuerySet

from billing.domain.errors import BillingError
from billing.exports.tables import DOCUMENTS, INVOICES, LINES, Span, rows, stretches
from billing.models import (
    BilledFee,
    BilledSession,
    Dispute,
    Fee,
    Invoice,
    InvoiceLine,
    InvoiceRun,
    Payment,
    PaymentMatch,
    Receivable,
    Rerating,
    SessionPrice,
    Settlement,
    Tariff,
    WriteOff,
)
from billing.models.invoice import IN_FORCE
from billing.selectors import credits, invoice_sums, ledger, prices, reconciliation
from billing.selectors.credits import Asked
from billing.services import (
    account_moves,
    card_moves,
    corrections,
    credit_notes,
    day_sums,
    dealers,
    disputes,
    fees,
    host_contracts,
    payments,
    rerating,
    review,
    run_steps,
    runs,
    seller_numbers,
    settlements,
    site_changes,
    tariffs,
    write_offs,
)
from billing.services.fees import Agreed, Discount
from billing.services.host_contracts import Agreed as Share
from billing.sql.documents import month as whole_month
from billing.tests.companies import BUYER, SELLER
from billing.tests.factories import EPOCH, NOVEMBER, OCTOBER, connector, driver, rate_all, session
from charging.domain.errors import ChargingError
from charging.models import ChargingSession, Connector, Correction, FileImport, RejectedRow, Site, Token
from tenants import work
from tenants.errors import Refused
from tenants.models import Account, Driver, Operator, User
from tenants.scoping import current_operator_id
from tenants.services.people import accounts

pytestmark = pytest.mark.usefixtures("in_north")

DAY: Final = timedelta(days=1)
MONTHS: Final = tuple(datetime(2026, month, 1, tzinfo=UTC) for month in (10, 11, 12))
#: When the month of the same place may be closed.
CLOCK: Final = (NOVEMBER, datetime(2026, 12, 2, 9, tzinfo=UTC), datetime(2027, 1, 2, 9, tzinfo=UTC))
DEALER: Final[dict[str, Any]] = {
    "kind": Account.Kind.ROAMING,
    "name": "Ladeverbund GmbH",
    "country": "DE",
    "vat_number": "DE136695976",
    "street": "Hafen 1",
    "postal_code": "20457",
    "city": "Hamburg",
    "dealer_since": OCTOBER.date(),
    "dealer_evidence": "VIES WAPIAAAA1",
}
#: What a person is told when something cannot be done. Nothing else may stop a step.
REFUSALS: Final = (BillingError, ChargingError, Refused)


def priced(included: str, *, energy: str, flat: str = "0.335", vat: str = "25", **more: Any) -> dict[str, Any]:
    components = [
        {"type": "ENERGY", "price": energy, "vat": vat},
        {"type": "FLAT", "price": flat, "vat": "12"},
        {"type": "TIME", "price": "1.111"},
    ]
    return {"elements": [{"price_components": components}], "tax_included": included, **more}


@dataclass
class World:
    """An operator with sites at home and abroad, all kinds of payers, and a clock."""

    operator: Operator
    person: User
    company: Account
    dealer: Account
    at: datetime = NOVEMBER
    outlets: list[Connector] = field(default_factory=list)
    drivers: list[Driver] = field(default_factory=list)
    cards: list[Token] = field(default_factory=list)
    frozen: dict[int, tuple[Any, ...]] = field(default_factory=dict)

    @property
    def months(self) -> int:
        """How many months are over."""
        return sum(1 for each in CLOCK if each.month == self.at.month or each < self.at)


def built(operator: Operator, person: User) -> World:
    Operator.objects.filter(pk=operator.pk).update(**SELLER)
    seller_numbers.keep({"DE": "DE136695976"})
    world = World(operator, person, company=accounts.create(**BUYER), dealer=accounts.create(**DEALER))
    places = [
        Site.objects.create(name="Net", time_zone="Europe/Stockholm"),
        Site.objects.create(name="Gross", time_zone="Europe/Stockholm"),
        Site.objects.create(name="Abroad", time_zone="Europe/Berlin", country="DE"),
    ]
    world.outlets = [connector(place) for place in places]
    documents = [
        priced("NO", energy="2.4937"),
        priced("YES", energy="3.4937", max_price={"before_taxes": "30.00", "after_taxes": "37.50"}),
        priced("YES", energy="0.4937", vat="19", flat="0.11"),
    ]
    for place, document in zip(places, documents, strict=True):
        made = tariffs.create(name=place.name, currency="SEK", document=document)
        tariffs.publish(made.versions.get(), valid_from=EPOCH, by=None, at=EPOCH)
        tariffs.assign(made, valid_from=EPOCH, site=place)
    world.drivers = [driver("Dana"), driver("Bo"), driver("Cia"), driver("Dieter")]
    world.cards = [Token.objects.create(uid=f"c{number}", driver=each) for number, each in enumerate(world.drivers)]
    for each in world.drivers[1:3]:
        account_moves.move(each, to=world.company)
    account_moves.move(world.drivers[3], to=world.dealer)
    host = accounts.create(kind=Account.Kind.COMPANY, name="Värden AB", country="SE")
    share = Share(name="Avtal", sites=places[:1], since=OCTOBER.date(), share=Decimal("33.3"), rent=Decimal("10.00"))
    host_contracts.add(host, share, at=NOVEMBER)
    for number in range(4):
        charge(world, number, number * 7)
    return world


def of(rows: Any, number: int) -> Any:
    """One of the rows, whichever the number says; nothing where there is none."""
    found = list(rows.order_by("pk")) if isinstance(rows, QuerySet) else list(rows)
    return found[number % len(found)] if found else None


def charge(world: World, a: int, b: int) -> None:
    at, card = of(world.outlets, a), of(world.cards, b)
    start = OCTOBER + timedelta(days=(a * 5 + b * 3) % (30 * world.months), hours=b % 24, minutes=13)
    wh = (1237 + 411 * a) % 40_000
    slots = [wh - 3 * (wh // 4)] + [wh // 4] * 3
    session(at, card.driver, start=start, energy_wh=wh, series_wh=slots, token=card)


def doubt(world: World, a: int, b: int) -> None:
    found = of(
        ChargingSession.objects.filter(review="").exclude(billings__in=BilledSession.objects.filter(IN_FORCE)), a
    )
    if found:
        ChargingSession.objects.filter(pk=found.pk).update(review="pending", flags=["too_long"])
        SessionPrice.objects.filter(session=found).delete()


def decide(world: World, a: int, b: int) -> None:
    found = of(ChargingSession.objects.filter(review="pending"), a)
    if found:
        of([review.approve, review.approve_energy, review.write_off], b)([found], reason="looked at")


def correct(world: World, a: int, b: int) -> None:
    found = of(ChargingSession.objects.all(), a)
    corrections.correct(found, {"energy_wh": 500 + b * 777}, reason="read again", at=world.at)


def say_otherwise(world: World, a: int, b: int) -> None:
    found = of(ChargingSession.objects.all(), a)
    file = FileImport.objects.create(file_name="later.csv", source="test", state="done")
    RejectedRow.objects.create(file_import=file, line_number=2, cells=[], reason="changed", reasons=["changed"])
    said = {"energy_wh": 700 + b * 555}
    if not Correction.objects.filter(session=found, state="open").exists():
        Correction.objects.create(session=found, file_import=file, line_number=2, said=said)


def take_over(world: World, a: int, b: int) -> None:
    found = of(Correction.objects.filter(state="open"), a)
    if found:
        if b % 3:
            corrections.take_over([found], reason="so it was", at=world.at)
        else:
            corrections.keep([found], reason="it was not", at=world.at)


def reprice(world: World, a: int, b: int) -> None:
    made = of(Tariff.objects.all(), a)
    included = of(["YES", "NO"], b)
    document = priced(included, energy=f"{1 + b % 5}.{371 + b}", vat="19" if made.name == "Abroad" else "25")
    tariffs.publish(tariffs.save_draft(made, document=document), valid_from=of([*MONTHS], b // 2), by=None, at=world.at)


def move_driver(world: World, a: int, b: int) -> None:
    to = of([None, world.company, world.dealer], b)
    account_moves.move(of(world.drivers, a), to=to, since=of([None, *MONTHS], b // 3))


def move_card(world: World, a: int, b: int) -> None:
    card_moves.give(of(world.cards, a), driver=of([None, *world.drivers], b), since=of([None, *MONTHS], b // 3))


def resell(world: World, a: int, b: int) -> None:
    since = of([*MONTHS], b).date() if a % 3 else None
    dealers.change(world.dealer, at=world.at, dealer_since=since)


def move_site(world: World, a: int, b: int) -> None:
    site = of(Site.objects.all(), a)
    site_changes.change(site, at=world.at, country=of(["SE", "DE"], b))


def agree_fee(world: World, a: int, b: int) -> None:
    kind = of(["monthly", "once", "credit", "yearly"], b)
    per = of(["account", "driver", "card"], a // 2) if kind in ("monthly", "yearly") else "account"
    since, price = OCTOBER.date() + a % 40 * DAY, Decimal(b % 60 + 1) / 4
    what: dict[str, Any] = {"kind": kind, "text": "Avgift", "price": price, "since": since, "per": per}
    agreed = Agreed(**what, reason="-", tax_included=bool(a % 2))
    fees.add(of(Account.objects.all(), a), agreed, today=world.at.date())


def discount(world: World, a: int, b: int) -> None:
    what: dict[str, Any] = {"percent": Decimal(b % 100 + 1)} if a % 2 else {"amount": Decimal(b % 30 + 1)}
    given = Discount(text="Rabatt", taken_off=of(["energy", "all"], b), since=OCTOBER.date() + b % 9 * DAY, **what)
    fees.give(of(Account.objects.all(), a), given, today=world.at.date())


def end_fee(world: World, a: int, b: int) -> None:
    found = of(Fee.objects.all(), a)
    if found:
        fees.end(found, until=OCTOBER.date() + b % 60 * DAY)


def draft(world: World, a: int, b: int) -> None:
    month = MONTHS[a % world.months]
    run_steps.draft_month(world.operator.pk, month.date(), by=None, clock=lambda: world.at)


def issue(world: World, a: int, b: int) -> None:
    found = of(InvoiceRun.objects.exclude(state="issued"), a)
    if found:
        runs.issue(found, by=None, at=world.at)


def close(world: World, a: int, b: int) -> None:
    draft(world, a, b)
    issue(world, a, b)


def discard(world: World, a: int, b: int) -> None:
    found = of(InvoiceRun.objects.exclude(state="issued"), a)
    if found:
        runs.discard(found, by=None)


def an_invoice(number: int) -> Invoice | None:
    found: Invoice | None = of(Invoice.objects.filter(state="issued", kind="invoice"), number)
    return found


def credit(world: World, a: int, b: int) -> None:
    invoice = an_invoice(a)
    if invoice is None:
        return
    lines = list(invoice.lines.order_by("position"))
    gone = credits.by_position(invoice, lines)
    wanted: dict[int, Decimal | None] = {}
    for line in lines:
        left = line.amount - gone.get(line.position, Decimal(0))
        if (line.position * 7 + b) % 3 == 0 and left:
            share = [None, Decimal("0.37"), Decimal(1), Decimal("0.01")][(b + line.position) % 4]
            wanted[line.position] = None if share is None else abs((left * share).quantize(Decimal("0.01")))
    then = of(["pending", "written_off", ""], b)
    credit_notes.credit(invoice, reason="wrong", by=None, at=world.at, asked=Asked(wanted if b % 5 else {}), then=then)


def rerate(world: World, a: int, b: int) -> None:
    month = MONTHS[a % world.months].date()
    reach: dict[str, Any] = {"since": month, "until": month + 29 * DAY, "sites": [], "accounts": []}
    row = rerating.ask(why="tariff", reason="wrong", **reach, by=None, at=world.at)
    work_off("rerating", world)
    if b % 4:
        rerating.decide(Rerating.objects.get(pk=row.pk), by=None, at=world.at)
        work_off("rerating", world)


def settle(world: World, a: int, b: int) -> None:
    month = MONTHS[a % world.months].date()
    settlements.ask(month, by=None, at=world.at)
    work_off("settlement", world)
    if b % 3:
        settlements.close(Settlement.objects.get(month=month), by=None, at=world.at)


def dispute(world: World, a: int, b: int) -> None:
    account: Account | None
    about: Any
    open_one = of(Dispute.objects.filter(state="open"), a)
    if open_one and b % 2:
        disputes.answer(open_one, state=of(["granted", "refused"], b // 2), text="So", by=world.person, at=world.at)
        return
    if b % 4:
        charged = of(ChargingSession.objects.exclude(driver=None), a)
        about, account = charged, Account.objects.get(driver=charged.driver)
    else:
        about = (
            of([*BilledFee.objects.filter(lines__invoice__state="issued").distinct()], a) if b % 8 else an_invoice(a)
        )
        account = about.account if about else None
    if account:
        disputes.raise_(account, about, about="energy", text="Nej", by=world.person, at=world.at)


def pay(world: World, a: int, b: int) -> None:
    invoice = an_invoice(a)
    if invoice is not None:
        amount = Decimal(b * 3 % 70 + 1) if b % 2 else max(invoice.amount_due, Decimal(1))
        payments.record(invoice, amount, paid_on=world.at.date(), text="-", by=None, today=world.at.date())


def unpay(world: World, a: int, b: int) -> None:
    match = of(PaymentMatch.objects.filter(undoes=None), a)
    if match:
        payments.undo(match, reason="-", by=None)


def use_payment(world: World, a: int, b: int) -> None:
    payment = of(Payment.objects.filter(rest__gt=0), a)
    invoice = an_invoice(b)
    if payment and invoice:
        if b % 3 == 0:
            payments.pay_back(payment, reason="-", by=None)
        elif b % 3 == 1:
            payments.keep(payment, invoice.account, by=None)
        else:
            payments.settle(payment, invoice, how="hand", by=None)


def lose(world: World, a: int, b: int) -> None:
    gone = of(WriteOff.objects.filter(undoes=None), a)
    if gone and b % 2:
        write_offs.undo(gone, reason="-", by=None, at=world.at)
        return
    row = of(Receivable.objects.filter(rest__gt=0), a)
    if row:
        amount = Decimal(row.rest if b % 3 else row.rest // 2 + 1) / 100
        why = of(["bankruptcy", "waived", "not_worth"], b)
        write_offs.write_off(row.invoice, amount, why=why, reason="-", by=None, at=world.at)


def later(world: World, a: int, b: int) -> None:
    world.at = CLOCK[min(world.months, len(CLOCK) - 1)]


def count_days(world: World, a: int, b: int) -> None:
    day_sums.refresh(limit=b % 5 + 1)


STEPS: Final[tuple[Callable[[World, int, int], None], ...]] = (
    charge, charge, doubt, decide, correct, say_otherwise, take_over, reprice, move_driver, move_card, resell,
    move_site, agree_fee, discount, end_fee, draft, issue, close, close, close, discard, credit, credit, rerate, rerate,
    settle, settle, dispute, pay, unpay, use_payment, lose, later, count_days,
)  # fmt: skip


def work_off(kind: str, world: World) -> None:
    while work.do_next(work.kind_named(kind), current_operator_id(), clock=lambda: world.at):
        pass


def says(invoice: Invoice) -> tuple[Any, ...]:
    """All that an issued document says."""
    own = Invoice.objects.filter(pk=invoice.pk).values_list()[0]
    return own, tuple(invoice.lines.order_by("pk").values_list()), tuple(invoice.vat_rows.order_by("pk").values_list())


def documents_stay(world: World) -> None:
    for invoice in Invoice.objects.filter(state="issued"):
        assert world.frozen.setdefault(invoice.pk, says(invoice)) == says(invoice)
    numbers = list(Invoice.objects.filter(state="issued").order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


def documents_add_up() -> None:
    for invoice in Invoice.objects.all():
        lines, rates = list(invoice.lines.all()), list(invoice.vat_rows.all())
        assert sum((line.amount_excl_vat for line in lines), Decimal(0)) == invoice.amount_excl_vat
        assert sum((row.taxable for row in rates), Decimal(0)) == invoice.amount_excl_vat
        assert sum((row.vat for row in rates), Decimal(0)) == invoice.vat
        if invoice.kind == Invoice.Kind.INVOICE and invoice.state == Invoice.State.ISSUED:
            left = credits.left(invoice)
            assert 0 <= left.amount_due <= invoice.amount_due


def sessions_are_billed_for_what_their_pages_say() -> None:
    for row in BilledSession.objects.filter(IN_FORCE).select_related("session"):
        price = SessionPrice.objects.get(session=row.session)
        billed = InvoiceLine.objects.filter(invoice=row.invoice_id, session=row.session)
        said = sorted((line["component"], Decimal(str(line["amount"]))) for line in price.lines)
        assert sorted((line.component, line.amount) for line in billed) == said
    for price in SessionPrice.objects.exclude(state="problem").select_related("session"):
        told = prices.explained(price.session)
        assert told is not None
        assert abs(told.total.excl_vat - price.amount_excl_vat) < Decimal("0.02"), price.session.pk
        assert told.total.incl_vat is not None
        assert abs(told.total.incl_vat - price.amount_incl_vat) < Decimal("0.02"), price.session.pk


def sums_agree(world: World) -> None:
    documents = list(Invoice.objects.filter(state="issued"))
    due = sum((one.amount_due for one in documents), Decimal(0))
    net = sum((one.amount_excl_vat for one in documents), Decimal(0))
    assert sum(one.amount_due for one in invoice_sums.of(Invoice.objects.filter(state="issued"))) == due
    told_due = told_net = Decimal(0)
    for month in {day_of(one) for one in documents}:
        span = Span(world.operator, "issued", whole_month(month), world.at)
        parts = stretches(DOCUMENTS, span)
        told_due += sum((row["amount_due"] for part in parts for row in rows(INVOICES, span, part)), Decimal(0))
        told_net += sum((row["amount_excl_vat"] for part in parts for row in rows(LINES, span, part)), Decimal(0))
        assert [check for check in ledger.checks(month) if not check.holds] == []
    assert (told_due, told_net) == (due, net)
    check = reconciliation.check()
    assert check.adds_up, (check, check.rounding, check.tolerance)
    assert reconciliation.uneven() == []


def day_of(invoice: Invoice) -> date:
    assert invoice.issued_at is not None
    return invoice.issued_at.date().replace(day=1)


@pytest.mark.parametrize("seed", range(4))
def test_after_any_history_every_figure_is_the_same_everywhere(in_north, fina, seed):
    drawn, world, history = random.Random(seed), built(in_north, fina), []
    for number in range(50):
        step, a, b = drawn.choice(STEPS), drawn.randrange(100), drawn.randrange(100)
        with suppress(*REFUSALS), transaction.atomic():
            step(world, a, b)
            history.append((step.__name__, a, b))
        rate_all()
        with told_with(history):
            documents_stay(world)
            documents_add_up()
            if number % 8 == 7:
                sessions_are_billed_for_what_their_pages_say()
                sums_agree(world)


@contextmanager
def told_with(history: list[tuple[str, int, int]]) -> Iterator[None]:
    """Say with a failure what had happened."""
    try:
        yield
    except AssertionError as failure:
        failure.add_note(f"after {history}")
        raise
