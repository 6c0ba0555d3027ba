#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A time stamp authority for tests: `openssl ts -reply` behind HTTP on the loopback.

tsa.py FOLDER    FOLDER holds tsa.conf; writes its port to FOLDER/port

The path says what it does: /NAME answers by section NAME of tsa.conf; /NAME/nonce with a
nonce of its own, /NAME/imprint for other bytes, /NAME/long with too many bytes, /NAME/cut
with too few, /NAME/type as text, /NAME/junk with junk, /error with 503, /moved with a redirect.
"""
import http.server
import os
import subprocess
import sys
import tempfile

folder = os.path.abspath(sys.argv[1])


def other_nonce(query):
    digest = query[query.index(b'\x04\x20') + 2:][:32]
    made = subprocess.run(['openssl', 'ts', '-query', '-digest', digest.hex(), '-sha256', '-cert'],
                          capture_output=True, check=True)
    return made.stdout


def other_imprint(query):
    at = query.index(b'\x04\x20') + 2
    return query[:at] + bytes(32) + query[at + 32:]


def reply(section, query):
    with tempfile.TemporaryDirectory() as work:
        with open(work + '/q', 'wb') as file:
            file.write(query)
        subprocess.run(['openssl', 'ts', '-reply', '-config', folder + '/tsa.conf', '-section', section,
                        '-queryfile', work + '/q', '-out', work + '/r'], check=True,
                       stderr=subprocess.DEVNULL, cwd=work)
        with open(work + '/r', 'rb') as file:
            return file.read()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body, kind='application/timestamp-reply', extra=()):
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        for name, value in extra:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        query = self.rfile.read(int(self.headers['Content-Length']))
        section, _, fault = self.path[1:].partition('/')
        if self.headers['Content-Type'] != 'application/timestamp-query' or section == 'error':
            return self.answer(503, b'no')
        if section == 'moved':
            return self.answer(302, b'', extra=[('Location', '/good')])
        if fault == 'nonce':
            query = other_nonce(query)
        if fault == 'imprint':
            query = other_imprint(query)
        body = reply(section, query)
        if fault == 'long':
            body += bytes(70000)
        if fault == 'cut':
            body = body[:-20]
        if fault == 'junk':
            body = b'hello'
        if fault == 'behind':
            body += b'\x00'
        self.answer(200, body, 'text/plain' if fault == 'type' else 'application/timestamp-reply')


server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
with open(folder + '/port.new', 'w') as file:
    file.write(str(server.server_port))
os.rename(folder + '/port.new', folder + '/port')
server.serve_forever()
