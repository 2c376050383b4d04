"""A small reader of SIE files, which shares nothing with what writes them: bytes as the format says they lie."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

HIGH = (
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
    "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0"
)
IN_ORDER = ["FLAGGA", "PROGRAM", "FORMAT", "GEN", "SIETYP", "ORGNR", "FNAMN", "RAR", "KONTO", "DIM", "OBJEKT", "VER"]


@dataclass
class Voucher:
    series: str
    number: str
    day: str
    text: str
    rows: list[tuple[str, tuple[str, ...], Decimal]] = field(default_factory=list)

    @property
    def balance(self) -> Decimal:
        return sum((amount for *_, amount in self.rows), Decimal(0))


@dataclass
class File:
    head: dict[str, list[list[str]]]
    vouchers: list[Voucher]

    def by_account(self) -> dict[str, Decimal]:
        found: dict[str, Decimal] = defaultdict(Decimal)
        for voucher in self.vouchers:
            for account, _, amount in voucher.rows:
                found[account] += amount
        return dict(found)


def read(content: bytes) -> File:
    assert content.endswith(b"\r\n")
    content = checked(content) if b"#KSUMMA" in content else content
    head: dict[str, list[list[str]]] = {}
    vouchers: list[Voucher] = []
    last, inside = 0, False
    for raw in content.split(b"\r\n")[:-1]:
        record = "".join(HIGH[byte - 128] if byte > 127 else chr(byte) for byte in raw)
        assert all(sign >= " " for sign in record), record
        if record in ("{", "}"):
            assert inside is (record == "}")
            inside = record == "{"
            continue
        label, *fields = split(record)
        assert label.startswith("#")
        if label == "#TRANS":
            assert inside
            account, objects, amount, *_ = fields
            assert "+" not in amount
            assert len(amount.partition(".")[2]) <= 2
            vouchers[-1].rows.append((account, tuple(split(objects)), Decimal(amount)))
            continue
        assert not inside
        place = IN_ORDER.index(label[1:])
        assert place >= last, f"{label} is late"
        last = place
        if label == "#VER":
            series, number, day, text = fields[:4]
            vouchers.append(Voucher(series, number, day, text))
        else:
            head.setdefault(label[1:], []).append(fields)
    return File(head, vouchers)


def checked(content: bytes) -> bytes:
    """The file without its checksum, which must be that of the format: CRC-32 of labels and fields alone."""
    first, mark, *body, last, end = content.split(b"\r\n")
    assert (first, mark, end) == (b"#FLAGGA 0", b"#KSUMMA", b"")
    summed = 0xFFFFFFFF
    for byte in b"".join(map(bare, body)):
        summed ^= byte
        for _bit in range(8):
            summed = summed >> 1 ^ (0xEDB88320 if summed & 1 else 0)
    assert last == b"#KSUMMA %d" % (summed ^ 0xFFFFFFFF)
    return b"\r\n".join([first, *body, end])


def bare(record: bytes) -> bytes:
    """A record without quotes around fields, blanks between them, and braces outside."""
    found, inside, place = b"", False, 0
    while place < len(record):
        sign = record[place : place + 1]
        if sign == b"\\" and record[place + 1 : place + 2] == b'"':
            found, place = found + b'"', place + 1
        elif sign == b'"':
            inside = not inside
        elif inside or sign not in b" {}":
            found += sign
        place += 1
    return found


def split(record: str) -> list[str]:
    """Fields between blanks; in quotes or braces, blanks belong to them."""
    fields: list[str] = []
    place = 0
    while place < len(record):
        sign = record[place]
        if sign == " ":
            place += 1
        elif sign == '"':
            text, place = quoted(record, place + 1)
            fields.append(text)
        elif sign == "{":
            end = record.index("}", place)
            fields.append(record[place + 1 : end])
            place = end + 1
        else:
            end = record.find(" ", place)
            end = len(record) if end < 0 else end
            fields.append(record[place:end])
            place = end
    return fields


def quoted(record: str, place: int) -> tuple[str, int]:
    text = ""
    while record[place] != '"':
        if record[place] == "\\" and record[place + 1] == '"':
            place += 1
        text += record[place]
        place += 1
    return text, place + 1
