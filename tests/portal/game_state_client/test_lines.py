"""The WebSocket below the client: how openings fail, and with which code a line was closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from portal.game_state_client.lines import LineClosed, NotOpened, open_line
from tests.servers import free_port


def with_server(
    handler: Callable[[ServerConnection], Awaitable[None]], work: Callable[[str], Awaitable[None]], **options: Any
) -> None:
    async def run() -> None:
        async with serve(handler, "127.0.0.1", 0, **options) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            await work(f"ws://127.0.0.1:{port}/game-state/v1")

    asyncio.run(run())


def test_messages_go_both_ways_and_binary_ones_are_left_out() -> None:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(b"binary")
            await connection.send(message)

    async def work(url: str) -> None:
        line = await open_line(url)
        await line.send('{"type":"flush","text":"Ω"}')
        assert await line.receive() == '{"type":"flush","text":"Ω"}'
        await line.close()
        with pytest.raises(LineClosed):
            await line.send("too late")

    with_server(echo, work)


@pytest.mark.parametrize("code", [1000, 1012, 4004])
def test_a_line_that_is_closed_says_with_which_code_and_first_what_was_said(code: int) -> None:
    async def close(connection: ServerConnection) -> None:
        await connection.send("last words")
        await connection.close(code)

    async def work(url: str) -> None:
        line = await open_line(url)
        assert await line.receive() == "last words"
        with pytest.raises(LineClosed) as closed:
            await line.receive()
        assert closed.value.code == code
        with pytest.raises(LineClosed) as closed:
            await line.send("too late")
        assert closed.value.code == code

    with_server(close, work)


def test_a_line_that_just_ends_has_the_code_of_none() -> None:
    async def vanish(connection: ServerConnection) -> None:
        connection.transport.abort()

    async def work(url: str) -> None:
        line = await open_line(url)
        with pytest.raises(LineClosed) as closed:
            await line.receive()
        assert closed.value.code == 1006

    with_server(vanish, work)


@pytest.mark.parametrize(
    ("status", "header", "lasting", "retry_after"),
    [
        (404, "", True, None),
        (403, "", True, None),
        (503, "7", False, 7),
        (502, "soon", False, None),
        (429, "", False, None),
    ],
)
def test_an_opening_that_is_refused_says_whether_trying_again_is_of_use(
    status: int, header: str, lasting: bool, retry_after: float | None
) -> None:
    def refuse(connection: ServerConnection, _request: Any) -> Any:
        response = connection.respond(HTTPStatus(status), "no\n")
        if header:
            response.headers["Retry-After"] = header
        return response

    async def never(_connection: ServerConnection) -> None:
        raise AssertionError

    async def work(url: str) -> None:
        with pytest.raises(NotOpened, match=str(status)) as fault:
            await open_line(url)
        assert (fault.value.lasting, fault.value.retry_after) == (lasting, retry_after)

    with_server(never, work, process_request=refuse)


def test_nobody_at_the_address_passes_and_no_address_at_all_does_not() -> None:
    async def work() -> None:
        with pytest.raises(NotOpened, match="cannot be reached") as fault:
            await open_line(f"ws://127.0.0.1:{free_port()}/game-state/v1")
        assert not fault.value.lasting
        with pytest.raises(NotOpened, match="begins with wss://") as fault:
            await open_line("https://portal.example/game-state/v1")
        assert fault.value.lasting

    asyncio.run(work())
