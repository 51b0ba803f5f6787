"""A real S3 store on loopback: SeaweedFS, which checks the signature of each request."""

import base64
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pycurl

from tests.support.server import free_port

DEADLINE_SECONDS = 60.0
KEY, SECRET = "reader", "a secret of its own"
"""Of one who may do everything. Nobody in particular may read and list the bucket `public`."""
_IDENTITIES = {
    "identities": [
        {"name": "anonymous", "actions": ["Read:public", "List:public"]},
        {
            "name": "owner",
            "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List"],
        },
    ]
}


class ObjectStore:
    """A store with the buckets `models` and `public`; use it as a context manager."""

    def __enter__(self) -> "ObjectStore":
        self._stack = ExitStack()
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="store-")))
        (self.folder / "identities.json").write_text(json.dumps(_IDENTITIES))
        self._start()
        for bucket in ("models", "public"):
            self.ask("PUT", f"/{bucket}")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()  # told to end, it would wait for others that it hopes for; its data is thrown away
        self._process.wait(timeout=DEADLINE_SECONDS)
        self._stack.close()

    def put(self, bucket: str, key: str, content: bytes, *, with_sum: bool = False) -> None:
        """Store an object; with its SHA-256 where the store is to know that."""
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        headers = [f"x-amz-checksum-sha256: {digest}"] if with_sum else []
        self.ask("PUT", f"/{bucket}/{quote(key)}", content, ["Content-Type: application/octet-stream", *headers])

    def ask(self, method: str, path: str, content: bytes = b"", headers: list[str] | None = None) -> bytes:
        """Send a signed request that must succeed; return the answer's body."""
        answer, curl = BytesIO(), pycurl.Curl()
        digest = hashlib.sha256(content).hexdigest()
        curl.setopt(pycurl.URL, self.url + path)
        curl.setopt(pycurl.CUSTOMREQUEST, method)
        curl.setopt(pycurl.POSTFIELDS, content)
        curl.setopt(pycurl.HTTPHEADER, [*(headers or []), f"x-amz-content-sha256: {digest}"])
        curl.setopt(pycurl.AWS_SIGV4, "aws:amz:us-east-1:s3")
        curl.setopt(pycurl.USERPWD, f"{KEY}:{SECRET}")
        curl.setopt(pycurl.WRITEDATA, answer)
        try:
            curl.perform()
            assert curl.getinfo(pycurl.RESPONSE_CODE) == 200, answer.getvalue()
        finally:
            curl.close()
        return answer.getvalue()

    def _start(self) -> None:
        """Start it and wait until it answers; a port that another process has taken meanwhile costs another try."""
        for _ in range(3):
            self._launch()
            deadline = time.monotonic() + DEADLINE_SECONDS
            while self._process.poll() is None and time.monotonic() < deadline:
                try:
                    self.ask("GET", "/")
                except (pycurl.error, AssertionError):
                    time.sleep(0.05)
                else:
                    return
        raise RuntimeError(f"the store did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def _launch(self) -> None:
        names = ("master", "volume", "filer", "s3")
        ports = [free_port() for _ in range(2 * len(names))]
        options = [f"-{name}.port={port}" for name, port in zip(names, ports, strict=False)]
        options += [f"-{name}.port.grpc={port}" for name, port in zip(names, ports[len(names) :], strict=True)]
        self.url = f"http://127.0.0.1:{ports[3]}"
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    Path(sys.executable).with_name("weed"),
                    "server",
                    f"-dir={self.folder}",
                    *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-s3.port.iceberg=0", "-s3.port.lance=0"),
                    f"-s3.config={self.folder / 'identities.json'}",
                    f"-filer.localSocket={self.folder / 'filer.sock'}",
                    f"-s3.localSocket={self.folder / 's3.sock'}",
                    *("-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=100"),
                    *options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
