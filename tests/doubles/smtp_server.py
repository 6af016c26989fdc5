"""A mail server on loopback that takes mail, or does not, as a test tells it."""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading
from email.message import EmailMessage
from typing import Any, cast


class SMTPServer:
    """``recipient`` and ``data`` are what it answers to RCPT and to a whole message; None: it hangs up instead.

    A message is kept as soon as it was taken whole, also where the answer is not a friendly one.
    """

    def __init__(self) -> None:
        self.recipient: str | None = "250 fine"
        self.data: str | None = "250 taken"
        self.mails: list[EmailMessage] = []
        self.to: list[str] = []
        self.connections = 0
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.mails]

    def _handler(self) -> type[socketserver.StreamRequestHandler]:
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                outer.connections += 1
                self._say("220 double")
                while line := self.rfile.readline():
                    word = line.decode().strip()
                    if not self._answer(word):
                        return

            def _answer(self, word: str) -> bool:
                command = word[:4].upper()
                if command == "QUIT":
                    self._say("221 bye")
                    return False
                if command == "RCPT":
                    outer.to.append(word.split(":", 1)[1].strip(" <>"))
                    return self._say(outer.recipient)
                if command == "DATA":
                    self._say("354 go on")
                    outer.mails.append(self._message())
                    return self._say(outer.data)
                return self._say("250 double" if command in {"EHLO", "HELO"} else "250 fine")

            def _message(self) -> EmailMessage:
                lines = []
                while (line := self.rfile.readline()) not in {b".\r\n", b""}:
                    lines.append(line)
                policy: Any = email.policy.default
                return cast(EmailMessage, email.message_from_bytes(b"".join(lines), policy=policy))

            def _say(self, text: str | None) -> bool:
                if text is None:
                    return False
                self.wfile.write(f"{text}\r\n".encode())
                return True

        return Handler
