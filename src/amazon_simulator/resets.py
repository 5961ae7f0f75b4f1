"""Break a connection the way a network does: no answer, no orderly end."""

import socket
import struct
import sys

from aiohttp import web


def reset(request: web.Request) -> web.Response:
    """Reset the connection of a request. The response returned is never sent."""
    transport = request.transport
    if transport is not None:
        found = transport.get_extra_info("socket")
        if found is not None:  # a linger of zero seconds turns the close into a reset
            linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    return web.Response()
