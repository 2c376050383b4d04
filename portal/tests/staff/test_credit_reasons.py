"""The operator's own reasons for crediting, in the languages of its documents."""

from billing.models import CreditReason
from billing.selectors import credit_reasons
from billing.selectors.credit_reasons import USUAL, Reason
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope

PAGE = "/o/north/settings/credit-reasons/"


def test_the_usual_reasons_stand_there_until_the_operator_has_its_own(sign_in, olga, north):
    shown = sign_in(olga).get(PAGE)
    assert [(sv.value(), en.value()) for sv, en in shown.context["form"].rows()][: len(USUAL)] == [
        (reason.swedish, reason.english) for reason in USUAL
    ]
    with tenant_scope(north.pk):
        assert not CreditReason.objects.exists()
        assert credit_reasons.reasons() == list(USUAL)


def test_the_list_is_kept_in_its_order_without_empty_rows_and_logged(sign_in, olga, north):
    sent = {"sv_0": "Goodwill", "en_0": "", "sv_1": "", "en_1": "", "sv_2": "Fel kabel", "en_2": "Wrong cable"}
    assert sign_in(olga).post(PAGE, sent)["Location"] == PAGE
    with tenant_scope(north.pk):
        assert credit_reasons.reasons() == [Reason("Goodwill", ""), Reason("Fel kabel", "Wrong cable")]
        entry = AuditEntry.objects.get(event="invoice.reasons_changed")
        assert entry.additional_data == {"reasons": ["Goodwill", "Fel kabel / Wrong cable"]}


def test_when_all_are_emptied_the_usual_ones_come_back(sign_in, olga, north):
    browser = sign_in(olga)
    browser.post(PAGE, {"sv_0": "Goodwill"})
    browser.post(PAGE, {"sv_0": ""})
    with tenant_scope(north.pk):
        assert credit_reasons.reasons() == list(USUAL)


def test_a_reason_is_said_in_the_language_of_the_document_or_in_the_one_there_is():
    assert Reason("Fel pris", "Wrong price").in_language("en") == "Wrong price"
    assert Reason("Fel pris", "").in_language("en") == "Fel pris"
    assert Reason("", "Wrong price").in_language("sv-SE") == "Wrong price"
