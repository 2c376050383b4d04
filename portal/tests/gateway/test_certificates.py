"""Stations that prove themselves by a certificate: only by the one that is registered, and never by less again."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.utils import timezone
from websockets.exceptions import InvalidStatus

from charging.domain.errors import CommandRefused
from charging.domain.ocpp import certificates
from charging.domain.ocpp.certificates import NoCertificate
from charging.models import StationKnock, StationLink
from charging.services import station_links
from portal.tests.gateway.conftest import Gateway
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope

pytestmark = [pytest.mark.django_db(transaction=True)]
HEADER = "X-Station-Certificate"


def certificate(name="Torget-1", *, days=365):
    key, at = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    until = at + timedelta(days=days)
    made = x509.CertificateBuilder(named, named, key.public_key(), 1, until - timedelta(days=400), until)
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


OWN, OTHER = certificate(), certificate()


@pytest.fixture
def proxied(transactional_db):
    """A gateway behind a proxy that ends TLS; what the test sends in the header, the proxy has seen."""
    running = Gateway(TRUSTED_PROXIES="1", GATEWAY_CERTIFICATE_HEADER=HEADER)
    yield running
    running.kill()


def registered(street, written=OWN):
    with tenant_scope(street.operator.pk):
        return station_links.set_certificate(street.station, written=written, at=timezone.now())


def status_of(gateway, street, shown="", *, password="wrong"):
    headers = {HEADER: quote(shown)} if shown else {}
    with tenant_scope(street.operator.pk):
        StationKnock.objects.all().delete()
    try:
        with gateway.station("Torget-1", password, headers=headers):
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


def refused_for(street):
    with tenant_scope(street.operator.pk):
        return StationKnock.objects.get().reason


def test_the_registered_certificate_lets_a_station_in_without_its_password(proxied, street):
    registered(street)
    assert status_of(proxied, street, OWN) == 101
    with tenant_scope(street.operator.pk):
        assert StationLink.objects.get().certified_at is not None


@pytest.mark.parametrize("shown", ["", OTHER, "no certificate", "%00", OWN[:200]])
def test_another_certificate_or_none_lets_nobody_in(proxied, street, shown):
    registered(street)
    assert status_of(proxied, street, shown) == 401
    assert refused_for(street) == "wrong_password"


def test_who_has_come_by_a_certificate_comes_by_no_password_again(proxied, street):
    registered(street)
    assert status_of(proxied, street, password=street.password) == 101
    assert status_of(proxied, street, OWN) == 101
    assert status_of(proxied, street, password=street.password) == 401
    assert refused_for(street) == "certificate"


def test_one_that_was_taken_away_or_replaced_is_dead_at_once(proxied, street):
    registered(street)
    assert status_of(proxied, street, OWN) == 101
    registered(street, OTHER)
    assert status_of(proxied, street, OWN) == 401
    with tenant_scope(street.operator.pk):
        station_links.remove_certificate(street.station)
    for_a_rest(proxied)
    assert status_of(proxied, street, OTHER, password=street.password) == 101


def for_a_rest(gateway):
    """A name that was refused is not looked up for some seconds; a gateway that starts anew remembers none."""
    gateway.kill()
    gateway.start()


def test_an_expired_one_lets_nobody_in(proxied, street):
    registered(street)
    with tenant_scope(street.operator.pk):
        StationLink.objects.update(certificate_until=timezone.now() - timedelta(seconds=1))
    assert status_of(proxied, street, OWN) == 401


def test_a_header_that_no_proxy_wrote_is_believed_by_nobody(gateway, street):
    registered(street)
    assert status_of(gateway, street, OWN) == 401
    other = Gateway(GATEWAY_CERTIFICATE_HEADER=HEADER)  # no proxy in front
    try:
        assert status_of(other, street, OWN) == 401
    finally:
        other.kill()


def test_a_header_that_stands_there_twice_is_believed_by_nobody(proxied, street):
    registered(street)
    twice = [("Authorization", "Basic eA=="), (HEADER, quote(OTHER)), (HEADER, quote(OWN))]
    with pytest.raises(InvalidStatus), proxied.station("Torget-1", "x", additional_headers=twice):
        pass


def test_what_is_registered_is_read_and_logged_and_what_is_none_refused(street):
    found = registered(street)
    assert (found.name, found.digest) == ("Torget-1", certificates.digest(quote(OWN)))
    with tenant_scope(street.operator.pk):
        assert AuditEntry.objects.filter(event="station.certificate_set").count() == 1
    for wrong in ("", "nonsense", OWN.replace("M", "?"), OWN.split("-----END", maxsplit=1)[0], certificate(days=-1)):
        with pytest.raises(CommandRefused):
            registered(street, wrong)
    with pytest.raises(NoCertificate):
        certificates.read("-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----")
    assert certificates.read(certificate("")).name == ""
