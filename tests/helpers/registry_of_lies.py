# SPDX-License-Identifier: Apache-2.0
"""A registry for tests that does not say the same twice, over OCI layouts: registry_of_lies.py MODE LAYOUT…
MODE turns:    the tag means the first layout's image once, from then on the second's.
MODE reflect:  answers everything with an error that repeats the request's credentials.
The first line of output is the port, then method, path, credentials of each request."""
import http.server, json, pathlib, sys

mode, layouts = sys.argv[1], [pathlib.Path(name) for name in sys.argv[2:]]
asked = 0


def index(layout):
    return json.loads((layout / "index.json").read_text())["manifests"]


def named(layout, name):
    for entry in index(layout):
        if entry.get("annotations", {}).get("org.opencontainers.image.ref.name") == name:
            return entry["digest"]
    return None


def blob(digest):
    for layout in layouts:
        path = layout / "blobs" / "sha256" / digest.removeprefix("sha256:")
        if path.exists():
            return path.read_bytes()
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def send(self, status, body=b"", kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="lies"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def manifest(self, name):
        global asked
        digest = name
        if not name.startswith("sha256:"):
            if name == "t":
                asked += 1
                digest = named(layouts[0 if asked == 1 else 1], "t")
            else:
                digest = next((found for layout in layouts if (found := named(layout, name))), None)
        body = blob(digest) if digest else None
        if body is None:
            return self.send(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
        return self.send(200, body, json.loads(body)["mediaType"])

    def reflect(self):
        said = self.headers.get("Authorization")
        if said is None:
            return self.send(401, b"{}")
        text = json.dumps({"errors": [{"code": "DENIED", "message": f"no entry with {said}"}]})
        return self.send(403, text.encode())

    def answer(self):
        print(self.command, self.path, self.headers.get("Authorization", ""), flush=True)
        parts = self.path.split("?")[0].split("/")
        if mode == "reflect":
            return self.reflect()
        if parts[-2:-1] == ["manifests"]:
            return self.manifest(parts[-1])
        if parts[-2:-1] == ["blobs"] and (body := blob(parts[-1])) is not None:
            return self.send(200, body, "application/octet-stream")
        return self.send(200 if self.path == "/v2/" else 404, b"{}")

    do_GET = do_HEAD = do_POST = do_PUT = answer


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
