"""A seller and a buyer whose particulars an e-invoice can name."""

from tenants.models import Account

SELLER = {
    "legal_name": "North Charging AB",
    "organisation_number": "556016-0680",
    "vat_number": "SE556016068001",
    "street": "Kajen 1",
    "postal_code": "411 01",
    "city": "Göteborg",
    "bankgiro": "5050-1055",
}
BUYER = {
    "kind": Account.Kind.COMPANY,
    "name": "Åkeri & Söner <AB>",
    "organisation_number": "5560360793",
    "vat_number": "SE556036079301",
    "street": "Ringvägen 3",
    "postal_code": "118 60",
    "city": "Stockholm",
    "country": "SE",
    "buyer_reference": "Kostnadsställe 410",
    "delivery": Account.Delivery.E_INVOICE,
}
