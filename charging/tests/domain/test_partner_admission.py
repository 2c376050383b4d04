"""Who may charge with a partner's card: every combination of what is known, held against the rules as they are written.

The rules: one blocked here, or at the partner, is refused at once, whatever else is said. ALWAYS: what it has told
decides. ALLOWED: a valid card is let in, one that is not is asked about. ALLOWED_OFFLINE: asked about, and let in by
what it has told while it is silent, as far as the operator's rule goes. NEVER: asked about, and no answer is no.
Of what is not valid only the partner's own yes lets in, and not where it wants never to be asked.
"""

from itertools import product

import pytest

from charging.domain.ocpp.admission import Basis, Card, Said, Verdict, Whitelist, decide, is_asked

STATES = ["good", "blocked", "lost", "partner ended", "several"]
ANSWERS = [None, *Said]
EVERY = [*product(STATES, Whitelist, [True, False], ANSWERS, [True, False])]


def card(state, whitelist, is_valid):
    return Card(
        is_blocked=state in {"blocked", "lost"},
        is_lost=state == "lost",
        driver_active=None,
        account_pays=True,
        issuer=7,
        partner_active=state != "partner ended",
        whitelist=str(whitelist),
        is_valid=is_valid,
        has_namesakes=state == "several",
    )


def lawful(state, whitelist, is_valid, answer, is_open):
    """What the rules say, written without looking at the code: the verdict, and whether the partner is asked."""
    if state in {"blocked", "lost", "partner ended"}:
        return "Blocked", False
    if state == "several":
        return "Invalid", False
    asked = {"ALWAYS": False, "ALLOWED": not is_valid, "ALLOWED_OFFLINE": True, "NEVER": True}[whitelist]
    if answer == "BLOCKED":
        return "Blocked", asked
    by_what_was_told = "Accepted" if is_valid else "Invalid"
    if not asked:
        return by_what_was_told, False
    if answer is not None:
        return ("Accepted" if answer == "ALLOWED" else "Invalid"), True
    if whitelist == "ALLOWED_OFFLINE" and is_open:
        return by_what_was_told, True
    return "Invalid", True


def test_every_combination_is_decided_by_the_rules():
    assert len(EVERY) == 5 * 4 * 2 * 6 * 2
    for state, whitelist, is_valid, answer, is_open in EVERY:
        known = card(state, whitelist, is_valid)
        told = decide("04AB", known, answer, is_open=is_open).verdict, is_asked(known)
        assert told == lawful(state, whitelist, is_valid, answer, is_open), (
            state,
            whitelist,
            is_valid,
            answer,
            is_open,
        )


@pytest.mark.parametrize(
    ("answer", "basis"),
    [
        ("ALLOWED", Basis.PARTNER),
        ("BLOCKED", Basis.PARTNER_BLOCKED),
        ("EXPIRED", Basis.PARTNER_EXPIRED),
        ("NO_CREDIT", Basis.PARTNER_NO_CREDIT),
        ("NOT_ALLOWED", Basis.PARTNER_REFUSED),
        (None, Basis.PARTNER_TIMEOUT),
    ],
)
def test_the_basis_says_what_the_partner_answered(answer, basis):
    said = Said(answer) if answer else None
    assert decide("04AB", card("good", Whitelist.NEVER, True), said).basis == basis


def test_the_basis_says_that_the_partner_was_not_asked():
    told = [decide("04AB", card("good", Whitelist.ALWAYS, is_valid)).basis for is_valid in (True, False)]
    assert told == [Basis.WHITELIST, Basis.NOT_VALID]
    states = {state: decide("04AB", card(state, Whitelist.ALWAYS, True)).basis for state in STATES[1:]}
    assert states == {
        "blocked": Basis.BLOCKED,
        "lost": Basis.LOST,
        "partner ended": Basis.PARTNER_ENDED,
        "several": Basis.SEVERAL,
    }


def test_the_answer_of_a_partner_says_nothing_of_the_operators_own_cards():
    own = Card(is_blocked=False, is_lost=False, driver_active=True)
    assert {decide("04AB", own, said).verdict for said in ANSWERS} == {Verdict.ACCEPTED}
    assert not is_asked(own)
    assert not is_asked(None)


def test_without_a_card_no_answer_helps():
    assert {decide("", card("good", Whitelist.NEVER, True), said).basis for said in ANSWERS} == {Basis.NO_CARD}
    assert {decide("04AB", None, said).basis for said in ANSWERS} == {Basis.UNKNOWN}
