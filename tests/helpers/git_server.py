#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# git_server.py CERTIFICATE KEY FOLDER LOG FAULTS: repositories below FOLDER by https, on a port of the loopback that
# it prints. Each request becomes a line of LOG and takes the first line of FAULTS, if there is one: a status to answer
# with, "reset" or "cut" (half of the answer), "-" for none.
import http.server
import os
import socket
import ssl
import struct
import subprocess
import sys

certificate, key, folder, log, faults = sys.argv[1:]


def next_fault():
    if not os.path.exists(faults):
        return "-"
    with open(faults) as file:
        lines = file.read().split()
    with open(faults, "w") as file:
        file.write("\n".join(lines[1:]))
    return lines[0] if lines else "-"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def backend(self, body):
        path, _, query = self.path.partition("?")
        environment = {"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": folder, "GIT_HTTP_EXPORT_ALL": "1",
                       "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "uploadpack.allowAnySHA1InWant",
                       "GIT_CONFIG_VALUE_0": "true",
                       "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command,
                       "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                       "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                       "GIT_PROTOCOL": self.headers.get("Git-Protocol", "")}
        said = subprocess.run(["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE).stdout
        head, _, rest = said.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        status = next((int(value[:3]) for name, value in headers if name == "Status"), 200)
        return status, [header for header in headers if header[0] != "Status"], rest

    def answer(self):
        fault = next_fault()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with open(log, "a") as file:
            file.write(f"{self.command} {self.path} {fault}\n")
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if fault.isdigit():
            self.send_error(int(fault))
            return
        status, headers, rest = self.backend(body)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: len(rest) // 2] if fault == "cut" else rest)

    do_GET = do_POST = answer


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
