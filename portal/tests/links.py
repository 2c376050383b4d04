"""Opening a link that holds a secret, as a browser does: its first answer leads to the page itself."""

from django.test import Client


def through(client: Client, link: str) -> str:
    """Return the address of the page that the link leads this browser to; the link itself where it opens nothing."""
    answer = client.get(link)
    return answer["Location"] if answer.status_code == 302 else link
