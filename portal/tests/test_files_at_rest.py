"""Whoever takes the folder of files learns nobody's name, mailbox or card."""

from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from billing.exports import formats
from billing.exports.tables import TABLES
from billing.models import Export
from billing.services import exports
from billing.tests import factories
from charging.services import imports
from portal.tests import house
from tenants import work
from tenants.models import Operator, PersonPackage
from tenants.scoping import tenant_scope
from tenants.sealed_files import MARK

UPLOADED = b"card;holder;mailbox\n04AABBCC;Dana Driver;dana@example.com\n"
CANARIES = (b"dana@example.com", b"Dana Driver", b"04AABBCC")


def done(operator_id, name):
    while work.do_next(work.kind_named(name), operator_id, clock=timezone.now):
        pass


def test_no_file_that_is_kept_holds_anybody_in_clear(db, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "files")
    (tmp_path / "files").mkdir()
    built = house.build()
    (tmp_path / "files" / "october.csv").unlink()  # laid there by the house itself
    with tenant_scope(built.north.pk):
        row = imports.upload(ContentFile(UPLOADED, "x.csv"), name="x.csv", by=built.people["otto"])
        Operator.objects.filter(pk=built.north.pk).update(
            organisation_number="556016-0680", vat_number="SE556016068001"
        )
    for kind in Export.Kind:
        form = "csv" if kind in TABLES else ""
        asked: dict[str, Any] = {"kind": kind, "form": form, "month": factories.OCTOBER.date(), "at": timezone.now()}
        asked["dated_by"] = next(iter(formats.of(kind, form).base.within))
        with tenant_scope(built.north.pk):
            name = exports.request(**asked, by=built.people["olga"]).work_kind
        done(built.north.pk, name)
    done(built.north.pk, PersonPackage.work_kind)
    with tenant_scope(built.north.pk):
        made = Export.objects.exclude(file="")
        assert {each.kind for each in made} == set(Export.Kind)
        for each in made:
            with default_storage.open(str(each.file.name)) as file:
                assert len(file.read()) == default_storage.size(str(each.file.name)) > 0
        with row.file.open("rb") as file:
            assert file.read() == UPLOADED
        assert PersonPackage.objects.exclude(file="").exists()
    files = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert len(files) >= len(Export.Kind) + 2
    for path in files:
        content = path.read_bytes()
        assert content.startswith(MARK), path
        assert not [canary for canary in CANARIES if canary in content]
