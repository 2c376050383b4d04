"""What stands in log lines: no secret of a link, nobody's key, no traceback of a refusal; and whose request it was."""

import io
import logging
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils.timezone import now

from portal.gate import throttle
from portal.gate.throttle import Limit
from portal.middleware.log_lines import without_secrets
from portal.tests.links import through
from tenants.models import User
from tenants.services.people import invitations
from tenants.services.proof import factor_resets, password_links

LINKS = ("invitation", "first password", "new password", "stop")


@pytest.fixture
def written(caplog):
    """All that is logged: as the configured handlers write it, and as any other handler would find it."""
    stream, root = io.StringIO(), logging.getLogger()
    (ours,) = [handler for handler in root.handlers if type(handler) is logging.StreamHandler]
    copy = logging.StreamHandler(stream)
    copy.setFormatter(ours.formatter)
    for each in ours.filters:
        copy.addFilter(each)
    root.addHandler(copy)
    caplog.set_level(logging.DEBUG)
    yield lambda: stream.getvalue() + caplog.text
    root.removeHandler(copy)


@pytest.fixture
def link(request, north, olga, otto):
    """A link of the kind, and its secret."""
    if request.param == "invitation":
        made = invitations.invite(north, email="ines@example.com", role="support", by=olga)
        return f"/account/invitations/{made.invitation.public_id}/{made.secret}/", made.secret
    if request.param == "stop":
        word = factor_resets.stop_word(
            factor_resets.ask(otto, operator=north, by=olga, reason="the phone is lost", at=now())
        )
        return f"/account/second-factor/reset/stop/{word}/", word
    if request.param == "first password":
        person, token = password_links.FIRST.parts(User.objects.create_user("new@example.com", None))
        return f"/account/password/{person}/{token}/", token
    person, token = password_links.NEW.parts(otto)
    return f"/account/password/reset/{person}/{token}/", token


@pytest.mark.parametrize("link", LINKS, indirect=True)
def test_no_secret_of_a_link_is_ever_logged(link, written, monkeypatch):
    address, secret = link
    client = Client(raise_request_exception=False)
    page = through(client, address)
    assert secret not in page
    assert client.get(page).status_code == 200
    seen = {client.post(page, {"name": "", "password": "short", "again": "x"}).status_code}
    made_up = address.replace(secret, f"{secret}x")
    for ask in (
        lambda: client.get(made_up),
        lambda: client.post(made_up),
        lambda: client.put(address),
        lambda: client.get(f"{address}more/"),
        lambda: client.get(address.rstrip("/") + "%00/"),
        lambda: client.get("/account/sign-in/", {"next": address}),
        lambda: client.get("/o/nowhere/", {"next": address}),
        lambda: client.get(address, headers={"host": "elsewhere.example"}),
    ):
        seen.add(ask().status_code)
    monkeypatch.setattr(throttle, "LINK_FROM_ADDRESS", Limit("test-link", burst=1, every_s=600))
    seen |= {client.get(address).status_code for _ in range(2)}
    monkeypatch.setattr("portal.gate.links.crypto.encrypt", lambda *_, **__: 1 / 0)
    monkeypatch.setattr(throttle, "LINK_FROM_ADDRESS", Limit("test-link-2", burst=9, every_s=600))
    seen.add(client.get(address).status_code)
    assert {302, 400, 404, 410, 429, 500} - seen <= ({400} if "stop" in address else set())
    text = written()
    assert "/account/" in text
    assert secret not in text


@pytest.mark.parametrize("link", LINKS, indirect=True)
def test_the_secret_leaves_the_address_and_goes_to_one_page_alone(link):
    address, secret = link
    client = Client()
    answer = client.get(address)
    (cookie,) = answer.cookies.values()
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (answer["Location"], True, "Lax")
    assert secret not in str(answer.headers) + str(cookie)
    assert answer["Referrer-Policy"] == "same-origin"
    assert Client().get(answer["Location"]).status_code == 410, "without the cookie it is nobody's"
    other = Client()
    other.cookies[cookie.key] = cookie.value[:-4] + "AAAA"
    assert other.get(answer["Location"]).status_code == 410


def test_a_refused_page_is_one_line_with_its_request(north, sara, sign_in, written):
    for path, status in (("/o/north/invitations/new/", 403), ("/o/nowhere/", 404), ("/nothing/", 404)):
        before = len(written().splitlines())
        answer = sign_in(sara).get(path)
        assert answer.status_code == status
        lines = [line for line in written().splitlines()[before:] if path in line]
        assert lines, path
        assert f"[{answer['X-Request-Id']}]" in written()
    assert "Traceback" not in written()


def test_a_fault_of_ours_keeps_its_traceback(north, olga, sign_in, written, monkeypatch):
    monkeypatch.setattr("portal.web.home.redirect", lambda *_: 1 / 0)
    client = sign_in(olga)
    client.raise_request_exception = False
    assert client.get("/").status_code == 500
    assert "ZeroDivisionError" in written()


def test_keys_and_links_inside_other_text_are_cut():
    key = "wl_live_abcdef123456_" + "S" * 43
    for text in (f"key {key}", f"Bearer {key},", f"?next=%2Faccount%2Finvitations%2F1%2F{'S' * 43}%2F&a=b"):
        assert "SSS" not in without_secrets(text)
    for plain in ("/account/password/reset/", "/account/invitations/open/", "/account/second-factor/reset/stop/"):
        assert without_secrets(plain) == plain


def test_what_is_kept_on_disk_is_for_our_own_user_alone(north, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "elsewhere")
    name = default_storage.save(f"operators/{north.pk}/exports/x.csv", ContentFile(b"x" * 10))
    file = Path(settings.MEDIA_ROOT, name)
    assert file.stat().st_mode & 0o777 == 0o600
    for folder in (file.parent, file.parent.parent, file.parent.parent.parent):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_counters_hold_nobody(north, sven, sign_in):
    server = redis.Redis.from_url(settings.REDIS_URL)
    sign_in(sven).get("/o/north/")
    Client().post("/account/sign-in/", {"email": sven.email, "password": "wrong wrong"}, REMOTE_ADDR="203.0.113.9")
    keys = b" ".join(server.scan_iter("*")).decode(errors="replace")
    assert "203.0.113" not in keys
    assert "127.0.0.1" not in keys
    assert "access.stranger" not in keys
    assert sven.email not in keys
