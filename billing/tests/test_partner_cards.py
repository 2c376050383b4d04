"""Cards that roaming partners have issued: whose one of several with the same UID is, and who pays."""

from datetime import UTC, datetime

import pytest
from django.core.files.base import ContentFile
from django.db import connection

from billing.services import account_moves, card_moves, merging, partner_cards
from billing.sql.payers import JOINED, PAYER
from billing.tests.factories import driver
from charging.domain.errors import Code, MergeRefused, PartnerCardRefused, TokenTaken
from charging.domain.reasons import Reject
from charging.models import AccountMember, ChargingSession, RejectedRow, Token
from charging.selectors import admission
from charging.selectors import tokens as cards
from charging.services import account_members, imports, tokens
from charging.tests.ingest.files import PLAIN, plain
from tenants.models import Account
from tenants.services.people import accounts

pytestmark = pytest.mark.usefixtures("in_north")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
UID, SPELLED = "04A1B2C3D4", "04:a1:b2:c3:d4"


@pytest.fixture(autouse=True)
def own_store(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def partner(name, **facts):
    return accounts.create(kind=Account.Kind.ROAMING, name=name, country="NL", **facts)


def issued_by(account, uid=UID, whitelist="ALLOWED", **facts):
    return tokens.create(uid=uid, issuer=account, whitelist=whitelist, **facts)


def bring_in(*uids):
    rows = (f"S{n},A,{uid},2025-05-{n:02} 10:00,2025-05-{n:02} 11:00,7.5" for n, uid in enumerate(uids, 1))
    row = imports.upload(ContentFile(plain(*rows).encode()), name="sessions.csv")
    row = imports.start(row, PLAIN, options=imports.Options())
    return imports.run(operator_id=row.operator_id, import_id=row.pk, clock=lambda: NOW)


def payers():
    """Who pays for each session, as SQL of invoices tells it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT s.external_id, {PAYER} FROM charging_chargingsession s {JOINED}")  # ours
        return dict(cursor.fetchall())


def unsettled():
    return set(cards.listing(condition=cards.UNSETTLED))


def told(uid=UID):
    found = admission.decision(uid, at=NOW)
    return str(found.verdict), str(found.basis)


def test_a_partners_card_is_let_in_and_the_partner_pays():
    one = partner("One")
    card = issued_by(one)
    assert told(SPELLED) == ("Accepted", "whitelist")
    bring_in(SPELLED)
    assert ChargingSession.objects.get().token == card
    assert payers() == {"S1": one.pk}


def test_the_operators_own_card_goes_before_a_partners_of_the_same_uid():
    one, anna = partner("One"), driver("Anna")
    partners = issued_by(one, whitelist="NEVER")
    own = tokens.create(uid=UID.lower(), driver=anna)
    assert cards.meant([UID]) == {UID: own}
    assert told() == ("Accepted", "driver")
    bring_in(UID)
    assert ChargingSession.objects.get().token == own
    assert payers() == {"S1": Account.objects.get(driver=anna).pk}
    assert unsettled() == {partners}
    tokens.block(own, at=NOW)
    assert told() == ("Blocked", "blocked"), "a card of ours that is blocked is not let in as somebody else's"
    with pytest.raises(PartnerCardRefused) as refused:
        tokens.settle(partners)
    assert refused.value.code == Code.OWN_CARD_GOES_FIRST
    assert tokens.settle(own) == [partners]
    assert not unsettled()


def test_two_partners_with_one_uid_are_refused_until_staff_say_which_is_meant():
    one, two = partner("One"), partner("Two")
    first, second = issued_by(one), issued_by(two, uid=SPELLED, whitelist="ALWAYS")
    assert cards.meant([UID]) == {UID: None}
    assert told() == ("Invalid", "several")
    assert unsettled() == {first, second}
    bring_in(UID)
    assert [row.reason for row in RejectedRow.objects.all()] == [Reject.CARD_OF_SEVERAL]
    assert (ChargingSession.objects.count(), Token.objects.count()) == (0, 2), "nobody guesses, and no third is made"
    assert tokens.settle(second) == [first]
    assert cards.meant([UID]) == {UID: second}
    assert told() == ("Accepted", "whitelist")
    assert not unsettled()
    bring_in(UID)
    assert payers() == {"S1": two.pk}
    tokens.settle(first)
    second.refresh_from_db()
    assert cards.meant([UID]) == {UID: first}
    assert second.is_set_aside


def test_one_of_several_that_is_blocked_is_told_to_be_so():
    first = issued_by(partner("One"))
    issued_by(partner("Two"))
    tokens.block(first, at=NOW)
    assert told() == ("Blocked", "blocked")


def test_a_partner_has_a_uid_once_however_it_is_written_and_another_may_have_it_too():
    one, two = partner("One"), partner("Two")
    issued_by(one)
    with pytest.raises(TokenTaken):
        issued_by(one, uid=SPELLED)
    issued_by(two)
    tokens.create(uid=UID)
    with pytest.raises(TokenTaken):
        tokens.create(uid=UID)
    assert Token.objects.count() == 3


@pytest.mark.parametrize("whitelist", ["", "SOMETIMES"])
def test_a_partners_card_says_whether_the_partner_is_asked(whitelist):
    with pytest.raises(PartnerCardRefused) as refused:
        issued_by(partner("One"), whitelist=whitelist)
    assert refused.value.code == Code.PARTNER_NEEDS_WHITELIST


def test_only_a_roaming_partner_issues_cards():
    company = accounts.create(kind=Account.Kind.COMPANY, name="Bolaget AB", country="SE")
    with pytest.raises(PartnerCardRefused) as refused:
        issued_by(company)
    assert refused.value.code == Code.NOT_A_PARTNER


def test_a_partner_that_is_closed_charges_no_more():
    one = partner("One")
    issued_by(one)
    Account.objects.filter(pk=one.pk).update(is_active=False)
    assert told() == ("Blocked", "partner_ended")


def test_no_driver_and_no_other_payer_gets_a_partners_card():
    one, two, anna = partner("One"), partner("Two"), driver("Anna")
    card = issued_by(one)
    own = tokens.create(uid="04FFFFFFFF")
    for refused in (
        lambda: card_moves.give(card, driver=anna),
        lambda: account_moves.move(card, to=two),
        lambda: account_moves.move(card, to=None),
        lambda: account_moves.move(card, to=one, pays=False),
        lambda: tokens.create(uid="04EE", driver=anna, issuer=one, whitelist="ALWAYS"),
    ):
        with pytest.raises(PartnerCardRefused):
            refused()
    for gone, kept in ((card, own), (own, card)):
        with pytest.raises(MergeRefused):
            merging.merge_cards(gone, kept, reason="why")


def test_a_card_that_an_import_met_turns_out_to_be_a_partners_and_its_sessions_follow():
    one, two = partner("One"), partner("Two")
    bring_in(UID)
    card = Token.objects.get()
    assert (payers(), told()) == ({"S1": None}, ("Invalid", "nobodys"))
    assert partner_cards.issue(card, issuer=one, whitelist="ALLOWED").sessions == 1
    assert (payers(), told()) == ({"S1": one.pk}, ("Accepted", "whitelist"))
    assert partner_cards.issue(card, issuer=one, whitelist="ALLOWED", is_valid=False).sessions == 0
    assert told() == ("Invalid", "partner_timeout")
    partner_cards.issue(card, issuer=two, whitelist="ALWAYS")
    assert payers() == {"S1": two.pk}
    partner_cards.issue(card, issuer=None)
    card.refresh_from_db()
    assert (payers(), card.whitelist, told()) == ({"S1": None}, "", ("Invalid", "nobodys"))


def test_a_card_that_a_driver_has_had_is_no_partners():
    card = tokens.create(uid=UID, driver=driver("Anna"))
    with pytest.raises(PartnerCardRefused) as refused:
        partner_cards.issue(card, issuer=partner("One"), whitelist="ALWAYS")
    assert refused.value.code == Code.CARD_HAS_HOLDER


def test_of_two_who_say_at_once_whose_card_it_is_the_last_is_believed_and_pays():
    one, two = partner("One"), partner("Two")
    token = tokens.create(uid="04C0FFEE02")
    as_read_before = Token.objects.get(pk=token.pk)
    partner_cards.issue(token, issuer=one, whitelist="ALWAYS")
    stale = Token.objects.get(pk=token.pk)
    partner_cards.issue(Token.objects.get(pk=token.pk), issuer=two, whitelist="ALWAYS")
    partner_cards.issue(stale, issuer=one, whitelist="ALWAYS")
    assert AccountMember.objects.get(token=token).account == one
    with pytest.raises(PartnerCardRefused):
        account_members.move(as_read_before, to=two)
    assert AccountMember.objects.get(token=token).account == Token.objects.get(pk=token.pk).issuer == one


def test_a_merged_card_of_ours_is_told_where_it_hides_a_partners():
    kept, merged = tokens.create(uid="04AA"), tokens.create(uid="04C0FFEE03")
    Token.objects.filter(pk=merged.pk).update(merged_into=kept)
    theirs = tokens.create(uid="04C0FFEE03", issuer=partner("One"), whitelist="ALWAYS")
    assert cards.meant(["04C0FFEE03"]) == {"04C0FFEE03": kept}
    assert [each.pk for each in cards.namesakes(theirs)] == [merged.pk]
    assert [each.pk for each in cards.listing(condition=cards.UNSETTLED)] == [theirs.pk]


def stays(card, **left_to):
    with pytest.raises(PartnerCardRefused) as refused:
        partner_cards.remove(card, **left_to)
    assert Token.objects.filter(pk=card.pk).exists()
    assert partner_cards.may_go(card) is (refused.value.code != Code.CARD_IN_USE)
    return refused.value.code


def test_a_card_of_ours_that_is_nobodys_goes_and_the_partners_of_its_uid_is_meant():
    one, two = issued_by(partner("One")), issued_by(partner("Two"), uid=SPELLED, whitelist="ALWAYS")
    own = tokens.create(uid=UID)
    assert told() == ("Invalid", "nobodys")
    assert stays(own, left_to=tokens.create(uid="04AA")) == Code.NOT_A_NAMESAKE
    assert stays(own, left_to=issued_by(one.issuer, uid="04BB")) == Code.NOT_A_NAMESAKE
    partner_cards.remove(own, left_to=two)
    assert (cards.meant([UID]), told()) == ({UID: two}, ("Accepted", "whitelist"))
    assert unsettled() == set()
    one.refresh_from_db()
    assert one.is_set_aside


def test_one_that_was_written_twice_is_left_to_nobody_while_the_other_is_there():
    theirs, own = issued_by(partner("One")), tokens.create(uid=UID)
    twin = tokens.create(uid=SPELLED)
    assert stays(own, left_to=theirs) == Code.OWN_CARD_GOES_FIRST
    partner_cards.remove(twin)
    partner_cards.remove(own, left_to=theirs)
    assert cards.meant([UID]) == {UID: theirs}


@pytest.mark.parametrize("use", ["charged", "held", "had", "account", "merged", "kept", "partner"])
def test_what_was_used_or_has_somebody_stays(use):
    card = issued_by(partner("One")) if use == "partner" else tokens.create(uid=UID)
    if use == "charged":
        bring_in(UID)
    if use in ("held", "had"):
        card_moves.give(card, driver=driver("Anna"), until=NOW if use == "had" else None)
    if use == "account":
        account_moves.move(card, to=accounts.create(kind=Account.Kind.COMPANY, name="Co", country="SE"))
    if use in ("merged", "kept"):
        other = tokens.create(uid="04AA")
        gone, kept = (card, other) if use == "merged" else (other, card)
        merging.merge_cards(gone, kept, reason="one card")
    card.refresh_from_db()
    assert stays(card) == Code.CARD_IN_USE
