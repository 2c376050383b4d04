"""The signed records of a charge as the transparency software reads them: anybody can verify them without us.

That software (S.A.F.E. e.V.) is what meter law has in mind for whoever doubts a bill. Its files are XML.
"""

from collections.abc import Iterable

from lxml import etree

from charging.domain.signed import ocmf
from charging.domain.signed.ocmf import Unreadable


def written(number: str, records: Iterable[tuple[str, str]], public_key: str) -> bytes:
    """Return the file.

    number: of the charge. records: each as it came, with its occasion. public_key: hex, empty where none is registered.
    """
    root = etree.Element("values")
    for raw, context in records:
        value = etree.SubElement(root, "value", transactionId=number, context=context or "Transaction.End")
        _with_record(value, raw)
        if public_key:
            etree.SubElement(value, "publicKey", encoding="hex").text = public_key
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _with_record(value: etree._Element, raw: str) -> None:
    try:
        record, form = ocmf.unwrapped(raw), {"format": "OCMF"}
    except Unreadable:
        record, form = raw.encode(), {}
    data = etree.SubElement(value, "signedData", form)
    try:
        data.text = record.decode()
        data.set("encoding", "plain")
    except ValueError:  # signs that XML cannot hold
        data.text = record.hex()
        data.set("encoding", "hex")
