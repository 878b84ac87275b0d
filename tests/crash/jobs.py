"""A service with jobs that outlives the server of the sweep: Glue, as far as `startJobRun.sync` asks it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Jobs:
    """Writes the key of each job that is started to `runs.log` in `folder`, as functions do; each has succeeded when it is
    asked after."""

    def __init__(self, folder: Path) -> None:
        log = folder / "runs.log"

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer: dict[str, Any] = {}
                if self.headers["X-Amz-Target"] == "AWSGlue.StartJobRun":
                    with log.open("a", encoding="utf-8") as file:
                        file.write(given["Arguments"]["--key"] + "\n")
                    answer = {"JobRunId": "jr_1"}
                elif self.headers["X-Amz-Target"] == "AWSGlue.GetJobRun":
                    answer = {"JobRun": {"Id": given["RunId"], "JobName": "etl", "JobRunState": "SUCCEEDED"}}
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                return None

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="jobs", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
