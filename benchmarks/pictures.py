"""The pictures of README.md: four pages of the demonstration, in the light, two in Swedish and two in English.

Run: `bin/benchmark pictures`, where Chromium is and `bin/test` has brought the packages of development. It builds the
demonstration in a state of its own (two minutes), serves it, takes the pictures, and throws the state away. Look at them
before they are committed: what the demonstration shows depends on the hour, so let it be a working day's.
"""

import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db.models import Count
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from benchmarks.lighthouse import serving
from benchmarks.visitors import signed_in
from billing.models import Invoice, InvoiceLine
from launcher import browser
from portal.demo.people import CAST
from tenants.models import Operator, User
from tenants.scoping import tenant_scope

FOLDER = Path(settings.BASE_DIR) / "docs" / "img"
WIDTH, HEIGHT = 1280, 860
#: Of a picture of text and areas, so many colours are all that anybody sees.
COLOURS = 256
#: An invoice that shows what one is, and fits the picture.
SESSIONS, LINES = (3, 5), (6, 11)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: the name of its file, its page, and in which language."""

    name: str
    path: str
    language: str


def main() -> None:
    """Build the demonstration and take the pictures of its owner's pages."""
    chromium = browser.find(os.environ)
    if not chromium:
        raise SystemExit("Pictures need Chromium: name one in CHROMIUM.")
    call_command("demo")
    owner = CAST[0]
    user = User.objects.get(email=owner.email)
    with serving() as address, sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        for picture in pictures(Operator.objects.get(slug=owner.operator)):
            size = take(launched, address, user, picture)
            print(f"{picture.name}.png, {size / 1000:.0f} kB: {picture.path}")
        launched.close()


def pictures(operator: Operator) -> list[Picture]:
    """The pages: a session by day and by night, its tariff, and an invoice that is neither short nor long."""
    with tenant_scope(operator.pk):
        energy = InvoiceLine.objects.filter(component="ENERGY", session__isnull=False)
        by_session = energy.values("session").annotate(prices=Count("unit_price", distinct=True))
        newest = by_session.filter(prices__gte=2).order_by("-session")[0]["session"]
        line = energy.filter(session=newest).select_related("session", "tariff_version__tariff")[0]
        issued = Invoice.objects.filter(state=Invoice.State.ISSUED, kind=Invoice.Kind.INVOICE)
        fits = issued.filter(session_count__range=SESSIONS).annotate(length=Count("lines"))
        invoice = fits.filter(length__gte=LINES[0], length__lte=LINES[1]).order_by("-number")[0]
    slug, tariff = operator.slug, line.tariff_version.tariff
    return [
        Picture("overview", reverse("staff:overview", args=[slug]), "sv"),
        Picture("tariff", reverse("finance:tariff_edit", args=[slug, tariff.public_id]), "sv"),
        Picture("session", reverse("staff:session_detail", args=[slug, line.session.public_id]), "en"),
        Picture("invoice", reverse("finance:invoice_detail", args=[slug, invoice.public_id]), "en"),
    ]


def take(launched: Browser, address: str, user: User, picture: Picture) -> int:
    """Take one picture as the person sees the page; return the size of its file in bytes."""
    context = launched.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", reduced_motion="reduce"
    )
    cookies = {name: morsel.value for name, morsel in signed_in(user).cookies.items()}
    cookies[settings.LANGUAGE_COOKIE_NAME] = picture.language
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
    page = context.new_page()
    page.goto(f"{address}{picture.path}", wait_until="networkidle")
    taken = Image.open(BytesIO(page.screenshot())).convert("RGB")
    context.close()
    file = FOLDER / f"{picture.name}.png"
    taken.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    return file.stat().st_size


if __name__ == "__main__":
    main()
