"""Signed meter values: genuine is good, one bit changed is bad, and what does not prove the bill says why."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from charging.domain.signed import keys, ocmf, proof, receipt
from charging.domain.signed.keys import CURVES, NoKey
from charging.domain.signed.ocmf import Unreadable
from charging.domain.signed.proof import Doubt, Key, Verdict
from charging.tests.signing import SPKI, Meter

METER = Meter()


def judge(*records, meter=METER, serial="", energy_wh=12_000, card="", known=None, **more):
    public = [Key(7, serial, keys.read(meter.der.hex())[0])] if known is None else known
    return proof.judge(list(records), public, energy_wh=energy_wh, card=card, **more)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("bare", [False, True])
def test_a_genuine_record_is_good_on_every_curve(curve, bare):
    meter = Meter(CURVES[curve])
    named = curve.replace("brainpool", "brainpoolP")
    payload = meter.whole(1000, 13_000).split("|")[1]
    found = judge(meter.signed(payload, bare=bare, SA=f"ECDSA-{named}-SHA256"), meter=meter)
    assert (found.verdict, found.doubts, found.energy_wh, found.key) == (Verdict.GOOD, (), 12_000, 7)


@pytest.mark.parametrize("bits", [2048, 4096])
def test_a_genuine_record_is_good_with_a_key_of_rsa(bits):
    meter = Meter(bits=bits)
    payload = meter.whole(1000, 13_000).split("|")[1]
    record = meter.signed(payload, SA=f"RSA-{bits}-SHA256")
    assert judge(record, meter=meter).verdict == Verdict.GOOD
    assert judge(record.replace("13000", "14000"), meter=meter).verdict == Verdict.BAD
    assert judge(record).verdict == Verdict.BAD  # by the key of another meter, which is on a curve
    assert keys.read(meter.der.hex())[1] == f"RSA-{bits}"


#: A genuine key on a curve that OCMF knows and `cryptography` does not: its base point, which is on it.
SECP192K1 = (
    "3046301006072a8648ce3d020106052b8104001f03320004"
    "db4ff10ec057e9ae26b07d0280b7f4341da5d1b1eae06c7d9b2f2f6d9c5628a7844163d015be86344082aa88d95e2f9d"
)


@pytest.mark.parametrize("written", [SECP192K1, Meter(bits=1024).der.hex()], ids=["secp192k1", "RSA of too few bits"])
def test_a_key_of_a_kind_that_cannot_be_checked_is_refused_as_such(written):
    with pytest.raises(NoKey) as refused:
        keys.read(written)
    assert refused.value.is_unknown_kind


@pytest.mark.parametrize("algorithm", ["ECDSA-secp192k1-SHA256", "RSA-1024-SHA256", "RSA-2048", "ECDSA-secp256r1-SHA3"])
@pytest.mark.parametrize("known", [None, []])
def test_what_is_signed_in_a_way_that_cannot_be_checked_says_so(algorithm, known):
    payload = METER.whole(1000, 13_000).split("|")[1]
    found = judge(METER.signed(payload, SA=algorithm), known=known)
    assert (found.verdict, found.doubts) == (Verdict.UNREADABLE, (Doubt.ALGORITHM,))


def test_each_bit_of_what_was_signed_counts():
    head, payload, tail = METER.whole(1000, 13_000).encode().split(b"|")
    public = keys.read(METER.der.hex())[0]
    signature = ocmf.parted(b"|".join([head, payload, tail]))[1]
    for place in range(len(payload) * 8):
        flipped = bytearray(payload)
        flipped[place // 8] ^= 1 << place % 8
        assert ocmf.parted(b"|".join([head, flipped, tail])) == (bytes(flipped), signature)
        assert not keys.is_signed(bytes(flipped), signature, public)


@pytest.mark.parametrize("place", [0, 1, 5, 40, -2, -1])
def test_a_record_that_was_changed_is_bad_whatever_it_says_now(place):
    head, payload, tail = METER.whole(1000, 13_000).split("|")
    signs = list(payload)
    signs[place] = chr(ord(signs[place]) ^ 1)
    assert judge("|".join([head, "".join(signs), tail])).verdict == Verdict.BAD


def test_a_bar_that_was_slipped_in_is_bad_and_not_another_record():
    head, payload, tail = METER.whole(1000, 13_000).split("|")
    assert judge("|".join([head, payload.replace("M1", "M|"), tail])).verdict == Verdict.BAD


def test_another_signature_is_bad():
    head, payload, _ = METER.whole(1000, 13_000).split("|")
    other = METER.whole(1000, 14_000).split("|")[2]
    assert judge(f"{head}|{payload}|{other}").verdict == Verdict.BAD


@pytest.mark.parametrize(
    "wrap",
    [
        lambda record: f"\n {record}\r\n",
        lambda record: record.encode().hex(),
        lambda record: record.encode().hex().upper(),
        lambda record: base64.b64encode(record.encode()).decode(),
        lambda record: json.dumps({"signedMeterData": record, "encodingMethod": "OCMF", "publicKey": "00"}),
        lambda record: json.dumps({"signedMeterData": base64.b64encode(record.encode()).decode()}),
    ],
)
def test_however_it_is_wrapped_it_is_the_same_record(wrap):
    record = METER.whole(1000, 13_000)
    assert judge(wrap(record)).verdict == Verdict.GOOD
    assert ocmf.digest(wrap(record)) == ocmf.digest(record)


def test_a_signature_in_base64_is_one():
    payload = METER.whole(1000, 13_000).split("|")[1]
    signature = json.loads(METER.signed(payload).split("|")[2])["SD"]
    tail = json.dumps({"SE": "base64", "SD": base64.b64encode(bytes.fromhex(signature)).decode()})
    assert judge(f"OCMF|{payload}|{tail}").verdict == Verdict.GOOD


@pytest.mark.parametrize(
    ("written", "curve"),
    [
        (METER.der.hex(), ""),
        (METER.der.hex(" ").upper(), ""),
        (base64.b64encode(METER.der).decode(), ""),
        (METER.key.public_key().public_bytes(Encoding.PEM, SPKI).decode(), ""),
        (METER.point.hex(), "secp256r1"),
        (METER.point[1:].hex(), "secp256r1"),
        (base64.b64encode(METER.point).decode(), "secp256r1"),
    ],
    ids=["hex", "spaced hex", "base64", "PEM", "point", "bare point", "point in base64"],  # a key is another each time
)
def test_a_key_is_read_in_any_of_its_forms(written, curve):
    assert keys.read(written, curve) == (METER.der.hex(), "secp256r1")


@pytest.mark.parametrize(
    ("written", "curve", "needs_curve"),
    [
        ("", "", False),
        ("no key", "", False),
        ("00" * 91, "secp256r1", False),
        (METER.point.hex(), "", True),
        (METER.point.hex(), "secp384r1", False),
        ("04" + "00" * 64, "secp256r1", False),
        (METER.der.hex()[:-2], "", False),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "", False),
    ],
)
def test_what_is_no_key_is_refused(written, curve, needs_curve):
    with pytest.raises(NoKey) as refused:
        keys.read(written, curve)
    assert refused.value.needs_curve is needs_curve


def two(*, began="1.000", ended="13.000", pages=("T4", "T5"), unit="kWh", **more):
    """The two records of a charge, as many stations send them."""
    return (
        METER.record({"TX": "B", "RV": began, "RU": unit, **more}, page=pages[0]),
        METER.record({"TX": "E", "RV": ended, "RU": unit, **more}, page=pages[1]),
    )


def test_two_records_prove_a_charge_in_whatever_order_they_came():
    assert judge(*two()).verdict == Verdict.GOOD
    assert judge(*reversed(two())).verdict == Verdict.GOOD


@pytest.mark.parametrize(
    ("records", "doubts"),
    [
        ([METER.whole(1000, 13_002)], {Doubt.ENERGY}),
        (two(ended="13.002"), {Doubt.ENERGY}),
        (two()[:1], {Doubt.NO_END}),
        (two()[1:], {Doubt.NO_BEGIN}),
        (two(pages=("T4", "T6")), {Doubt.PAGES}),
        (two(pages=("T4", "F5")), {Doubt.PAGES}),
        (two(pages=("T5", "T4")), {Doubt.NO_END}),
        ([METER.whole(1000, 13_000, MS="M2"), METER.whole(1000, 13_000)], {Doubt.METER}),
        ([METER.record({"TX": "B", "RV": 1000}, {"TX": "E", "RV": 13_000, "ST": "M"})], {Doubt.STATE}),
        ([METER.record({"TX": "B", "RV": 1000}, {"TX": "E", "RV": 13_000, "EF": "E"})], {Doubt.STATE}),
        ([METER.whole(1000, 13_000, card="OTHER")], {Doubt.CARD}),
        ([METER.record({"TX": "B", "RV": 1000, "RI": "1-0:2.8.0"}, {"TX": "E", "RV": 13_000, "RI": "1-0:2.8.0"})],
         {Doubt.NO_BEGIN, Doubt.NO_END}),
    ],
)  # fmt: skip
def test_a_genuine_record_that_does_not_prove_the_bill_says_why(records, doubts):
    found = judge(*records, card="04A1B2C3")
    assert (found.verdict, set(found.doubts)) == (Verdict.DIFFERS, doubts)


def test_the_last_digit_of_the_meter_is_as_far_as_it_can_agree():
    assert judge(*two(began="1.0", ended="13.0"), energy_wh=12_100).verdict == Verdict.GOOD
    assert judge(*two(began="1.0", ended="13.0"), energy_wh=12_101).doubts == (Doubt.ENERGY,)
    assert judge(METER.whole(1000, 13_000), energy_wh=12_001).verdict == Verdict.GOOD


def test_of_several_registers_the_one_that_is_billed_counts():
    rows = [
        {"TX": "B", "RV": 1000, "RI": "1-0:1.8.0"}, {"TX": "B", "RV": 0, "RI": "01-00:B2.08.00.FF"},
        {"TX": "E", "RV": 13_100, "RI": "1-0:1.8.0"}, {"TX": "E", "RV": 12_000, "RI": "01-00:B2.08.00.FF"},
    ]  # fmt: skip
    assert judge(METER.record(*rows)).verdict == Verdict.GOOD


def test_a_reading_that_says_little_is_like_the_one_before():
    rows = [{"TX": "B", "RV": 1, "RU": "kWh", "RI": "1-0:1.8.0", "ST": "G"}, {"TX": "E", "RV": 13}]
    assert judge(METER.signed(json.dumps({"MS": "M1", "RD": rows}))).verdict == Verdict.GOOD


@pytest.mark.parametrize("identity", ["04a1b2c3", "04:A1:B2:C3", "idTag:04A1B2C3,version:2", "", "NONE"])
def test_a_card_is_the_same_however_it_is_written(identity):
    assert judge(METER.whole(1000, 13_000, card=identity), card="04A1B2C3").verdict == Verdict.GOOD


def test_a_record_that_was_another_charges_proves_nothing():
    assert judge(METER.whole(1000, 13_000), is_repeated=True).doubts == (Doubt.REPEATED,)


def test_the_registered_serial_number_is_the_meters():
    record = METER.whole(1000, 13_000)
    assert judge(record, serial="00m1").verdict == Verdict.GOOD
    assert judge(record, serial="M2").doubts == (Doubt.OTHER_METER,)
    wrong = judge(Meter(serial="M3").whole(1000, 13_000), serial="M2")
    assert (wrong.verdict, wrong.doubts, wrong.meter) == (Verdict.BAD, (Doubt.OTHER_METER,), "M3")


def test_without_a_key_nobody_can_tell_and_what_is_said_is_shown_all_the_same():
    found = judge(METER.whole(1000, 13_000), known=[])
    assert (found.verdict, found.energy_wh, found.key) == (Verdict.UNKNOWN_KEY, 12_000, 0)


@pytest.mark.parametrize(
    "raw",
    [
        "", "OCMF", "OCMF|", "OCMF||", "OCMF|{}|", "OCMF|{}|{}", "EMH|1|2", "00", "{}", '{"signedMeterData":7}',
        "x" * 200_000,
        'OCMF|{}|{"SD":"00","SA":"RSA-2048"}', 'OCMF|{}|{"SD":"00","SA":"ECDSA-secp192k1-SHA256"}', 'OCMF|{}|{"SD":[]}',
        'OCMF|{}|{"SD":"zz"}', "[" * 50_000, "OCMF|{}|" + "[" * 50_000, "OCMF|{}|" + '{"SD":' * 20_000,
    ],
)  # fmt: skip
def test_what_is_no_record_is_unreadable(raw):
    assert judge(raw).verdict == Verdict.UNREADABLE
    assert judge(raw, known=[]).verdict == Verdict.UNREADABLE


@pytest.mark.parametrize("payload", ["{}", "[]", "no json", '{"RD":7}', "[" * 50_000, '{"RD":[' * 20_000])
def test_a_genuine_signature_under_nonsense_is_unreadable(payload):
    assert judge(METER.signed(payload)).verdict == Verdict.UNREADABLE


_ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(["1E+99", "B", "E"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["RD", "RV", "RU", "TM", "PG"]), inner),
    max_leaves=12,
)
_ROW = st.fixed_dictionaries({}, optional=dict.fromkeys(("TX", "RV", "RU", "RI", "TM", "ST", "EF"), _ODD))


@given(st.fixed_dictionaries({"RD": st.lists(_ROW | _ODD, max_size=5)}, optional={"MS": _ODD, "PG": _ODD, "ID": _ODD}))
def test_whatever_is_signed_gets_a_verdict(said):
    assert judge(METER.signed(json.dumps(said)), card="04A1").verdict in Verdict


@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda raw: f"OCMF|{{}}|{raw!r}"))
def test_whatever_comes_gets_a_verdict(raw):
    assert judge(raw.encode("utf-8", "replace").decode()).verdict in Verdict


def test_records_are_written_for_the_transparency_software_as_they_came():
    record = METER.whole(1000, 13_000)
    values = etree.fromstring(receipt.written("4711", [(record, "Transaction.End"), ("\x01", "")], METER.der.hex()))
    first, second = values.findall("value")
    assert (first.get("transactionId"), first.get("context")) == ("4711", "Transaction.End")
    (data,) = first.iter("signedData")
    assert (data.text, data.get("format"), data.get("encoding")) == (record, "OCMF", "plain")
    assert first.findtext("publicKey") == METER.der.hex()
    (odd,) = second.iter("signedData")
    assert (odd.text, odd.get("encoding")) == ("01", "hex")
    bare = etree.fromstring(receipt.written("4711", [(record, "")], ""))
    assert bare.find("value/publicKey") is None


def test_what_has_no_record_is_absent_and_one_that_cannot_be_unwrapped_has_a_digest():
    assert judge().verdict == Verdict.ABSENT
    assert len(ocmf.digest("no record")) == 64
    with pytest.raises(Unreadable):
        ocmf.unwrapped("no record")
