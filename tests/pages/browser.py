"""Headless Chromium as tests drive it: the DevTools protocol over a pipe, which needs no other package."""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
"""The browser; None where there is none, and its tests are skipped."""
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    "--force-color-profile=srgb",
    "--remote-debugging-pipe",
)
_CEILING = 300
"""Seconds after which a browser that does not answer is taken to hang, however busy the machine."""
_SIZE = {"width": 1200, "height": 760, "deviceScaleFactor": 1, "mobile": False}


class Page:
    """A page in a browser of its own."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back, self._rest, self._last = to, back, b"", 0
        self._session: str | None = None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.send("Emulation.setDeviceMetricsOverride", **_SIZE)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result; events are passed over."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._read())
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise LookupError(answer["error"])
                result: dict[str, Any] = answer["result"]
                return result

    def _read(self) -> bytes:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._back], [], [], _CEILING)
            assert ready, "the browser hangs"
            piece = os.read(self._back, 1 << 20)
            assert piece, "the browser has ended"
            self._rest += piece
        message, self._rest = self._rest.split(b"\0", 1)
        return message

    def open(self, file: Path, ready: str) -> None:
        """Open a file, and wait until an expression of JavaScript is true in it."""
        self.send("Page.navigate", url=file.resolve().as_uri())
        self.wait(ready)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript, as JSON can hold it; promises are waited for."""
        done = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until an expression is true; the page may be loading."""
        loop = f"""new Promise((done) => {{
            const met = () => {{ try {{ return {condition}; }} catch {{ return false; }} }};
            const look = () => (met() ? done(true) : setTimeout(look, 30));
            look();
        }})"""
        for _ in range(20):  # a page that goes while it is asked answers with an error
            with contextlib.suppress(LookupError):
                self.evaluate(loop)
                return
        raise AssertionError(condition)

    def drop(self, *files: Path) -> None:
        """Drag files over the middle of the page and let go."""
        data = {"items": [], "files": [str(file.resolve()) for file in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.send("Input.dispatchDragEvent", type=kind, x=400, y=300, data=data)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press the mouse at one point of the window, and let it go at another."""
        where = {"button": "left", "buttons": 1, "clickCount": 1}
        self.send("Input.dispatchMouseEvent", type="mousePressed", x=start[0], y=start[1], **where)
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=end[0], y=end[1], **where)
        self.send("Input.dispatchMouseEvent", type="mouseReleased", x=end[0], y=end[1], **where)

    def screenshot(self) -> bytes:
        """What the page looks like, as a PNG."""
        return base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])


@contextlib.contextmanager
def browser() -> Iterator[Page]:
    """A headless browser with a profile of its own, ended with the block."""
    assert CHROMIUM is not None
    ours_in, theirs_out = os.pipe()
    theirs_in, ours_out = os.pipe()
    theirs = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10) for descriptor in (theirs_in, theirs_out)]
    # The protocol comes in by descriptor 3 and goes out by 4.
    line = f'exec "$0" "$@" 3<&{theirs[0]} 4>&{theirs[1]}'
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            ["bash", "-c", line, CHROMIUM, *_FLAGS, f"--user-data-dir={profile}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=theirs,
            start_new_session=True,
        )
        for descriptor in (theirs_in, theirs_out, *theirs):
            os.close(descriptor)
        try:
            yield Page(ours_out, ours_in)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            os.close(ours_in)
            os.close(ours_out)
