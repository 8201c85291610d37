"""rust-analyzer on a project: an error appears when a file is saved, and goes when it is mended.

usage: rust_analyzer.py SERVER PROJECT FILE SETTINGS

SETTINGS is a file for VS Code, as `dyndrv editor vscode` prints it. FILE is relative to PROJECT. Says what happened
and when; fails if something does not happen within SECONDS.
"""

import json
import pathlib
import queue
import subprocess
import sys
import threading
import time

SECONDS = 180


class Server:
    """A language server as a child that speaks over its standard input and output."""

    def __init__(self, program, settings):
        self.child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.settings = settings
        self.messages = queue.Queue()
        self.begin = time.monotonic()
        self.last = 0
        threading.Thread(target=self.read, daemon=True).start()

    def say(self, text):
        print(f"{time.monotonic() - self.begin:6.1f} s: {text}", flush=True)

    def read(self):
        while True:
            length = 0
            while line := self.child.stdout.readline().strip():
                name, value = line.split(b":", 1)
                if name.lower() == b"content-length":
                    length = int(value)
            if not length:
                self.messages.put(None)
                return
            self.messages.put(json.loads(self.child.stdout.read(length)))

    def send(self, **message):
        text = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.child.stdin.write(b"Content-Length: %d\r\n\r\n" % len(text) + text)
        self.child.stdin.flush()

    def notify(self, method, **params):
        self.send(method=method, params=params)

    def request(self, method, **params):
        self.last += 1
        number = self.last
        self.send(id=number, method=method, params=params)
        return self.until(method, lambda message: message.get("id") == number and "method" not in message)

    def until(self, what, is_it):
        """Waits for a message; answers requests meanwhile."""
        end = time.monotonic() + SECONDS
        while True:
            try:
                message = self.messages.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                sys.exit(f"{what}: nothing within {SECONDS} s")
            if message is None:
                sys.exit(f"{what}: the server has gone")
            if "id" in message and "method" in message:
                items = message["params"].get("items", []) if message["method"] == "workspace/configuration" else None
                self.send(id=message["id"], result=None if items is None else [self.settings for _ in items])
            if message.get("method") == "window/showMessage":
                self.say(message["params"]["message"])
            if is_it(message):
                return message


def nested(settings):
    """`rust-analyzer.check.overrideCommand` as an object in an object."""
    found = {}
    for name, value in settings.items():
        *path, last = name.split(".")[1:]
        place = found
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return found


def main():
    program, project, file, settings = sys.argv[1:]
    project = pathlib.Path(project).resolve()
    file = project / file
    lines = pathlib.Path(settings).read_text().splitlines()
    settings = nested(json.loads("\n".join(line for line in lines if not line.startswith("//"))))
    server = Server(program, settings)
    server.request(
        "initialize",
        processId=None,
        rootUri=project.as_uri(),
        workspaceFolders=[{"uri": project.as_uri(), "name": project.name}],
        capabilities={
            "experimental": {"serverStatusNotification": True},
            "workspace": {"configuration": True},
            "window": {"workDoneProgress": True},
            "textDocument": {"publishDiagnostics": {"relatedInformation": True}},
        },
        initializationOptions=settings,
    )
    server.notify("initialized")
    uri = file.as_uri()
    right = file.read_text()
    server.notify("textDocument/didOpen", textDocument={"uri": uri, "languageId": "rust", "version": 1, "text": right})

    def is_quiet(message):
        return message.get("method") == "experimental/serverStatus" and message["params"]["quiescent"]

    status = server.until("the workspace is loaded", is_quiet)["params"]
    server.say(f"loaded, {status['health']}: {status.get('message') or 'without complaints'}")

    version = 1

    def save(text):
        nonlocal version
        version += 1
        file.write_text(text)
        document = {"uri": uri, "version": version}
        server.notify("textDocument/didChange", textDocument=document, contentChanges=[{"text": text}])
        server.notify("textDocument/didSave", textDocument={"uri": uri})

    def checked(what, is_shown):
        """Waits for the end of the check, and then for what it has said of the file."""
        shown = ended = False

        def is_it(message):
            nonlocal shown, ended
            params = message.get("params", {})
            if message.get("method") == "textDocument/publishDiagnostics" and params["uri"] == uri:
                shown = any(d.get("source") == "rustc" and d.get("code") == "E0308" for d in params["diagnostics"])
            if message.get("method") == "$/progress" and "flycheck" in str(params["token"]):
                ended = params["value"]["kind"] == "end"
            return ended and shown == is_shown

        server.until(what, is_it)
        server.say(what)

    for turn in 1, 2:
        save(f"{right}\nfn wrong_{turn}() -> u8 {{\n    true\n}}\n")
        checked("saved an error, and it is shown", True)
        save(right)
        checked("saved without it, and it is gone", False)
    server.request("shutdown")
    server.notify("exit")
    if status["health"] == "error":
        sys.exit("the workspace could not be loaded")


main()
