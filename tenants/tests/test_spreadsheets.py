"""Text in files for spreadsheets: nothing in it runs, wherever a reader's machine begins a cell."""

import csv
import re
import unicodedata
from decimal import Decimal
from io import StringIO
from itertools import product

from django.db import connection

from tenants.spreadsheets import csv_text, harmless, harmless_sql

SIGNS = ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫", "⁼", "⁻", "\N{MINUS SIGN}"]
BEFORE = ["", ";", ",", "\t", "\n", "\r", "\r\n", "|", "x;", "x; ", 'x;"', "\ufeff", "\u200b", "\xa0", " ", '"', "\x00"]
BEFORE += ["\x0b", "\u2028", "\u202e", "a,b;c|", "=1;", "\u3000;\xad"]
TEXTS = [f"{before}{sign}cmd|'/c calc'!A1" for before, sign in product(BEFORE, SIGNS)]
NUMBERS = ["-5", "-5,25", "-1 234,50", "+3.5", "-1E-5", "\N{MINUS SIGN}12", "0", "1e9", "-1\u202f000"]
PLAIN = ["Kista - norra", "a=b", "10:30-11:30", "x@example.com", "Åre; norra", "", "'=1", "C++", "1-2"]


def begins_a_formula(text):
    """Whether any reader's settings find a cell in the text that begins with a sign; written without the rule."""
    for cell in re.split(r"[;,\t\n\r|\x0b\x0c\x1c-\x1f\x85\u2028\u2029]", text):
        seen = "".join(sign for sign in cell if unicodedata.category(sign)[0] not in "CZ" and sign != '"')
        if unicodedata.normalize("NFKC", seen)[:1] in {*"=+-@", "\N{MINUS SIGN}"}:
            return True
    return False


def test_no_cell_begins_a_formula():
    for text in TEXTS:
        assert begins_a_formula(text), ascii(text)
        assert not begins_a_formula(harmless(text)), ascii(text)
        assert str(harmless(text)).replace("'", "") == text.replace("'", "").replace("\0", ""), "something is lost"


def test_numbers_and_plain_words_stay_as_they_are():
    for cell in [*NUMBERS, *PLAIN, -5, Decimal("-5.25"), None, 1.5]:
        assert harmless(cell) == cell


def test_two_numbers_in_one_text_are_no_number():
    assert not begins_a_formula(harmless("-1;-2+cmd"))
    assert harmless("-1,-2") == "'-1,'-2"


def test_postgresql_keeps_to_the_same_rule(db):
    texts = [text for text in [*TEXTS, *NUMBERS, *PLAIN] if "\x00" not in text]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT text, {harmless_sql('text')} FROM unnest(%s::text[]) WITH ORDINALITY given(text, at) ORDER BY at",
            [texts],
        )
        assert cursor.fetchall() == [(text, harmless(text)) for text in texts]


def test_a_file_has_one_line_end_and_reads_as_it_was():
    text = csv_text([["a", 'b"c', "d\ne"], ["=1", -2, Decimal("-2.50")]])
    assert "\r" not in text
    assert list(csv.reader(StringIO(text))) == [["a", 'b"c', "d\ne"], ["'=1", "-2", "-2.50"]]
