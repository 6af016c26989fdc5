"""The bare echo server that the gateway is compared with: ``python -m bench.echo PORT``."""

from __future__ import annotations

import asyncio
import sys
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def _healthy(connection: ServerConnection, request: Request) -> Response | None:
    return connection.respond(HTTPStatus.OK, "") if request.path == "/healthz" else None


async def main(port: int) -> None:
    async with serve(echo, "127.0.0.1", port, process_request=_healthy, compression=None, ping_interval=None) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
