import json
import re

import polars as pl
import pytest

from tenants.bounds import CONTROL, MARK, Bound, JsonBounds, OutOfBounds, json_of, tidy, unfit_sign, whole_of


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        1,
        -7,
        0.5,
        "x",
        None,
        True,
        {"a": [1, {"b": "Ä\n\t"}]},
        2**63 - 1,
        -(2**63) + 1,
        [[[[]]]],
        "[[[" * 99,
        '\\"[',
    ],
)
def test_ordinary_json_is_read_as_it_stands(document: object) -> None:
    assert json_of(json.dumps(document)) == document
    assert json_of(b"\xef\xbb\xbf" + json.dumps(document, ensure_ascii=False).encode()) == document


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("{", Bound.NOT_JSON),
        ("", Bound.NOT_JSON),
        ('"a\x00b"', Bound.NOT_JSON),
        (b'"\xff"', Bound.NOT_UTF8),
        ("[" * 33 + "]" * 33, Bound.TOO_DEEP),
        ("[" * 100_000, Bound.TOO_DEEP),
        ('{"a":' * 3_000, Bound.TOO_DEEP),
        ('"' + "[" * 100, Bound.TOO_DEEP),
        (" " * 1_000_001, Bound.TOO_LONG),
        ("[" + "1," * 100_000 + "1]", Bound.TOO_MANY_VALUES),
        (json.dumps({str(number): 0 for number in range(1_001)}), Bound.TOO_MANY_NAMES),
        ("1" * 5_000, Bound.NUMBER_TOO_LONG),
        ("-0." + "3" * 5_000, Bound.NUMBER_TOO_LONG),
        (str(2**70), Bound.NUMBER_TOO_LARGE),
        (str(-(2**63)), Bound.NUMBER_TOO_LARGE),
        ("1e400", Bound.NUMBER_TOO_LARGE),
        ("[NaN]", Bound.NOT_A_NUMBER),
        ("-Infinity", Bound.NOT_A_NUMBER),
        (r'"a\u0000b"', Bound.UNFIT_SIGN),
        (r'{"\u0000": 1}', Bound.UNFIT_SIGN),
        (r'["\ud800"]', Bound.UNFIT_SIGN),
        (r'"\uffff"', Bound.UNFIT_SIGN),
        ('"\ud800"', Bound.UNFIT_SIGN),
    ],
)
def test_json_beyond_a_bound_is_refused_with_its_code(written: str | bytes, code: Bound) -> None:
    with pytest.raises(OutOfBounds) as refusal:
        json_of(written)
    assert refusal.value.code is code
    assert "%(" not in str(refusal.value)


def test_bounds_can_be_wider_or_narrower() -> None:
    assert json_of("[[1]]", JsonBounds(depth=2)) == [[1]]
    with pytest.raises(OutOfBounds, match="more than 1 deep"):
        json_of("[[1]]", JsonBounds(depth=1))


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0", 0),
        ("007", 7),
        ("42", 42),
        ("²", None),
        ("①", None),
        ("٣", None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("9" * 5_000, 50),
        ("51", 50),
        ("0" * 5_000 + "3", 3),
    ],
)
def test_a_whole_number_is_ascii_and_bounded(written: str, number: int | None) -> None:
    assert whole_of(written, most=50) == number


@pytest.mark.parametrize(
    "sign",
    [
        "\x00",
        "\t",
        "\n",
        "\x1b",
        "\x7f",
        "\x85",
        "\x9f",
        "\ud800",
        "\ufdd0",
        "\ufffe",
        "\uffff",
        "\U0010ffff",
    ],
)
def test_signs_no_text_may_hold_are_found_and_replaced(sign: str) -> None:
    text = f"CARD{sign}1"
    assert unfit_sign(text) == f"U+{ord(sign):04X}"
    assert tidy(text) == "CARD\ufffd1"
    assert (unfit_sign(text, lines=True) is None) == (sign in "\t\n")


@pytest.mark.parametrize("text", ["Åsa Öberg", "张伟 🎉", "\u00a0", "\u200d", "\ufffd", "\ue000", "Ñandú", "\xad"])
def test_other_signs_stay(text: str) -> None:
    assert unfit_sign(text) is None
    assert tidy(text) == text


def test_marks_nobody_sees_go() -> None:
    assert tidy("\ufeffCARD\u200e-\u202e1\u2066") == "CARD-1"


def test_columns_and_python_know_the_same_signs() -> None:
    every = [chr(code) for code in range(0x11_0000) if not 0xD800 <= code <= 0xDFFF]
    for kind in (CONTROL, MARK):
        column = pl.Series(every).str.contains(kind)
        assert [sign for sign, found in zip(every, column, strict=True) if found] == [
            sign for sign in every if re.match(kind, sign)
        ]
    assert [sign for sign in every if re.match(CONTROL, sign)] == [sign for sign in every if unfit_sign(sign)]
