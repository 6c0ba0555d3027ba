#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A push that is killed before one of its requests, any of those that write manifests: the tag names the old
# image until the new one is there with all of its parts and signatures; another push heals what is left.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq docker-registry curl python3
export ALNAGE_PASSWORD=
old=$(python3 tests/system/images.py "$tmp/old" 1000 amd64)
new=$(python3 tests/system/images.py "$tmp/new" 2000 amd64 arm64)
"$alnage" keygen "$tmp/k" >/dev/null 2>&1
for name in old new; do "$alnage" sign --key "$tmp/k" "oci:$tmp/$name:v1" >/dev/null 2>&1; done
start_registry
"$alnage" push --quiet "oci:$tmp/old:v1" "$registry/old:v1" >/dev/null
repositories=$tmp/registry/docker/registry/v2/repositories

# Between client and registry: kills the client when its n-th request comes.
cat >"$tmp/proxy.py" <<-'PROXY'
	import http.client, http.server, os, signal, sys, threading
	target, folder = sys.argv[1:]
	lock, count = threading.Lock(), 0
	def read(name): return int(open(folder + "/" + name).read())
	class Proxy(http.server.BaseHTTPRequestHandler):
	    protocol_version = "HTTP/1.1"
	    def serve(self):
	        global count
	        if self.path == "/begin": count = 0; return self.answer(200, [], b"")
	        if self.path == "/count": return self.answer(200, [], str(count).encode())
	        with lock:
	            count += 1
	            if count == read("n"): os.kill(read("pid"), signal.SIGKILL)
	            if count >= read("n"): self.close_connection = True; return
	        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
	        headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
	        connection = http.client.HTTPConnection(target)
	        connection.request(self.command, self.path, body, headers)
	        answer = connection.getresponse()
	        self.answer(answer.status, answer.getheaders(), answer.read())
	    def answer(self, status, headers, body):
	        self.send_response(status)
	        for name, value in headers:
	            if name.lower() not in ("content-length", "connection", "transfer-encoding"): self.send_header(name, value)
	        self.send_header("Content-Length", str(len(body)))
	        self.end_headers()
	        self.wfile.write(body)
	    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = serve
	    def log_message(self, *args): pass
	server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
	server.daemon_threads = True
	print(server.server_port, flush=True)
	server.serve_forever()
PROXY
python3 "$tmp/proxy.py" "$registry" "$tmp" >"$tmp/port" 2>/dev/null &
at_end "kill $! 2>/dev/null"
wait_for test -s "$tmp/port"
proxy=127.0.0.1:$(cat "$tmp/port")

push() { # NAME N: killed before its N-th request
	rm -rf "${repositories:?}/$1"
	cp -r "$repositories/old" "$repositories/$1"
	rm -rf "$tmp/registry/docker/registry/v2/blobs"
	cp -r "$tmp/blobs" "$tmp/registry/docker/registry/v2/blobs"
	echo "$2" >"$tmp/n"
	curl -fsS -o /dev/null "http://$proxy/begin"
	status=0
	# shellcheck disable=SC2016 # expanded by that shell
	bash -c 'echo $$ >"$1/pid"; exec "$2" push --quiet "oci:$1/new:v1" "$3:v1"' - "$tmp" "$alnage" "$proxy/$1" >"$tmp/said" 2>&1 || status=$?
} 2>/dev/null
whole() { # NAME: what the tag names is there and signed; sets $have
	rm -rf "$tmp/pulled"
	have=$("$alnage" pull --quiet "$registry/$1:v1" "oci:$tmp/pulled:v1" 2>"$tmp/said") || { cat "$tmp/said"; return 1; }
	have=${have##*@}
	"$alnage" verify --signature-only --key "$tmp/k.pub" "oci:$tmp/pulled:v1" >"$tmp/said" 2>&1 || { cat "$tmp/said"; return 1; }
	for digest in "$have" $(jq -r '.manifests[]?.digest' "$tmp/pulled/blobs/sha256/${have#*:}"); do
		"$alnage" verify --signature-only --key "$tmp/k.pub" "oci:$tmp/pulled@$digest" >"$tmp/said" 2>&1 || { cat "$tmp/said"; return 1; }
	done
}

cp -r "$tmp/registry/docker/registry/v2/blobs" "$tmp/blobs"
push whole 1000000
[ $status = 0 ] || { cat "$tmp/said"; fail "a push that nobody interrupts"; }
total=$(curl -fsS "http://$proxy/count")
whole whole
same "$have" "$new" "after a whole push"
[ "$total" -gt 20 ] || fail "only $total requests"
killed=0
for n in $(seq 1 5 $((total - 36))) $(seq $((total - 35)) "$total"); do
	push "p$n" "$n"
	named=$(curl -fsS -I -H 'Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json' \
		"http://$registry/v2/p$n/manifests/v1" | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: *\(.*\)\r$/\1/p')
	if [ $status = 137 ]; then
		killed=$((killed + 1))
		same "$named" "$old" "killed before request $n of $total"
	else # one request less than the first time
		same "$status $named" "0 $new" "not killed before request $n of $total"
		whole "p$n" || fail "not whole"
	fi
	[ $((n % 12)) = 0 ] || continue
	"$alnage" push --quiet "oci:$tmp/new:v1" "$registry/p$n:v1" >"$tmp/said" 2>&1 || { cat "$tmp/said"; fail "pushing again"; }
	whole "p$n" || fail "pushed again after request $n: not whole"
	same "$have" "$new" "pushed again after request $n"
done
[ $killed -ge 35 ] || fail "only $killed pushes were killed"
