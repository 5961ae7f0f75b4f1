"""Who can reach an address, and from which one somebody calls. Pure."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

UNKNOWN = "unknown"


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a host's name or address."""
    host = host.strip("[]").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def is_own_name(host_header: str) -> bool:
    """Return whether a Host header, with or without its port, names this machine from within.

    Any other name was brought here by somebody else: a page in the browser whose name was pointed at this machine, or
    a tunnel that the whole world can enter.
    """
    name, _, port = host_header.rpartition(":")
    return is_loopback(name if name and port.isdecimal() else host_header)


def caller(peer: str, forwarded_for: str) -> str:
    """Return whom a call counts against: its address, of IPv6 the network (a household has 2**64 addresses).

    Behind a proxy, which has an address that the internet does not, it is the last one that the proxy added; what
    stands before that the caller could have written.
    """
    address = _address(peer)
    if address is not None and not address.is_global and forwarded_for.strip():
        address = _address(forwarded_for.rpartition(",")[2].strip()) or address
    if address is None:
        return UNKNOWN
    return str(_network(address))


def came_by_https(scheme: str, peer: str, forwarded_proto: str) -> bool:
    """Return whether the caller's own connection is encrypted, to us or to the proxy before us."""
    address = _address(peer)
    is_proxy = address is not None and not address.is_global
    return scheme == "https" or (is_proxy and forwarded_proto.rpartition(",")[2].strip().lower() == "https")


def _network(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
