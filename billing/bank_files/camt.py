"""camt.053 (account statement) and camt.054 (notification), every version: read as they stream by, never as a whole.

Of every booking (`Ntry`) its payments (`TxDtls`) are told. What must agree before the file is believed: the payments of
a booking and its amount, the number and sum of a bundle, the sums of a statement, its balances. A booking that is
outgoing, not final or a reversal is counted and left out; so is a bundle without its payments, which a notification
tells. The reader expands no entity: a file with a DOCTYPE is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final
from xml.parsers import expat

from lxml import etree

from billing.bank_files.told import (
    LONGEST_NAME,
    LONGEST_REFERENCE,
    LONGEST_TEXT,
    MOST_REFERENCES,
    Payment,
    Reason,
    Told,
    UnreadablePayments,
    cut,
    day,
    hold,
    key,
    minor,
)
from billing.domain import money
from billing.domain.errors import Code, MoneyError

_BLOCK: Final = 1 << 18
_NAMESPACE: Final = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(camt\.05[34]\.\d{3}\.\d{2})")
#: No value that is wanted is longer.
_LONGEST: Final = 2_000
#: The groups whose values are kept apart from each other, from the outside in.
_STATEMENTS: Final = frozenset({"Stmt", "Ntfctn"})
_GROUPS: Final = _STATEMENTS | {"Bal", "Ntry", "TxDtls", "Strd"}
_WORDS: Final = ("RmtInf/Ustrd", "AddtlTxInf", "AddtlNtryInf")
_NO_ID: Final = frozenset({"", "NOTPROVIDED"})
#: What is asked of any group, by its path from it. `@`: with its currency. All else is passed over.
_WANTED: Final = """
    Id Acct/Id/IBAN Acct/Id/Othr/Id Acct/Ccy TxsSummry/TtlNtries/NbOfNtries TxsSummry/TtlCdtNtries/NbOfNtries
    TxsSummry/TtlCdtNtries/Sum TxsSummry/TtlDbtNtries/Sum
    Tp/CdOrPrtry/Cd Tp/Cd Amt@ CdtDbtInd Sts Sts/Cd RvslInd AcctSvcrRef NtryRef
    BookgDt/Dt BookgDt/DtTm ValDt/Dt ValDt/DtTm NtryDtls/Btch/NbOfTxs NtryDtls/Btch/TtlAmt@
    AmtDtls/TxAmt/Amt@ Refs/EndToEndId RmtInf/Strd RmtInf/Ustrd AddtlTxInf AddtlNtryInf
    RltdPties/Dbtr/Nm RltdPties/Dbtr/Pty/Nm RltdPties/UltmtDbtr/Nm RltdPties/UltmtDbtr/Pty/Nm
    RltdPties/DbtrAcct/Id/IBAN RltdPties/DbtrAcct/Id/Othr/Id
    CdtrRefInf/Ref RfrdDocInf/Nb RfrdDocAmt/CdtNoteAmt@ RfrdDocAmt/RmtdAmt@
"""

Values = dict[str, list[str]]


class _Place:
    """An element by its path within a group: whether its value is wanted, and what is within it.

    within: by the full name as the parser says it; None where nothing there is wanted. known: the same by name alone.
    """

    __slots__ = ("currency", "is_reference", "is_wanted", "known", "path", "within")

    def __init__(self, path: str) -> None:
        self.path, self.is_wanted, self.currency = path, False, ""
        self.is_reference = path.endswith("/Strd")
        self.known: dict[str, _Place] = {}
        self.within: dict[Any, _Place | None] = {}

    def at(self, tag: Any) -> "_Place | None":
        """What an element within it is, which was not met before."""
        name = etree.QName(tag).localname if isinstance(tag, str) else ""
        place = self.known.get(name)
        if place is not None and name in _GROUPS and not place.is_reference:
            place = None
        self.within[tag] = place
        return place


def _places() -> _Place:
    root = _Place("")
    for wanted in _WANTED.split():
        place, path = root, ""
        for name in wanted.rstrip("@").split("/"):
            path = f"{path}/{name}" if path else name
            place = place.known.setdefault(name, _Place(path))
        place.is_wanted, place.currency = True, f"{path}@Ccy" if wanted.endswith("@") else ""
    return root


@dataclass(slots=True)
class _Group:
    """The values within one element, by their path from it; an amount's currency stands at `…@Ccy`.

    references: what a payer gave, each with how much is for it, if that was told.
    """

    values: Values = field(default_factory=dict)
    references: list[tuple[str, int | None]] = field(default_factory=list)

    def first(self, *paths: str) -> str:
        """The first value at the first of the paths that has one."""
        for path in paths:
            if path in self.values:
                return self.values[path][0]
        return ""

    def all(self, path: str) -> list[str]:
        """Every value at the path."""
        return self.values.get(path, [])


@dataclass(slots=True)
class _Sums:
    """What a statement's bookings come to: all, and those that are final; incoming, outgoing."""

    counts: list[int] = field(default_factory=lambda: [0, 0])
    incoming_count: list[int] = field(default_factory=lambda: [0, 0])
    incoming: list[int] = field(default_factory=lambda: [0, 0])
    outgoing: list[int] = field(default_factory=lambda: [0, 0])
    balances: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, amount: int, *, is_incoming: bool, is_final: bool) -> None:
        for index in (0, 1) if is_final else (0,):
            self.counts[index] += 1
            self.incoming_count[index] += is_incoming
            (self.incoming if is_incoming else self.outgoing)[index] += amount


@dataclass(slots=True)
class _Entry:
    """A booking, from what stands before its payments."""

    number: int
    key: str
    amount: int
    currency: str
    paid_on: str
    to_account: str
    name: str
    reason: str
    is_incoming: bool
    items: int = 0
    total: int = 0
    held: "_Group | None" = None  # the first payment, until it is known whether it is the only one


def read(stored: BinaryIO, told: Told) -> Iterator[list[Payment]]:
    """Yield the payments of a file, a block at a time; `told` is whole when they have ended.

    Raises:
        UnreadablePayments: the file is cut off, no such message, or contradicts itself.
    """
    reader = _Reader(told)
    while block := stored.read(_BLOCK):
        reader.take(block)
        yield reader.payments()
    reader.end()
    yield reader.payments()


class _Prolog:
    """Hears a file until its first element begins: a document type stands before that, or nowhere."""

    def __init__(self) -> None:
        self._is_over = False
        self._parser = parser = expat.ParserCreate()
        if at_once := getattr(parser, "SetReparseDeferralEnabled", None):
            at_once(False)  # noqa: FBT003  # newer ones put off what is unfinished: the last block would not be heard
        parser.StartElementHandler = self._begun
        parser.StartDoctypeDeclHandler = self._doctype

    def take(self, block: bytes) -> None:
        """Hear the next bytes."""
        if self._is_over:
            return
        try:
            self._parser.Parse(block, False)  # noqa: FBT003  # as expat has it
        except _Begun:
            self._is_over = True
        except (expat.ExpatError, LookupError):  # also an encoding that nobody knows
            raise _cut(self._parser.CurrentLineNumber) from None

    def _begun(self, *_: Any) -> None:
        raise _Begun

    def _doctype(self, *_: Any) -> None:
        raise UnreadablePayments(Code.PAYMENT_FILE_DOCTYPE)


class _Begun(Exception):
    """The first element begins."""


def _cut(line: int | None) -> UnreadablePayments:
    return UnreadablePayments(Code.PAYMENT_FILE_CUT, field="XML", value="", line=line or 1)


class _Reader:
    """Takes groups as they end from the tree that the parser builds, and lets go of them there."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._prolog = _Prolog()
        self._parser = etree.XMLPullParser(
            events=("start", "end"),
            tag=[f"{{*}}{name}" for name in ("Document", *(_GROUPS - {"Strd"}))],
            resolve_entities=False,
            no_network=True,
            remove_comments=True,
            remove_pis=True,
            collect_ids=False,
        )
        self._places = _places()
        self._names: dict[str, str] = {}
        self._payments: list[Payment] = []
        self._entries = 0
        self._statement: Any = None
        self._about: _Group | None = None  # what stands before a statement's bookings
        self._booking: Any = None
        self._entry: _Entry | None = None
        self._sums = _Sums()

    def take(self, block: bytes) -> None:
        """Hear the next bytes of the file."""
        self._prolog.take(block)
        try:
            self._parser.feed(block)
        except etree.XMLSyntaxError as problem:
            raise _cut(problem.lineno) from None
        self._hear()

    def end(self) -> None:
        """Hear that the file is over."""
        try:
            self._parser.close()
        except etree.XMLSyntaxError as problem:
            raise _cut(problem.lineno) from None
        self._hear()
        if not self._told.form:
            raise UnreadablePayments

    def payments(self) -> list[Payment]:
        """The payments heard since the last time."""
        heard, self._payments = self._payments, []
        return heard

    def _hear(self) -> None:
        element: Any
        for event, element in self._parser.read_events():
            tag = element.tag
            name = self._names.get(tag) or self._names.setdefault(tag, etree.QName(tag).localname)
            if name == "Document":
                if event == "start":
                    self._begin(etree.QName(tag).namespace or "")
            elif not self._told.form:
                continue
            elif event == "start":
                self._opened(name, element)
            else:
                self._closed(name, element)

    # --- what the parser says ---

    def _begin(self, namespace: str) -> None:
        found = _NAMESPACE.fullmatch(namespace)
        if found is None:
            said = namespace.rsplit(":", 1)[-1] or "Document"
            raise UnreadablePayments(Code.PAYMENT_FILE_VERSION, field="Document", value=said)
        self._told.form = found[1]

    def _opened(self, name: str, element: Any) -> None:
        if name in _STATEMENTS:
            self._statement, self._about, self._sums = element, None, _Sums()
        elif name == "Ntry":
            self._booking, self._entry = element, None

    def _closed(self, name: str, element: Any) -> None:
        match name:
            case "TxDtls":
                self._detail(element)
            case "Ntry":
                self._booked(self._group(element))
                self._booking = None
            case "Bal":
                self._balance(self._group(element))
            case _:
                self._ended(self._group(element))
                self._statement = None
        _let_go(element)

    # --- groups ---

    def _group(self, element: Any, until: Any = None) -> _Group:
        """What an element holds, up to where something deeper within it begins; groups within it are not looked at."""
        group, stop = _Group(), None
        if until is not None:
            stop = until
            while (parent := stop.getparent()) is not element:
                if parent is None:
                    return group
                stop = parent
        self._gather(element, self._places, group, stop)
        return group

    def _gather(self, element: Any, at: _Place, group: _Group, stop: Any = None) -> None:
        within = at.within
        for child in element:
            if child is stop:
                return
            tag = child.tag
            place = within[tag] if tag in within else at.at(tag)
            if place is None:
                continue
            if place.is_wanted:
                _keep(group.values, place, child)
            if place.is_reference:
                self._reference(self._group(child), group)
            elif place.known:
                self._gather(child, place, group)

    def _amount(self, group: _Group, path: str) -> tuple[int, str] | None:
        text = group.first(path)
        if not text:
            return None
        try:
            currency = money.check_currency(group.first(f"{path}@Ccy"), path)
        except MoneyError:
            said = group.first(f"{path}@Ccy")[:40]
            raise UnreadablePayments(Code.PAYMENT_FIELD, field=f"{path}/@Ccy", value=said) from None
        return minor(text, currency, field=path), currency

    def _reference(self, group: _Group, whole: _Group) -> None:
        reference = cut(group.first("CdtrRefInf/Ref"), LONGEST_REFERENCE)
        number = cut(group.first("RfrdDocInf/Nb"), LONGEST_REFERENCE)
        taken_off = self._amount(group, "RfrdDocAmt/CdtNoteAmt")
        part = self._amount(group, "RfrdDocAmt/RmtdAmt")
        if reference or number:
            coins = None if part is None and taken_off is None else (part or (0, ""))[0] - (taken_off or (0, ""))[0]
            whole.references.append((reference or number, coins))

    def _entry_of(self, group: _Group) -> _Entry:
        """Understand a booking by what stands before its payments."""
        self._entries += 1
        if self._about is None:
            self._about = _Group() if self._statement is None else self._group(self._statement, self._booking)
        statement = self._about
        name = group.first("AcctSvcrRef") or group.first("NtryRef") or f"{self._entries}"
        found = self._amount(group, "Amt")
        if found is None:
            raise UnreadablePayments(Code.PAYMENT_FIELD, field="Ntry/Amt", value="", where=name)
        amount, currency = found
        side = group.first("CdtDbtInd")
        if side not in ("CRDT", "DBIT"):
            raise UnreadablePayments(Code.PAYMENT_FIELD, field="Ntry/CdtDbtInd", value=side)
        when = group.first("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm")
        paid_on = day(when, field="Ntry/BookgDt")
        account = re.sub(r"\s", "", statement.first("Acct/Id/IBAN", "Acct/Id/Othr/Id"))[:40]
        # Without a reference of the bank's own only the message tells two equal bookings from each other.
        own = group.first("AcctSvcrRef") or f"{statement.first('Id')}\x1f{group.first('NtryRef')}\x1f{self._entries}"
        return _Entry(
            number=self._entries,
            key=key(account, own, paid_on, amount, currency, side),
            amount=amount,
            currency=currency,
            paid_on=paid_on,
            to_account=account,
            name=name,
            reason=_reason(group, side),
            is_incoming=side == "CRDT",
        )

    def _detail(self, element: Any) -> None:
        if self._entry is None and self._booking is not None:
            self._entry = self._entry_of(self._group(self._booking, element))
        entry = self._entry
        if entry is None or entry.reason:
            return
        group = self._group(element)
        if entry.items == 0:
            entry.held = group
        elif entry.held is not None:
            self._tell(entry, entry.held, 0)
            entry.held = None
        if entry.items:
            self._tell(entry, group, entry.items)
        entry.items += 1

    def _tell(self, entry: _Entry, group: _Group, item: int, *, only: bool = False) -> None:
        found = self._amount(group, "Amt") or self._amount(group, "AmtDtls/TxAmt/Amt")
        if found is None and not only:
            raise UnreadablePayments(Code.PAYMENT_NO_AMOUNT, field="TxDtls/Amt", value="", where=entry.name[:60])
        amount, currency = found or (entry.amount, entry.currency)
        if currency != entry.currency:
            hold("TxDtls/Amt", told=entry.currency, found=currency, where=entry.name)
        sign = -1 if group.first("CdtDbtInd") == "DBIT" else 1
        entry.total += sign * amount
        if amount:
            payment = _payment(entry, group, item, sign * amount)
            self._payments.append(payment)
            self._told.add(payment)
        else:
            self._told.leave_out(Reason.NOTHING, currency, 0)

    def _booked(self, group: _Group) -> None:
        """A booking has ended: what it says has to agree with what was told of it."""
        entry = self._entry or self._entry_of(group)
        self._entry = None
        is_final = entry.reason != Reason.PENDING
        self._sums.add(entry.amount, is_incoming=entry.is_incoming, is_final=is_final)
        if entry.reason:
            self._told.leave_out(entry.reason, entry.currency, entry.amount)
            return
        told = [int(count) for count in group.all("NtryDtls/Btch/NbOfTxs") if count.isdecimal()]
        if not entry.items and sum(told) > 1:
            self._told.leave_out(Reason.BUNDLE, entry.currency, entry.amount)
            return
        if entry.items <= 1:
            self._tell(entry, entry.held or group, 0, only=True)
            entry.items = 1
        found = _written(entry.total, entry)
        hold("Ntry/Amt", told=_written(entry.amount, entry), found=found, where=entry.name)
        totals = group.all("NtryDtls/Btch/TtlAmt")
        if len(told) == len(totals) and 0 < len(told) < MOST_REFERENCES:
            hold("Btch/NbOfTxs", told=sum(told), found=entry.items, where=entry.name)
            hold("Btch/TtlAmt", told=_bundles(group, entry), found=found, where=entry.name)

    def _balance(self, group: _Group) -> None:
        found = self._amount(group, "Amt")
        kind = group.first("Tp/CdOrPrtry/Cd", "Tp/Cd")
        if found and kind:
            sign = -1 if group.first("CdtDbtInd") == "DBIT" else 1
            self._sums.balances.setdefault(kind, (sign * found[0], found[1]))

    def _ended(self, group: _Group) -> None:
        """A statement has ended: its sums and balances have to agree with its bookings."""
        sums, where = self._sums, group.first("Id")
        currency = group.first("Acct/Ccy") or next(iter(self._told.sums), "SEK")
        for path, found in (
            ("TtlNtries/NbOfNtries", sums.counts),
            ("TtlCdtNtries/NbOfNtries", sums.incoming_count),
            ("TtlCdtNtries/Sum", sums.incoming),
            ("TtlDbtNtries/Sum", sums.outgoing),
        ):
            if told := group.first(f"TxsSummry/{path}"):
                is_count = path.endswith("NbOfNtries") and told.isdecimal()
                number = int(told[:18]) if is_count else minor(told, currency, field=path)
                # Banks differ on whether what is not final yet counts.
                hold(path, told=number, found=number if number in found else found[1], where=where)
        opening = sums.balances.get("OPBD", sums.balances.get("PRCD"))
        closing = sums.balances.get("CLBD")
        if opening and closing and opening[1] == closing[1]:
            hold("Bal", told=closing[0], found=opening[0] + sums.incoming[1] - sums.outgoing[1], where=where)


def _keep(values: Values, place: _Place, element: Any) -> None:
    if (text := element.text) and (text := text.strip()):
        if place.path not in values:
            values[place.path] = [text[:_LONGEST]]
        elif len(values[place.path]) < MOST_REFERENCES:
            values[place.path].append(text[:_LONGEST])
    if place.currency and (currency := element.get("Ccy")) and len(values.get(place.currency, ())) < MOST_REFERENCES:
        values.setdefault(place.currency, []).append(currency[:_LONGEST])


def _let_go(element: Any) -> None:
    """Empty an element that has been heard, and remove the one like it before it, which the parser has left behind."""
    element.clear(keep_tail=True)
    before = element.getprevious()
    if before is not None and before.tag == element.tag:
        before.getparent().remove(before)


def _reason(group: _Group, side: str) -> str:
    """Why a booking is no incoming payment; empty when it is."""
    if group.first("Sts/Cd", "Sts") != "BOOK":
        return Reason.PENDING
    if group.first("RvslInd").lower() in ("true", "1"):
        return Reason.REVERSAL
    return Reason.OUTGOING if side == "DBIT" else ""


def _bundles(group: _Group, entry: _Entry) -> str:
    """What a booking's bundles come to together."""
    totals, currencies = group.all("NtryDtls/Btch/TtlAmt"), group.all("NtryDtls/Btch/TtlAmt@Ccy")
    if set(currencies) != {entry.currency}:
        return f"{totals[0]} {''.join(currencies[:1])}"
    return _written(sum(minor(each, entry.currency, field="Btch/TtlAmt") for each in totals), entry)


def _written(units: int, entry: _Entry) -> str:
    return f"{money.from_minor(units, entry.currency)} {entry.currency}"


def _payment(entry: _Entry, group: _Group, item: int, amount: int) -> Payment:
    parts = [part for _, part in group.references if part is not None]
    references = [reference for reference, _ in group.references] or _plain_reference(group)
    is_shared = len(parts) == len(references) and sum(parts) == amount
    free = " ".join(text for path in _WORDS for text in group.all(path))
    end_to_end = group.first("Refs/EndToEndId")
    text = free or ("" if end_to_end in _NO_ID else end_to_end)
    return Payment(
        entry=entry.number,
        key=entry.key,
        item=item,
        amount=amount,
        currency=entry.currency,
        paid_on=entry.paid_on,
        to_account=entry.to_account,
        references=references,
        parts=parts if is_shared else [],
        text=cut(text, LONGEST_TEXT),
        payer_name=cut(_party(group, "Dbtr") or _party(group, "UltmtDbtr"), LONGEST_NAME),
        payer_account="".join(_account(group).split())[:40],
    )


def _plain_reference(group: _Group) -> list[str]:
    """A reference where only words are expected: what is nothing but a number."""
    words = [*group.all("RmtInf/Ustrd"), *group.all("Refs/EndToEndId")]
    return [cut(text, LONGEST_REFERENCE) for text in words if re.fullmatch(r"[\d\s.-]{2,40}", text)][:1]


def _party(group: _Group, who: str) -> str:
    return group.first(f"RltdPties/{who}/Nm", f"RltdPties/{who}/Pty/Nm")


def _account(group: _Group) -> str:
    return group.first("RltdPties/DbtrAcct/Id/IBAN", "RltdPties/DbtrAcct/Id/Othr/Id")


def is_xml(beginning: bytes) -> bool:
    """Whether a file begins as XML does, in whatever encoding."""
    return b"<" in beginning.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xfe\xff \t\r\n")[:1]
