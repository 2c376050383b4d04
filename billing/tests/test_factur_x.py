"""The invoice for machines in the PDF: the standard's own rules accept each, one wrong cent or byte they refuse."""

import io
from decimal import Decimal
from typing import Any

import pikepdf
import pypdf
import pytest
from lxml import etree

from billing.documents import factur_x, packing
from billing.e_invoices import cii, ubl
from billing.e_invoices.checks import NAMES
from billing.selectors import invoices
from billing.services import documents
from billing.services.credit_notes import credit
from billing.tests import standard
from billing.tests.bills import bill, by_gln, by_iban, discounted, exempt, mixed, note, outside, reverse, zero
from billing.tests.factories import NOVEMBER, connector, drafted, driver, flat, session, tariff
from billing.tests.test_e_invoices import KINDS, charged, of_buyer, priced
from tenants.models import Operator

GOOD = [bill, discounted, note, reverse, exempt, zero, outside, by_iban, by_gln]
CII = {"rsm": cii.RSM, "ram": cii.RAM, "udt": cii.UDT, "qdt": cii.QDT}
SUMS = "//ram:SpecifiedTradeSettlementHeaderMonetarySummation"
AMOUNTS = [
    f"{SUMS}/ram:LineTotalAmount",
    f"{SUMS}/ram:TaxBasisTotalAmount",
    f"{SUMS}/ram:TaxTotalAmount",
    f"{SUMS}/ram:RoundingAmount",
    f"{SUMS}/ram:GrandTotalAmount",
    f"{SUMS}/ram:DuePayableAmount",
    "//ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:CalculatedAmount",
    "//ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:BasisAmount",
    "//ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount",
]


@pytest.fixture(scope="module")
def schema():
    return standard.schema("facturx-en16931/Factur-X_EN16931.xsd")


@pytest.fixture(scope="module")
def judge():
    return standard.judge("facturx-en16931/FACTUR-X_EN16931.xslt")


def said(root: Any, path: str) -> list[str]:
    return [node.text for node in root.xpath(path, namespaces=CII)]


@pytest.mark.parametrize("made", GOOD)
def test_the_schema_and_the_rules_of_the_standard_accept_it(made, schema, judge):
    xml = cii.write(made())
    schema.assertValid(etree.fromstring(xml))
    assert judge(xml) == set()


@pytest.mark.parametrize("path", AMOUNTS)
def test_one_cent_more_is_refused(path, judge):
    root: Any = etree.fromstring(cii.write(bill()))
    (amount, *_) = root.xpath(path, namespaces=CII)
    amount.text = str(Decimal(amount.text) + Decimal("0.01"))
    assert judge(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def refused(xml: bytes, schema: Any, judge: Any) -> bool:
    try:
        schema.assertValid(etree.fromstring(xml))
    except (etree.XMLSyntaxError, etree.DocumentInvalid):
        return True
    return bool(judge(xml))


@pytest.mark.parametrize(
    "bytes_",
    [b"DuePayableAmount", b"CategoryCode>S", b"CurrencyCode>SEK", b'format="102', b"en16931:2017"],
)
def test_one_other_byte_is_refused(bytes_, schema, judge):
    xml = cii.write(bill())
    assert not refused(xml, schema, judge)
    assert bytes_ in xml
    assert refused(xml.replace(bytes_, bytes_[:-1] + b"x"), schema, judge)


#: Where both files say the same term: its path as UBL, and as CII.
SAME = {
    "cbc:ID": "rsm:ExchangedDocument/ram:ID",
    "cbc:InvoiceTypeCode|cbc:CreditNoteTypeCode": "rsm:ExchangedDocument/ram:TypeCode",
    "cbc:Note": "//ram:IncludedNote/ram:Content",
    "cbc:BuyerReference": "//ram:BuyerReference",
    "cac:OrderReference/cbc:ID": "//ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID",
    "cac:BillingReference//cbc:ID": "//ram:InvoiceReferencedDocument/ram:IssuerAssignedID",
    "cbc:DocumentCurrencyCode": "//ram:InvoiceCurrencyCode",
    "//cac:PartyLegalEntity/cbc:RegistrationName": "//ram:SellerTradeParty/ram:Name|//ram:BuyerTradeParty/ram:Name",
    "//cac:PartyLegalEntity/cbc:CompanyID": "//ram:SpecifiedLegalOrganization/ram:ID",
    "//cbc:EndpointID": "//ram:URIUniversalCommunication/ram:URIID",
    "//cac:PartyTaxScheme/cbc:CompanyID": "//ram:SpecifiedTaxRegistration/ram:ID",
    "//cac:PostalAddress/cbc:StreetName": "//ram:PostalTradeAddress/ram:LineOne",
    "//cac:PostalAddress/cbc:CityName": "//ram:PostalTradeAddress/ram:CityName",
    "//cac:PostalAddress/cbc:PostalZone": "//ram:PostalTradeAddress/ram:PostcodeCode",
    "//cac:Country/cbc:IdentificationCode": "//ram:PostalTradeAddress/ram:CountryID",
    "//cac:Contact/cbc:Telephone": "//ram:DefinedTradeContact//ram:CompleteNumber",
    "//cac:Contact/cbc:ElectronicMail": "//ram:DefinedTradeContact//ram:URIID",
    "cac:PaymentMeans/cbc:PaymentMeansCode": "//ram:SpecifiedTradeSettlementPaymentMeans/ram:TypeCode",
    "cac:PaymentMeans/cbc:PaymentID": "//ram:PaymentReference",
    "//cac:PayeeFinancialAccount/cbc:ID": "//ram:PayeePartyCreditorFinancialAccount/*",
    "cac:PaymentTerms/cbc:Note": "//ram:SpecifiedTradePaymentTerms/ram:Description",
    "cac:TaxTotal/cac:TaxSubtotal/cbc:TaxableAmount": "//ram:ApplicableTradeTax/ram:BasisAmount",
    "cac:TaxTotal/cac:TaxSubtotal/cbc:TaxAmount": "//ram:ApplicableTradeTax/ram:CalculatedAmount",
    "//cac:TaxCategory/cbc:TaxExemptionReason": "//ram:ExemptionReason",
    "//cac:TaxCategory/cbc:TaxExemptionReasonCode": "//ram:ExemptionReasonCode",
    "cac:TaxTotal/cbc:TaxAmount": f"{SUMS}/ram:TaxTotalAmount",
    "cac:LegalMonetaryTotal/cbc:AllowanceTotalAmount": f"{SUMS}/ram:AllowanceTotalAmount",
    "//cac:AllowanceCharge/cbc:AllowanceChargeReason": "//ram:SpecifiedTradeAllowanceCharge/ram:Reason",
    "//cac:AllowanceCharge/cbc:AllowanceChargeReasonCode": "//ram:SpecifiedTradeAllowanceCharge/ram:ReasonCode",
    "cac:LegalMonetaryTotal/cbc:LineExtensionAmount": f"{SUMS}/ram:LineTotalAmount",
    "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount": f"{SUMS}/ram:TaxBasisTotalAmount",
    "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount": f"{SUMS}/ram:GrandTotalAmount",
    "cac:LegalMonetaryTotal/cbc:PayableRoundingAmount": f"{SUMS}/ram:RoundingAmount",
    "cac:LegalMonetaryTotal/cbc:PayableAmount": f"{SUMS}/ram:DuePayableAmount",
    "cac:*[cac:Item]/cbc:ID": "//ram:AssociatedDocumentLineDocument/ram:LineID",
    "//cbc:InvoicedQuantity|//cbc:CreditedQuantity": "//ram:BilledQuantity",
    "cac:*[cac:Item]/cbc:LineExtensionAmount": "//ram:SpecifiedTradeSettlementLineMonetarySummation/*",
    "//cac:Item/cbc:Name": "//ram:SpecifiedTradeProduct/ram:Name",
    "//cac:Price/cbc:PriceAmount": "//ram:NetPriceProductTradePrice/ram:ChargeAmount",
    "//cac:AllowanceCharge/cbc:Amount": "//ram:SpecifiedTradeAllowanceCharge/ram:ActualAmount",
    "//cac:AllowanceCharge/cbc:ChargeIndicator": "//udt:Indicator",
}
DAYS = {
    "cbc:IssueDate": "rsm:ExchangedDocument/ram:IssueDateTime/*",
    "cbc:DueDate": "//ram:DueDateDateTime/*",
    "cac:BillingReference//cbc:IssueDate": "//ram:FormattedIssueDateTime/*",
    "cac:InvoicePeriod/*": "//ram:ApplicableHeaderTradeSettlement/ram:BillingSpecifiedPeriod/*/*",
    "cac:*/cac:InvoicePeriod/*": "//ram:SpecifiedLineTradeSettlement/ram:BillingSpecifiedPeriod/*/*",
}


@pytest.mark.parametrize("made", GOOD)
def test_both_files_say_the_same(made):
    other: Any = etree.fromstring(ubl.write(made()))
    root: Any = etree.fromstring(cii.write(made()))
    for path, ours in SAME.items():
        assert said(root, ours) == [node.text for node in other.xpath(path, namespaces=NAMES)], ours
    for path, ours in DAYS.items():
        assert said(root, ours) == [node.text.replace("-", "") for node in other.xpath(path, namespaces=NAMES)], ours
    rates = "//cac:TaxCategory[../cbc:TaxableAmount]/cbc:{}"
    tax = "//ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:{}"
    for term, name in (("ID", "CategoryCode"), ("Percent", "RateApplicablePercent")):
        assert said(root, tax.format(name)) == [node.text for node in other.xpath(rates.format(term), namespaces=NAMES)]


def embedded(content: bytes) -> bytes:
    reader = pypdf.PdfReader(io.BytesIO(content))
    (found,) = reader.attachments[factur_x.FILE_NAME]
    return bytes(found)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("whole_kronor", [False, True])
def test_the_pdf_of_every_kind_of_document_has_one_that_is_accepted(seller, kind, whole_kronor, schema, judge):
    facts = KINDS[kind]
    Operator.objects.update(rounds_to_crowns=whole_kronor, **facts.get("seller", {}))
    invoice = charged(**{"kwh": 7, **of_buyer(facts)})
    noted = credit(invoice, reason="Fel mätare", by=None, at=NOVEMBER)
    for document, sign in ((invoice, 1), (invoices.referring().get(pk=noted.pk), -1)):
        xml = embedded(documents.pdf(document))
        root = etree.fromstring(xml)
        schema.assertValid(root)
        assert judge(xml) == set()
        assert said(root, f"{SUMS}/ram:DuePayableAmount") == [f"{sign * document.amount_due:.2f}"]


def test_the_metadata_name_the_file_and_say_what_their_words_mean(seller):
    reader = pypdf.PdfReader(io.BytesIO(documents.pdf(charged())))
    root: Any = reader.trailer["/Root"]
    (file,) = (each.get_object() for each in root["/AF"])
    assert (file["/F"], file["/UF"], file["/AFRelationship"]) == (*[factur_x.FILE_NAME] * 2, "/Alternative")
    assert file["/EF"]["/F"].get_object()["/Subtype"] == "/text/xml"
    metadata: Any = etree.fromstring(root["/Metadata"].get_object().get_data())
    rdf = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
    told = {node.tag.partition("}")[2]: node.text for node in metadata.iter(f"{{{factur_x.SPACE}}}*")}
    assert told == {
        "DocumentType": "INVOICE",
        "DocumentFileName": "factur-x.xml",
        "Version": "1.0",
        "ConformanceLevel": "EN 16931",
    }
    (schemas,) = metadata.iter("{http://www.aiim.org/pdfa/ns/extension/}schemas")
    spaces = [node.text for node in schemas.iter("{http://www.aiim.org/pdfa/ns/schema#}namespaceURI")]
    assert spaces.count(factur_x.SPACE) == 1
    assert len(schemas) == 1
    names = [node.text for node in schemas.iter("{http://www.aiim.org/pdfa/ns/property#}name")]
    assert set(told) <= set(names)
    assert metadata.tag == "{adobe:ns:meta/}xmpmeta" or metadata.tag == f"{rdf}RDF"
    parts = {node.tag: node.text for node in metadata.iter() if str(node.tag).endswith("}part")}
    assert parts == {"{http://www.aiim.org/pdfa/ns/id/}part": "3", "{http://www.aiim.org/pdfua/ns/id/}part": "1"}


@pytest.fixture
def plain(seller, monkeypatch):
    """A document with its file, as typst writes it."""
    monkeypatch.setattr(factur_x, "described", lambda pdf: pdf)
    return documents.pdf(charged())


def objects(pdf: bytes) -> dict[int, Any]:
    """What each object says, streams with their bytes; but for the metadata."""
    found = {}
    with pikepdf.open(io.BytesIO(pdf)) as document:
        size, metadata = int(document.trailer.Size), document.Root.Metadata.objgen[0]
        for number in range(1, size):
            one = document.get_object(number, 0)
            is_stream = isinstance(one, pikepdf.Stream)
            if number != metadata and (not is_stream or one.get("/Type") not in ("/ObjStm", "/XRef")):
                raw = (one.read_raw_bytes(), repr(one.stream_dict)) if is_stream else one.unparse()
                found[number] = raw
    return {number: said for number, said in found.items() if said != b"null"}


def test_packing_loses_and_changes_no_object(plain):
    made = packing.packed(plain, metadata=lambda xmp: xmp)
    assert objects(made) == objects(plain)
    assert len(objects(plain)) > packing.TOGETHER
    assert len(made) < 0.6 * len(plain)
    with pikepdf.open(io.BytesIO(made)) as document, pikepdf.open(io.BytesIO(plain)) as before:
        assert document.check_pdf_syntax() == []
        assert document.Root.Metadata.read_raw_bytes() == before.Root.Metadata.read_raw_bytes()
        ours, theirs = document.trailer.ID, before.trailer.ID
        assert (bytes(ours[0]), bytes(ours[1])) != (bytes(theirs[0]), bytes(theirs[1]))
        assert bytes(ours[0]) == bytes(theirs[0])
    assert packing.packed(plain, metadata=lambda xmp: xmp) == made


def test_metadata_of_another_length_move_what_stands_after_them(plain):
    made = packing.packed(plain, metadata=lambda xmp: xmp + b" " * 5_000)
    assert objects(made) == objects(plain)
    with pikepdf.open(io.BytesIO(made)) as document:
        assert document.check_pdf_syntax() == []
        assert document.Root.Metadata.read_bytes().endswith(b" " * 5_000)


@pytest.mark.parametrize(
    ("said", "instead"),
    [(b"startxref", b"startxrex"), (b"trailer\n<<", b"trailer\n<</Prev 9 "), (b"\n12 0 obj", b"\n13 0 obj")],
)
def test_a_file_of_another_shape_is_not_packed_blindly(plain, said, instead):
    assert said in plain
    with pytest.raises(packing.Unfamiliar):
        packing.packed(plain.replace(said, instead), metadata=lambda xmp: xmp)


def test_a_pdf_of_another_writer_is_described_too(plain):
    other = io.BytesIO()
    with pikepdf.open(io.BytesIO(plain)) as document:
        document.save(other, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    described = factur_x._by_reading(other.getvalue())
    with pytest.raises(packing.Unfamiliar):
        packing.packed(other.getvalue(), metadata=factur_x._with_words)
    assert embedded(described) == embedded(plain)
    with pikepdf.open(io.BytesIO(described)) as document:
        assert factur_x.SPACE.encode() in document.Root.Metadata.read_bytes()


def test_what_breaks_the_standard_has_none(seller):
    invoice = charged(priced(("ENERGY", "2", "25"), ("FLAT", "5", None)))
    content = documents.pdf(invoice)
    assert b"factur-x" not in content
    assert content.startswith(b"%PDF")


def test_a_draft_has_none(seller):
    tariff(flat())
    session(connector(), driver())
    assert b"factur-x" not in documents.pdf(drafted().invoices.get())


def test_mixed_kinds_of_vat_break_the_rules_here_too(judge):
    assert "BR-O-11" in judge(cii.write(mixed()))
