"""Files of incoming payments as a bank writes them (camt.054.001.08): for the demonstration, benchmarks and trials."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"


@dataclass(frozen=True, slots=True)
class Paid:
    """One payment that somebody made."""

    amount: Decimal
    reference: str = ""
    name: str = ""
    account: str = ""
    text: str = ""


def camt054(
    payments: Iterable[Paid], *, booking: str, day: date, currency: str = "SEK", iban: str = "SE4550000000058398257466"
) -> Iterator[bytes]:
    """Yield a notification of one booking with these payments, piece by piece. booking: the bank's reference for it."""
    paid = list(payments)
    total = sum((each.amount for each in paid), Decimal(0))
    amount = f'<Amt Ccy="{currency}">{total:.2f}</Amt>'
    yield (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{_NAMESPACE}"><BkToCstmrDbtCdtNtfctn>'
        f"<GrpHdr><MsgId>{booking}</MsgId><CreDtTm>{day}T06:00:00</CreDtTm></GrpHdr>"
        f"<Ntfctn><Id>{booking}</Id><Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
        f"<Ntry>{amount}<CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt>"
        f"<AcctSvcrRef>{booking}</AcctSvcrRef><NtryDtls><Btch><NbOfTxs>{len(paid)}</NbOfTxs>"
        f'<TtlAmt Ccy="{currency}">{total:.2f}</TtlAmt></Btch>'
    ).encode()
    for number, each in enumerate(paid, start=1):
        yield _payment(each, f"{booking}-{number}", currency).encode()
    yield b"</NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>\n"


def _payment(each: Paid, reference: str, currency: str) -> str:
    account = f"<DbtrAcct><Id><IBAN>{each.account}</IBAN></Id></DbtrAcct>" if each.account else ""
    name = f"<Dbtr><Pty><Nm>{escape(each.name)}</Nm></Pty></Dbtr>" if each.name else ""
    told = (
        "<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp>"
        f"<Ref>{escape(each.reference)}</Ref></CdtrRefInf></Strd>"
        if each.reference
        else f"<Ustrd>{escape(each.text)}</Ustrd>"
        if each.text
        else ""
    )
    return (
        f"<TxDtls><Refs><AcctSvcrRef>{reference}</AcctSvcrRef><EndToEndId>NOTPROVIDED</EndToEndId></Refs>"
        f'<Amt Ccy="{currency}">{each.amount:.2f}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<RltdPties>{name}{account}</RltdPties>{f'<RmtInf>{told}</RmtInf>' if told else ''}</TxDtls>\n"
    )
