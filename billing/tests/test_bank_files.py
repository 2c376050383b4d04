"""What files of payments say: every version, what contradicts itself, what is cut off, and what strangers put in."""

import gzip
import io
import itertools
import tempfile
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.bank_files import apart, bgmax, camt, packed
from billing.bank_files.told import Told, UnreadablePayments

DETAIL = (
    "<TxDtls>{refs}{amount}<RltdPties><Dbtr>{name}</Dbtr><DbtrAcct><Id><IBAN>SE45 5000</IBAN></Id></DbtrAcct>"
    "</RltdPties><RmtInf>{told}</RmtInf></TxDtls>"
)
OCR = "<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>{0}</Ref></CdtrRefInf></Strd>"


def detail(amount="100.00", ref="10017", *, told=None, refs="", name="<Nm>Ada</Nm>", extra=""):
    written = f'<Amt Ccy="SEK">{amount}</Amt>{extra}' if amount else ""
    return DETAIL.format(refs=refs, amount=written, name=name, told=OCR.format(ref) if told is None else told)


def entry(*details, amount="100.00", side="CRDT", status="<Sts>BOOK</Sts>", ref="A1", more="", batch=""):
    inner = f"<NtryDtls>{batch}{''.join(details)}</NtryDtls>" if details or batch else ""
    return (
        f'<Ntry><Amt Ccy="SEK">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{more}{status}'
        f"<BookgDt><Dt>2026-11-02</Dt></BookgDt>{f'<AcctSvcrRef>{ref}</AcctSvcrRef>' if ref else ''}{inner}</Ntry>"
    )


def message(*entries, form="camt.054.001.02", head="", inside="Ntfctn", prolog="<?xml version='1.0'?>"):
    return (
        f'{prolog}<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{form}"><B><{inside}><Id>N1</Id>'
        f"<Acct><Id><IBAN>SE11</IBAN></Id><Ccy>SEK</Ccy></Acct>{head}{''.join(entries)}</{inside}></B></Document>"
    )


def heard(text, read=camt.read):
    told = Told("")
    content = text if isinstance(text, bytes) else text.encode()
    payments = [payment for block in read(io.BytesIO(content), told) for payment in block]
    return payments, told


def refusal(text, read=camt.read):
    with pytest.raises(UnreadablePayments) as refused:
        heard(text, read)
    return refused.value


@pytest.mark.parametrize("form", ["camt.054.001.02", "camt.054.001.08", "camt.053.001.02", "camt.053.001.13"])
def test_every_version_says_who_paid_what_for_which_invoice(form):
    new = not form.endswith(".02")
    name = "<Pty><Nm>Ada</Nm></Pty>" if new else "<Nm>Ada</Nm>"
    status = "<Sts><Cd>BOOK</Cd></Sts>" if new else "<Sts>BOOK</Sts>"
    (payment,), told = heard(message(entry(detail(name=name), status=status), form=form))
    assert told.form == form
    assert (payment.amount, payment.currency, payment.paid_on) == (10000, "SEK", "2026-11-02")
    assert (payment.references, payment.payer_name, payment.payer_account) == (["10017"], "Ada", "SE455000")
    assert (told.payments, dict(told.sums)) == (1, {"SEK": 10000})


def zipped(*, method=zipfile.ZIP_DEFLATED, **files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return packed.getvalue()


GOOD = message(entry(detail())).encode()


def payments_of(content):
    """What the process apart tells of a file, as it was sent."""
    with tempfile.TemporaryFile() as stored:
        stored.write(content)
        stored.flush()
        with apart.whole(stored, ready=lambda payment: f"{payment.amount}\n".encode()) as whole:
            return list(whole.rows())


@pytest.mark.parametrize(
    "content",
    [GOOD, gzip.compress(GOOD), zipped(camt_xml=GOOD), zipped(folder__=b"", folder__camt_xml=GOOD)],
    ids=["plain", "gzip", "zip", "zip with a folder"],
)
def test_a_packed_file_is_unpacked_where_it_is_read(content):
    assert payments_of(content) == [b"10000\n"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (zipped(a_xml=GOOD, b_xml=GOOD), "payment_file_several"),
        (zipped(), "payment_file_holds_nothing"),
        (zipped(folder__=b""), "payment_file_holds_nothing"),
        (gzip.compress(GOOD)[:-20], "payment_file_packed"),
        (zipped(a_xml=GOOD)[:-20], "payment_file_packed"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(80), "payment_file_packed"),
        (gzip.compress(b"name;amount"), "payment_file_unknown"),
    ],
)
def test_what_cannot_be_unpacked_says_that_it_is_packed(content, code):
    with pytest.raises(UnreadablePayments) as refused:
        payments_of(content)
    assert refused.value.code == code


def test_a_zip_with_a_password_says_so():
    content = bytearray(zipped(a_xml=GOOD))
    content[6] |= 1  # of the entry, and of the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnreadablePayments) as refused:
        payments_of(bytes(content))
    assert refused.value.code == "payment_file_packed"


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_zip_says_so_however_it_is_packed(method):
    content = bytearray(zipped(method=method, a_xml=GOOD))
    begins = 30 + len("a.xml")
    length = content.index(b"PK\x01\x02") - begins
    content[begins + 9 : begins + length] = b"\xff" * (length - 9)  # after the settings of LZMA
    with pytest.raises(UnreadablePayments) as refused:
        payments_of(bytes(content))
    assert refused.value.code == "payment_file_packed"


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(a_xml=content)])
def test_what_bursts_when_it_is_unpacked_is_given_up(pack):
    bomb = io.BytesIO(pack(bytes(1 << 22)))
    with pytest.raises(UnreadablePayments) as refused:
        packed.plain(bomb, most=1 << 20).read()
    assert (refused.value.code, refused.value.facts["value"]) == ("payment_file_bursts", "1")


def test_a_prefix_an_encoding_and_an_envelope_change_nothing():
    text = message(entry(detail(name="<Nm>Åsa</Nm>")), prolog="<?xml version='1.0' encoding='ISO-8859-1'?>")
    wrapped = text.replace("<Document xmlns=", "<E xmlns='urn:x'><Document xmlns=").replace(
        "</Document>", "</Document></E>"
    )
    (payment,), _ = heard(wrapped.encode("iso-8859-1"))
    assert payment.payer_name == "Åsa"


def test_the_same_booking_has_the_same_key_in_a_notification_and_a_statement():
    (first,), _ = heard(message(entry(detail())))
    (second,), _ = heard(message(entry(detail()), form="camt.053.001.08", inside="Stmt"))
    (other,), _ = heard(message(entry(detail(), ref="A2")))
    assert first.key == second.key != other.key


def test_equal_bookings_without_the_banks_reference_are_told_apart():
    payments, _ = heard(message(entry(detail(), ref=""), entry(detail(), ref="")))
    assert len({payment.key for payment in payments}) == 2


def test_several_references_share_by_what_each_is_told_to_be():
    part = (
        "<Strd><RfrdDocAmt><RmtdAmt Ccy='SEK'>{1}</RmtdAmt></RfrdDocAmt><CdtrRefInf><Ref>{0}</Ref></CdtrRefInf></Strd>"
    )
    told = part.format("10017", "60.00") + part.format("10025", "40.00")
    (payment,), _ = heard(message(entry(detail(told=told))))
    assert (payment.references, payment.parts) == (["10017", "10025"], [6000, 4000])


def test_the_amount_of_a_bundle_is_no_payments_amount():
    """Of a payment alone the booking's amount counts; one of several must say its own."""
    (alone,), _ = heard(message(entry(detail(amount=""))))
    assert alone.amount == 10000
    assert refusal(message(entry(detail(amount=""), detail()))).code == "payment_no_amount"


def test_only_what_is_booked_and_incoming_is_a_payment():
    payments, told = heard(
        message(
            entry(detail(), side="DBIT"),
            entry(detail(), status="<Sts>PDNG</Sts>"),
            entry(detail(), more="<RvslInd>true</RvslInd>"),
            entry(amount="300.00", batch="<Btch><NbOfTxs>3</NbOfTxs></Btch>"),
            entry(detail(amount="120.00"), detail(amount="20.00", extra="<CdtDbtInd>DBIT</CdtDbtInd>")),
        )
    )
    assert [payment.amount for payment in payments] == [12000, -2000]
    assert {reason: counts["count"] for reason, counts in told.left_out.items()} == {
        "outgoing": 1,
        "pending": 1,
        "reversal": 1,
        "bundle": 1,
    }
    assert told.left_out["bundle"]["SEK"] == 30000


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (message(entry(detail(), detail(), amount="100.00")), "Ntry/Amt"),
        (
            message(entry(detail(), batch="<Btch><NbOfTxs>2</NbOfTxs><TtlAmt Ccy='SEK'>100</TtlAmt></Btch>")),
            "Btch/NbOfTxs",
        ),
        (
            message(entry(detail(), batch="<Btch><NbOfTxs>1</NbOfTxs><TtlAmt Ccy='CHF'>6.3</TtlAmt></Btch>")),
            "Btch/TtlAmt",
        ),
        (
            message(entry(detail()), head="<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries></TtlNtries></TxsSummry>"),
            "NbOf",
        ),
        (
            message(entry(detail()), head="<TxsSummry><TtlCdtNtries><Sum>99.99</Sum></TtlCdtNtries></TxsSummry>"),
            "TtlCdt",
        ),
        (
            message(
                "".join(
                    f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy='SEK'>{amount}</Amt>"
                    "<CdtDbtInd>CRDT</CdtDbtInd></Bal>"
                    for kind, amount in (("OPBD", 10), ("CLBD", 111))
                ),
                entry(detail()),
                inside="Stmt",
            ),
            "Bal",
        ),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_by_name(text, field):
    problem = refusal(text)
    assert problem.code == "payment_sums"
    assert field in problem.facts["field"]


@pytest.mark.parametrize("amount", ["100.001", "-100.00", "1e3", "١٠٠", "", "9" * 17, "NaN"])
def test_an_amount_that_is_none_is_refused(amount):
    assert refusal(message(entry(amount=amount))).code == "payment_field"


def test_another_message_is_refused_by_name():
    assert "pain.001.001.03" in refusal(message(form="pain.001.001.03")).facts["value"]
    assert refusal("<a/>").code == "payment_file_unknown"


def test_no_document_type_is_read_and_so_no_entity():
    bomb = "<!DOCTYPE d [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>"
    assert refusal(message(entry(detail()), prolog=bomb)).code == "payment_file_doctype"


@given(st.integers(min_value=0, max_value=10_000))
def test_a_message_cut_anywhere_is_refused(at):
    content = message(entry(detail(), detail("50.00"), amount="150.00")).encode()
    cut = content[: at % len(content)]
    assert refusal(cut).code in ("payment_file_cut", "payment_file_unknown")


def test_a_message_of_many_payments_takes_the_memory_of_a_few():
    def peak(count):
        class Endless(io.BytesIO):
            pieces = itertools.chain(
                [message().encode().split(b"</Ntfctn>")[0]],
                (entry(detail(), ref=f"R{n}").encode() for n in range(count)),
                [b"</Ntfctn></B></Document>"],
            )

            def seek(self, *_):
                return 0

            def read(self, _size=-1):
                return next(self.pieces, b"")

        tracemalloc.start()
        told = Told("")
        for _ in camt.read(Endless(), told):
            pass
        assert told.payments == count
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)
    assert peak(1_500) < peak(150) + 100_000


# --- BgMax ---


def bg(*lines, ending="\r\n"):
    return ending.join(line.ljust(80) for line in lines).encode("iso-8859-1")


START, SECTION = "01BGMAX               0120261101173035010331P", "050009912346          SEK"
FIRST = "200000000000                  1023472000000000000012500210000000001010"
NAME = "26Åsa Öberg"
SECOND = "2000037835111023571 77               000000000000030000320000000001020"
EXTRA = "220003783511                  1023571000000000000000000220000000001020"
MINUS = "210003783511998                      0000000000000050003200000000010300"
PLAIN = "200000000000                         000000000000020000010000000001040"
CLOSE = "15000000000000000000084100000100982322026110100007000000000000057500SEK00000004"
LAST = "7000000003000000010000000100000001"
WHOLE = (START, SECTION, FIRST, NAME, SECOND, EXTRA, "25avser faktura 10235", MINUS, PLAIN, CLOSE, LAST)


def test_an_old_file_says_what_was_paid_what_was_taken_off_and_who_paid():
    payments, told = heard(bg(*WHOLE), bgmax.read)
    assert [payment.amount for payment in payments] == [12500, 30000, -5000, 20000]
    assert [payment.references for payment in payments] == [["1023472"], ["1023571 77", "1023571"], ["998"], []]
    assert [payment.payer_name for payment in payments] == ["Åsa Öberg", "", "", ""]
    assert payments[1].text == "avser faktura 10235"
    assert {payment.paid_on for payment in payments} == {"2026-11-01"}
    assert dict(told.sums) == {"SEK": 57500}


def test_line_ends_blanks_and_unknown_records_change_nothing():
    changed = bg(*WHOLE[:3], "99 whatever", *WHOLE[3:], "", ending="\n").replace(b" " * 20 + b"\n", b"\n")
    assert heard(changed, bgmax.read)[0] == heard(bg(*WHOLE), bgmax.read)[0]


@pytest.mark.parametrize("cut", range(1, len(WHOLE)))
def test_an_old_file_without_its_end_is_refused(cut):
    assert refusal(bg(*WHOLE[:cut]), bgmax.read).code == "payment_file_cut"


@pytest.mark.parametrize("missing", [2, 4, 5, 7, 9])
def test_an_old_file_that_lacks_a_record_is_refused(missing):
    assert refusal(bg(*WHOLE[:missing], *WHOLE[missing + 1 :]), bgmax.read).code in ("payment_sums", "payment_file_cut")


def test_a_test_file_is_refused():
    assert refusal(bg(START[:44] + "T", *WHOLE[1:]), bgmax.read).code == "payment_file_test"


# --- in a process of its own ---


def line(payment):
    return f"{payment.to_json()}\n".encode()


def test_a_file_is_read_apart_and_its_rows_can_be_had_twice():
    with apart.whole(io.BytesIO(message(entry(detail())).encode()), ready=line) as whole:
        assert whole.told.payments == 1
        expected = [line(payment) for payment in heard(message(entry(detail())))[0]]
        assert list(whole.rows()) == list(whole.rows()) == expected


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\xff\xfe<\0a\0/\0>\0", b"<" + b"a" * 3_000_000])
def test_what_is_no_such_file_is_refused_apart(content):
    with pytest.raises(UnreadablePayments), apart.whole(io.BytesIO(content), ready=line):
        pass
