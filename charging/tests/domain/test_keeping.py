"""What stations say, sealed as it is kept: it opens where it was written, with a key that is listed, or not at all."""

import time

import pytest

from charging.domain.ocpp import frames, keeping
from charging.domain.ocpp.keeping import ASKED_WITH, CHARGED_WITH, FRAME, Unreadable

NEW, OLD = b"n" * 32, b"o" * 32
SAID = '[2,"1","Authorize",{"idTag":"04A1B2C3D4"}] Ångström \x00'


def test_what_was_sealed_opens_to_the_last_sign_and_looks_otherwise_each_time():
    boxes = [keeping.seal(SAID, FRAME, 7, [NEW, OLD]) for _ in range(2)]
    assert boxes[0] != boxes[1]
    assert [keeping.unseal(box, FRAME, 7, [OLD, NEW]) for box in boxes] == [SAID, SAID]
    assert not any(b"04A1" in box for box in boxes)
    assert (keeping.seal("", FRAME, 7, [NEW]), keeping.unseal(b"", FRAME, 7, [NEW])) == (b"", "")


@pytest.mark.parametrize(
    ("column", "operator", "keys"),
    [(CHARGED_WITH, 7, [NEW]), (FRAME, 8, [NEW]), (FRAME, 7, [OLD]), (FRAME, 7, [])],
)
def test_it_opens_nowhere_else(column, operator, keys):
    with pytest.raises(Unreadable):
        keeping.unseal(keeping.seal(SAID, FRAME, 7, [NEW]), column, operator, keys)


@pytest.mark.parametrize("at", [0, 1, 5, 21, -1])
def test_one_bit_changed_and_it_opens_no_more(at):
    box = bytearray(keeping.seal(SAID, FRAME, 7, [NEW]))
    box[at] ^= 1
    with pytest.raises(Unreadable):
        keeping.unseal(bytes(box), FRAME, 7, [NEW])
    with pytest.raises(Unreadable):
        keeping.unseal(bytes(box[:10]), FRAME, 7, [NEW])


def test_what_the_newest_key_sealed_is_known_by_its_beginning():
    assert keeping.seal(SAID, ASKED_WITH, 7, [NEW, OLD]).startswith(keeping.beginning([NEW, OLD]))
    assert not keeping.seal(SAID, ASKED_WITH, 7, [OLD]).startswith(keeping.beginning([NEW, OLD]))


@pytest.mark.parametrize(
    ("raw", "card"),
    [
        ('[2,"1","Authorize",{"idTag":" 04A1 "}]', "04A1"),
        ('[2,"1","TransactionEvent",{"idToken":{"idToken":"04A1","type":"ISO14443"}}]', "04A1"),
        ('[2,"1","Heartbeat",{}]', ""),
        ('[3,"1",{"idTag":"04A1"}]', ""),
        ('[2,"1","Authorize",[]]', ""),
        ("[2,", ""),
    ],
)
def test_the_card_that_a_frame_names(raw, card):
    assert keeping.card_in(frames.read(raw)) == card


def test_sealing_a_frame_costs_the_gateway_next_to_nothing():
    frame = '[2,"1","MeterValues",' + "x" * 400 + "]"
    best = min(_seconds(frame) for _ in range(5))
    assert best / 1_000 < 100e-6  # ten microseconds or so; what a loaded machine takes is no matter here


def _seconds(frame: str) -> float:
    began = time.perf_counter()
    for _ in range(1_000):
        keeping.seal(frame, FRAME, 7, [NEW])
    return time.perf_counter() - began
