"""What a first visit fetches: one sheet, one script, compressed, kept for good, and together no more than 100 kB."""

import re

import pytest

from portal import bundles
from portal.bundles import BUNDLES
from portal.tests import in_production
from portal.tests.in_production import HOST

PROBES = f"""
from django.core.management import call_command
from django.test import Client
call_command("collectstatic", verbosity=0, interactive=False)

def fetch(path, encoding="br, gzip"):
    answer = Client().get(path, secure=True, headers={{"host": "{HOST}", "accept-encoding": encoding}})
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return {{"status": answer.status_code, "headers": dict(answer.headers), "bytes": len(body),
            "text": body.decode("latin-1")}}

page = fetch("/account/sign-in/", "identity")
found["page"] = page
found["compressed"] = fetch("/account/sign-in/")
import re
found["files"] = {{path: fetch(path) for path in re.findall(r'(?:href|src)="(/static/[^"#]+)', page["text"])}}
sheet = next(path for path in found["files"] if path.endswith(".css"))
found["sheet"] = fetch(sheet, "identity")["text"]
"""


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    return in_production.found(tmp_path_factory.mktemp("bundles"), PROBES)


def test_a_page_names_one_sheet_and_one_script_of_ours(visit):
    names = [re.sub(r"\.[0-9a-f]{12}\.", ".", path) for path in visit["files"]]
    assert [name for name in names if name.endswith(".css")] == ["/static/css/portal.css"]
    assert "/static/js/portal.js" in names
    assert len([name for name in names if name.endswith(".js")]) <= 3  # htmx, ours, and that of this page


def test_what_it_names_is_there_compressed_and_kept_for_good(visit):
    for path, file in visit["files"].items():
        assert file["status"] == 200, path
        assert "immutable" in file["headers"]["Cache-Control"], path
        if path.endswith((".css", ".js")):
            assert file["headers"]["Content-Encoding"] == "br", path


def test_the_page_itself_is_compressed_and_kept_by_nobody(visit):
    assert visit["compressed"]["headers"]["Content-Encoding"] == "gzip"
    assert visit["compressed"]["bytes"] < visit["page"]["bytes"] / 2
    assert "no-store" in visit["compressed"]["headers"]["Cache-Control"]


def test_a_first_visit_weighs_less_than_a_hundred_kilobytes(visit):
    font = 35_000  # the one face that Latin text needs
    files = sum(file["bytes"] for file in visit["files"].values())
    assert visit["compressed"]["bytes"] + files + font < 100_000


def test_every_part_is_in_the_sheet_with_addresses_that_lead_somewhere(visit):
    assert "--" in visit["sheet"]
    assert "@layer doors" in visit["sheet"]
    assert all("/../" not in address for address in re.findall(r"url\(([^)]*)\)", visit["sheet"]))


def test_a_bundle_has_no_part_twice():
    for parts in BUNDLES.values():
        assert len(set(parts)) == len(parts)


def test_every_sheet_and_small_behaviour_of_ours_is_in_a_bundle(settings):
    static = settings.BASE_DIR / "static"
    ours = {f"{path.parent.name}/{path.name}" for kind in ("css", "js") for path in (static / kind).iterdir()}
    alone = {"js/charts.js", "js/passkeys.js", "js/service-worker.js"}
    assert ours - alone == {part for parts in BUNDLES.values() for part in parts if not part.startswith("font/")}


def test_what_is_inside_of_something_is_still_meant_when_spaces_are_gone():
    sheet = "@layer a { .field :where(input, select) { color: red } .field ::placeholder { color: blue } }"
    small = bundles._small("x.css", sheet)
    assert ".field *:where(input,select)" in small
    assert ".field *::placeholder" in small
