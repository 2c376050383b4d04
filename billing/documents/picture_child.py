"""What the process that `pictures` starts does: read a picture within bounds and draw it anew on a new sheet."""

from io import BytesIO
from typing import Any, BinaryIO, Final

from PIL import Image, ImageOps, UnidentifiedImageError

from billing.domain.errors import BillingError, Code
from tenants.strangers import inside
from tenants.strangers.inside import Messages

KINDS: Final = ("PNG", "JPEG")
#: A picture is larger than any logo beyond this, and no logo below that.
MOST_PIXELS: Final = 16_000_000
LEAST_SIDE: Final = 24
#: So large it is kept: 55 mm by 18 mm at 300 dots an inch.
LARGEST: Final = (650, 213)
#: As light as this, of 255, is not seen on paper.
PAPER: Final = 235


def _draw(stored: BinaryIO, _job: dict[str, Any]) -> Messages:
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(stored, formats=KINDS) as opened:
            _check_size(*opened.size)
            sheet = _sheet(opened)
    except UnidentifiedImageError:
        raise BillingError(_why_unknown(stored)) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BillingError(Code.NO_PICTURE) from None
    if _is_unseen(sheet):
        raise BillingError(Code.PICTURE_UNSEEN)
    png = BytesIO()
    sheet.save(png, format="PNG", optimize=True)
    yield {"width": sheet.width, "height": sheet.height}, [png.getvalue()]


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise BillingError(Code.PICTURE_TOO_LARGE, width=width, height=height, limit=MOST_PIXELS // 1_000_000)
    if min(width, height) < LEAST_SIDE:
        raise BillingError(Code.PICTURE_TOO_SMALL, width=width, height=height, limit=LEAST_SIDE)


def _sheet(opened: Image.Image) -> Image.Image:
    """The picture upright, in plain colours and no larger than needed, on a sheet that holds nothing else."""
    upright = ImageOps.exif_transpose(opened).convert("RGBA")
    upright.thumbnail(LARGEST, Image.Resampling.LANCZOS)
    sheet = Image.new("RGBA", upright.size)
    sheet.paste(upright)
    return sheet.convert("RGB") if _extremes(sheet.getchannel("A"))[0] == 255 else sheet


def _is_unseen(sheet: Image.Image) -> bool:
    paper = Image.new("RGBA", sheet.size, "white")
    paper.alpha_composite(sheet.convert("RGBA"))
    return _extremes(paper.convert("L"))[0] > PAPER


def _extremes(grey: Image.Image) -> tuple[int, int]:
    """The least and the greatest value of a picture of one channel."""
    values = grey.tobytes()
    return min(values), max(values)


def _why_unknown(stored: BinaryIO) -> Code:
    stored.seek(0)
    return Code.PICTURE_SVG if b"<svg" in stored.read(4096).lower() else Code.PICTURE_KIND


if __name__ == "__main__":
    inside.work({"draw": _draw})
