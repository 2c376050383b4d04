"""What makes a PDF with an invoice file in it a Factur-X document: its metadata says so.

typst embeds the file and writes the metadata of the archive form; it has no words for what others define. So the
description is put in afterwards, and beside it what its words mean, which PDF/A asks of every word it does not know.
"""

import io
from typing import Any, Final

import pikepdf
from lxml import etree

from billing.documents import packing

#: The name of the file is part of the standard.
FILE_NAME: Final = "factur-x.xml"
SPACE: Final = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_SAID: Final = {
    "DocumentType": ("INVOICE", "Invoice or credit note"),
    "DocumentFileName": (FILE_NAME, "The name of the embedded file"),
    "Version": ("1.0", "The version of the standard of the embedded file"),
    "ConformanceLevel": ("EN 16931", "The profile of the embedded file"),
}
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_EXTENSION: Final = "http://www.aiim.org/pdfa/ns/extension/"
_SCHEMA, _PROPERTY = "http://www.aiim.org/pdfa/ns/schema#", "http://www.aiim.org/pdfa/ns/property#"


def described(pdf: bytes) -> bytes:
    """Return the PDF with metadata that name its embedded invoice. The same PDF gives the same bytes."""
    try:
        return packing.packed(pdf, metadata=_with_words)
    except packing.Unfamiliar:
        return _by_reading(pdf)


def _by_reading(pdf: bytes) -> bytes:
    """The same of any PDF: every object is read and written anew, which takes five times as long."""
    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        metadata = document.Root.Metadata
        metadata.write(_with_words(metadata.read_bytes()))
        packed = pikepdf.ObjectStreamMode.generate
        kept = pikepdf.StreamDecodeLevel.none
        document.save(made, deterministic_id=True, stream_decode_level=kept, object_stream_mode=packed)
    return made.getvalue()


def _with_words(xmp: bytes) -> bytes:
    """The metadata with ours in them."""
    before, start, rest = xmp.partition(b"<rdf:RDF")
    inner, end, after = rest.rpartition(b"</rdf:RDF>")
    root = etree.fromstring(start + inner + end, etree.XMLParser(resolve_entities=False, no_network=True))
    said = etree.SubElement(root, f"{{{_RDF}}}Description", nsmap={"fx": SPACE})
    said.set(f"{{{_RDF}}}about", "")
    for name, (value, _meaning) in _SAID.items():
        etree.SubElement(said, f"{{{SPACE}}}{name}").text = value
    _schemas(root).append(_schema())
    return before + bytes(etree.tostring(root, encoding="UTF-8")) + after


def _schemas(root: Any) -> Any:
    """The list of what words mean: there is at most one."""
    found = root.find(f".//{{{_EXTENSION}}}schemas/{{{_RDF}}}Bag")
    if found is not None:
        return found
    described = etree.SubElement(root, f"{{{_RDF}}}Description", nsmap={"pdfaExtension": _EXTENSION})
    described.set(f"{{{_RDF}}}about", "")
    return etree.SubElement(etree.SubElement(described, f"{{{_EXTENSION}}}schemas"), f"{{{_RDF}}}Bag")


def _schema() -> Any:
    schema = _resource()
    for name, value in (("schema", "Factur-X"), ("namespaceURI", SPACE), ("prefix", "fx")):
        etree.SubElement(schema, f"{{{_SCHEMA}}}{name}").text = value
    words = etree.SubElement(etree.SubElement(schema, f"{{{_SCHEMA}}}property"), f"{{{_RDF}}}Seq")
    for name, (_value, meaning) in _SAID.items():
        word = _resource()
        facts = {"name": name, "valueType": "Text", "category": "external", "description": meaning}
        for fact, value in facts.items():
            etree.SubElement(word, f"{{{_PROPERTY}}}{fact}").text = value
        words.append(word)
    return schema


def _resource() -> Any:
    item = etree.Element(f"{{{_RDF}}}li", nsmap={"rdf": _RDF, "pdfaSchema": _SCHEMA, "pdfaProperty": _PROPERTY})
    item.set(f"{{{_RDF}}}parseType", "Resource")
    return item
