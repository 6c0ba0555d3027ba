#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Recipes of other collections as they are: they stand in for ours, have a folder of their own files, are
# built with an older self, and their archives and repositories come from a folder.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
need jq git openssl python3 curl
recipes=$tmp/recipes
mkdir -p "$recipes/packages" "$tmp/theirs" "$tmp/mirror"
cp -R recipes/pipelines recipes/toolchain* "$recipes/"
stamp=$(date +%s%N) # so that nothing is in the store before
recipe() { # FILE NAME NEEDS: steps on stdin
	{
		printf 'package:\n  name: %s\n  version: "1"\n  epoch: 0\n  description: %s\n' "$2" "$stamp"
		printf '  copyright:\n    - license: Apache-2.0\nenvironment:\n  contents:\n    packages: [%s]\npipeline:\n' "$3"
		cat
	} >"$1"
}
# shellcheck disable=SC2016 # for the recipes
share='${{targets.destdir}}/usr/share'
package() { "$alnage" package --recipes "$recipes" --output "$tmp/out" --quiet "$@"; }
packed() { tar -xzOf "$tmp/out/packages/x86_64/$1-1-r0.apk" "usr/share/$2" 2>/dev/null; }

# ---- a recipe that is named stands in for ours, also where others need it ----
recipe "$recipes/packages/tool.yaml" tool busybox <<<"  - runs: mkdir -p $share; echo ours >$share/tool"
recipe "$recipes/packages/user.yaml" user "busybox, tool" <<<"  - runs: mkdir -p $share; cp /sysroot/usr/share/tool $share/user"
recipe "$tmp/theirs/tool.yaml" tool busybox <<<"  - runs: mkdir -p $share; echo theirs >$share/tool"
expect 0 '' package "$recipes/packages/user.yaml"
same "$(packed user user)" ours
expect 0 '' package "$tmp/theirs/tool.yaml" "$recipes/packages/user.yaml"
same "$(packed user user)" theirs
recipe "$tmp/theirs/again.yaml" tool busybox <<<"  - runs: mkdir -p $share"
expect 1 'both .*tool.yaml and .*again.yaml make the package tool' package "$tmp/theirs/tool.yaml" "$tmp/theirs/again.yaml"

# ---- built with an older self: the toolchain's ----
recipe "$tmp/theirs/gperf.yaml" gperf "busybox, gperf" <<<"  - runs: mkdir -p $share; gperf --version | head -n 1 >$share/gperf"
expect 0 '' package "$tmp/theirs/gperf.yaml"
packed gperf gperf | grep '^GNU gperf' >/dev/null || fail "not built with the toolchain's gperf"

# ---- files of its own: where steps start, and part of the input key ----
recipe "$tmp/theirs/own.yaml" own busybox <<<"  - runs: mkdir -p $share; ./run; cp text link/more $share/; cat text >$share/own"
mkdir -p "$tmp/theirs/own/real"
echo first >"$tmp/theirs/own/text"
echo more >"$tmp/theirs/own/real/more"
ln -s real "$tmp/theirs/own/link"
printf '#!/bin/sh\necho ran >>text2\n' >"$tmp/theirs/own/run"
chmod +x "$tmp/theirs/own/run"
built() { package --json "$@" | jq .built; }
same "$(built "$tmp/theirs/own.yaml")" 1
same "$(packed own own)" first
same "$(built "$tmp/theirs/own.yaml")" 0 "nothing changed"
echo second >"$tmp/theirs/own/text"
same "$(built "$tmp/theirs/own.yaml")" 1 "a file of the folder changed"
same "$(packed own own)" second
chmod -x "$tmp/theirs/own/real/more"
touch "$tmp/theirs/own/text"
same "$(built "$tmp/theirs/own.yaml")" 0 "only a date changed"
# Moved, not copied: the sandbox's file system notes that in a directory of the output.
mkdir "$tmp/theirs/moved"
echo moved >"$tmp/theirs/moved/text"
recipe "$tmp/theirs/moved.yaml" moved busybox <<<"  - runs: mkdir -p $share; mv text $share/moved"
expect 0 '' package "$tmp/theirs/moved.yaml"
same "$(packed moved moved)" moved
mkfifo "$tmp/theirs/own/fifo"
expect 1 'fifo: neither a file nor a directory' package "$tmp/theirs/own.yaml"

# ---- archives from a folder: by digest, by name; never other bytes ----
echo "archive $stamp" >"$tmp/file"
digest=$(sha256sum "$tmp/file" | cut -d' ' -f1)
fetch() { # VERSION-TEXT
	recipe "$tmp/theirs/fetched.yaml" fetched busybox <<-END
		  - uses: fetch
		    with:
		      uri: https://127.0.0.1:1/a%20file.txt
		      expected-sha256: $digest
		      extract: "false"
		  - runs: "mkdir -p $share; cp *.txt $share/fetched # $1"
	END
}
fetch 1
expect 1 '127.0.0.1:1' package "$tmp/theirs/fetched.yaml" --mirror http://127.0.0.1:1 --source-mirror "$tmp/mirror"
cp "$tmp/file" "$tmp/mirror/sha256:$digest"
expect 0 '' package "$tmp/theirs/fetched.yaml" --source-mirror "$tmp/mirror"
same "$(packed fetched fetched)" "archive $stamp"
echo "other $stamp" >"$tmp/file"
digest=$(sha256sum "$tmp/file" | cut -d' ' -f1)
fetch 2
echo wrong >"$tmp/mirror/sha256:$digest"
expect 1 "mirror/sha256:$digest: .*expected" package "$tmp/theirs/fetched.yaml" --source-mirror "$tmp/mirror"

# ---- a zip archive is not unpacked, and the message says how it is ----
python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1], "w").writestr("inside", sys.argv[2])' "$tmp/archive.zip" "$stamp"
digest=$(sha256sum "$tmp/archive.zip" | cut -d' ' -f1)
cp "$tmp/archive.zip" "$tmp/mirror/sha256:$digest"
zip_recipe() { # EXTRACT STEP
	recipe "$tmp/theirs/zipped.yaml" zipped busybox <<-END
		  - uses: fetch
		    with:
		      uri: ftp://example.org/archive.zip
		      expected-sha256: $digest
		      extract: "$1"
		  - runs: mkdir -p $share; $2
	END
}
zip_recipe true true
expect 1 'archive.zip is a zip archive, which tar does not read: say extract: "false"' \
	package "$tmp/theirs/zipped.yaml" --source-mirror "$tmp/mirror"
zip_recipe false "cp archive.zip $share/zipped"
expect 0 '' package "$tmp/theirs/zipped.yaml" --source-mirror "$tmp/mirror"
packed zipped zipped | cmp - "$tmp/archive.zip"
# ftp:// itself is not asked
sed -i "s/expected-sha256: .*/expected-sha256: $(printf '%064d' 1)/" "$tmp/theirs/zipped.yaml"
expect 1 'ftp://example.org/archive.zip: archives are fetched by https and http' package "$tmp/theirs/zipped.yaml"

# ---- without digests: only if the person says so, and each its own; the document names what the recipe says ----
mkdir -p "$tmp/served/one" "$tmp/served/two"
echo "one $stamp" >"$tmp/served/one/file"
echo "two $stamp" >"$tmp/served/two/file"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost -keyout "$tmp/tls.key" -out "$tmp/tls.crt" 2>/dev/null
python3 - "$tmp" <<'END' >"$tmp/port" 2>/dev/null &
import functools, http.server, os, ssl, subprocess, sys
tmp = sys.argv[1]
class Handler(http.server.SimpleHTTPRequestHandler):
    def git(self): # its own server program, as a CGI
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        given = {"REQUEST_METHOD": self.command, "PATH_INFO": path, "QUERY_STRING": query,
            "GIT_PROJECT_ROOT": tmp + "/served", "GIT_HTTP_EXPORT_ALL": "1", "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", "")}
        said = subprocess.run(["git", "http-backend"], env={**os.environ, **given}, input=body, stdout=-1).stdout
        head, _, rest = said.partition(b"\r\n\r\n")
        self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n%s\r\n\r\n" % (len(rest), head) + rest)
    def do_GET(self):
        self.git() if ".git/" in self.path else super().do_GET()
    do_POST = git
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
    functools.partial(Handler, directory=tmp + "/served"))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(tmp + "/tls.crt", tmp + "/tls.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
END
at_end "kill $! 2>/dev/null"
wait_for test -s "$tmp/port"
port=$(cat "$tmp/port")
recipe "$recipes/packages/needed.yaml" "needed-$stamp" busybox <<<"  - runs: mkdir -p $share"
recipe "$tmp/theirs/unpinned.yaml" unpinned "busybox, needed-$stamp" <<-END
	  - working-directory: one
	    uses: fetch
	    with:
	      uri: https://localhost:$port/one/file
	      expected-none: "true"
	      extract: "false"
	      purl-name: other
	      purl-version: "7"
	  - working-directory: two
	    uses: fetch
	    with:
	      uri: https://localhost:$port/two/file
	      expected-none: "true"
	      extract: "false"
	  - runs: mkdir -p $share; cat one/file two/file >$share/unpinned
END
expect 3 "one/file has no digest" package "$tmp/theirs/unpinned.yaml"
grep -q '^  add expected-sha256' "$tmp/said" || fail "no remedy for a source without digest"
compgen -G "$ALNAGE_STORE/logs/needed-$stamp-*" && fail "what it needs was made before a source without digest was refused"
SSL_CERT_FILE=$tmp/tls.crt expect 0 '' package "$tmp/theirs/unpinned.yaml" --allow-unpinned
same "$(packed unpinned unpinned)" "one $stamp"$'\n'"two $stamp"
tar -xzOf "$tmp/out/packages/x86_64/unpinned-1-r0.apk" --wildcards 'var/lib/db/sbom/*' 2>/dev/null >"$tmp/sbom.json"
same "$(jq -r '[.packages[] | select(.primaryPackagePurpose == "SOURCE") | "\(.name) \(.versionInfo)"] | sort | join(",")' "$tmp/sbom.json")" \
	'other 7,unpinned 1'
grep -q 'pkg:generic/other@7?' "$tmp/sbom.json" || fail "no package URL by the given name"

# ---- repositories from a folder, submodules included; nothing else of this machine ----
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
new_repository() { # FOLDER TEXT
	mkdir -p "$1"
	git init -q -b main "$1"
	echo "$2" >"$1/text"
	git -C "$1" add text
	git -C "$1" commit -qm one
}
host=$tmp/mirror/git.example
new_repository "$host/a/library" "library $stamp"
new_repository "$host/a/program.git" "program $stamp"
new_repository "$tmp/private" secret
submodule() { # URL: a commit with that submodule
	git -C "$host/a/program.git" config -f .gitmodules submodule.lib.url "$1"
	git -C "$host/a/program.git" config -f .gitmodules submodule.lib.path lib
	git -C "$host/a/program.git" add .gitmodules
	git -C "$host/a/program.git" update-index --add --cacheinfo "160000,$2,lib"
	git -C "$host/a/program.git" commit -qm "$1"
	git -C "$host/a/program.git" rev-parse HEAD
}
checkout() { # COMMIT
	recipe "$tmp/theirs/checked.yaml" checked busybox <<-END
		  - uses: git-checkout
		    with:
		      repository: https://git.example/a/program.git
		      expected-commit: $1
		      recurse-submodules: true
		  - runs: mkdir -p $share; cat text lib/text >$share/checked
	END
}
commit=$(submodule https://git.example/a/library "$(git -C "$host/a/library" rev-parse HEAD)")
checkout "$commit"
expect 1 'git.example' package "$tmp/theirs/checked.yaml"
expect 0 '' package "$tmp/theirs/checked.yaml" --source-mirror "$tmp/mirror"
same "$(packed checked checked)" "program $stamp"$'\n'"library $stamp"

# ---- over https: by a program that reads nothing of the person's and writes to its folder alone ----
new_repository "$tmp/served/r.git" "served $stamp"
want_served() {
	recipe "$tmp/theirs/served.yaml" served busybox <<-END
		  - uses: git-checkout
		    with:
		      repository: https://localhost:$port/r.git/.git
		      branch: main
		      expected-commit: $(git -C "$tmp/served/r.git" rev-parse HEAD)
		  - runs: mkdir -p $share; cat text >$share/served
	END
}
over_https() { SSL_CERT_FILE=$tmp/tls.crt package "$tmp/theirs/served.yaml"; }
want_served
expect 1 '[Cc]ertificate' package "$tmp/theirs/served.yaml"
expect 0 '' over_https
same "$(packed served served)" "served $stamp"
mkdir "$tmp/spying"
cat >"$tmp/spying/git" <<END
#!/bin/sh
cat "$tmp/private/text" >&2
echo ran >"$tmp/spied"
exec $(command -v git) "\$@"
END
chmod +x "$tmp/spying/git"
git -C "$tmp/served/r.git" commit -q --allow-empty -m another
want_served
if python3 -c 'import ctypes; exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 2)'; then # Landlock
	PATH=$tmp/spying:$PATH expect 1 'Permission denied' over_https
	[ ! -e "$tmp/spied" ] || fail "a program of the person was run, and wrote"
fi

for url in "file://$tmp/private" "$tmp/private"; do
	commit=$(submodule "$url" "$(git -C "$tmp/private" rev-parse HEAD)")
	checkout "$commit"
	expect 1 "nowhere" package "$tmp/theirs/checked.yaml" --source-mirror "$tmp/mirror"
done
echo "foreign recipes: all good"
