"""Network addresses: read from what a proxy says, and counted by who holds them."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

IPV6_SUBNET = 64


def parsed(text: str) -> str | None:
    """Return the address, without the port or brackets a proxy may add; None if it is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    found = _address(text)
    return None if found is None else str(found)


def network(address: str | None) -> str:
    """Return what is counted for the address: of IPv6 its /64, as one line has 2^64 addresses to try from."""
    found = _address(address or "")
    if isinstance(found, IPv6Address):
        return str(ip_network((int(found), IPV6_SUBNET), strict=False))
    return str(found)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
