"""The Python example of a guide, run as somebody who copied it would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fulfillment.deliveries import SECRET
from tests.loopback import free_port

Example = tuple[int, subprocess.Popen[str]]
"""The port that it listens on, and its process."""


@contextmanager
def running_example(guide: str, folder: Path) -> Iterator[Example]:
    """Run the one Python example of a guide's text from a file in ``folder``, for the length of a ``with`` block."""
    [code] = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    file = folder / "example.py"
    file.write_text(
        code.replace("ThreadingHTTPServer((", "server = ThreadingHTTPServer((").replace(
            ").serve_forever()", ")\nprint('listening', flush=True)\nserver.serve_forever()"
        )
    )
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(file)],
        env={**os.environ, "DROPS_SECRET": SECRET, "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "listening\n"
    try:
        yield port, process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
