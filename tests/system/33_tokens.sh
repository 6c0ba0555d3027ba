#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Keys in PKCS #11 tokens, as root and as an ordinary user; passphrases and PINs stay out of arguments,
# messages, the terminal, the environment of children and core files; several people sign one image.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
export PYTHONPATH=$PWD/tests/system PYTHONDONTWRITEBYTECODE=1 # terminal.py
# shellcheck source=tests/helpers/tiny.sh
source tests/helpers/tiny.sh
need jq python3 openssl softhsm2-util pkcs11-tool setpriv

module=/usr/lib/softhsm/libsofthsm2.so
pin=735519 # nowhere else in this test, so that it can be looked for
mkdir "$tmp/tokens"
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$tmp/tokens" >"$tmp/softhsm.conf"
export SOFTHSM2_CONF=$tmp/softhsm.conf
tool() { pkcs11-tool --module $module --token-label "my token" --pin $pin "$@" >/dev/null 2>"$tmp/said" || { cat "$tmp/said"; fail "pkcs11-tool $*"; }; }
softhsm2-util --init-token --free --label "my token" --so-pin 111111 --pin $pin >/dev/null
tool --keypairgen --key-type EC:prime256v1 --label p256 --id 01
tool --keypairgen --key-type EC:secp384r1 --label p384 --id 02
tool --keypairgen --key-type rsa:2048 --label rsa --id 03
tool --keypairgen --key-type rsa:1024 --label weak --id 04
tool --keypairgen --key-type EC:prime256v1 --label twin --id 05
tool --keypairgen --key-type EC:prime256v1 --label twin --id 06
tool --keypairgen --key-type EC:edwards25519 --label ed25519 --id 08
(umask 077 && echo $pin >"$tmp/pin" && echo 000000 >"$tmp/wrong.pin" && echo $pin >"$tmp/open.pin")
chmod 644 "$tmp/open.pin"
uri() { echo "pkcs11:token=my%20token;object=$1?pin-source=file:$tmp/pin"; }
bare() { echo "pkcs11:token=my%20token;object=$1"; }
export -n ALNAGE_PIN
unset ALNAGE_PIN ALNAGE_PASSWORD COSIGN_PASSWORD

# ---- each kind of key, each way to the PIN ----

tiny_layout "$tmp/image" >/dev/null
for key in p256 p384 rsa ed25519; do
	"$alnage" keygen --public-of "$(uri $key)" "$tmp/$key.pub" >/dev/null
	if [ $key = p256 ] || [ $key = rsa ]; then # pkcs11-tool 0.23 cannot do others
		pkcs11-tool --module $module --token-label "my token" --read-object --type pubkey --label $key -o "$tmp/$key.der" >/dev/null 2>&1
		openssl pkey -pubin -inform der -in "$tmp/$key.der" -out "$tmp/$key.theirs.pub"
		cmp "$tmp/$key.pub" "$tmp/$key.theirs.pub" || fail "$key: another public key"
	fi
	expect 3 'missing|foreign' "$alnage" verify --signature-only --key "$tmp/$key.pub" "oci:$tmp/image:t"
	expect 0 'signed oci:' "$alnage" sign --key "$(uri $key)" "oci:$tmp/image:t"
	expect 0 accepted "$alnage" verify --signature-only --key "$tmp/$key.pub" "oci:$tmp/image:t"
done
expect 0 'signed oci:' "$alnage" sign --key "$(bare p256)" --pin-file "$tmp/pin" "oci:$tmp/image:t"
expect 0 'signed oci:' env ALNAGE_PIN=$pin "$alnage" sign --key "$(bare p256)" "oci:$tmp/image:t"
expect 0 'signed oci:' "$alnage" sign --key "$(uri p256)&module-path=$module" "oci:$tmp/image:t"
expect 0 'signed oci:' env ALNAGE_PKCS11_MODULE=$module "$alnage" sign --key "$(uri p256)" "oci:$tmp/image:t"
echo '{"a":1}' >"$tmp/predicate"
expect 0 attested "$alnage" attest --key "$(uri rsa)" --type https://example.org/t --predicate "$tmp/predicate" "oci:$tmp/image:t"
expect 0 accepted "$alnage" verify --require https://example.org/t --key "$tmp/rsa.pub" "oci:$tmp/image:t"

# ---- refusals ----

sign() { "$alnage" sign --key "$1" "${@:2}" "oci:$tmp/image:t"; }
expect 3 'logging in: wrong PIN' sign "$(bare p256)" --pin-file "$tmp/wrong.pin"
grep -q 'after a few wrong ones the token locks' "$tmp/said" || fail "no warning of the lock"
expect 2 'pin-value is refused' sign "$(bare p256)?pin-value=$pin"
! grep -q $pin "$tmp/said" || { cat "$tmp/said"; fail "the PIN was repeated"; }
expect 1 'lets others at it' sign "$(bare p256)" --pin-file "$tmp/open.pin"
expect 1 'no PIN was given' setsid -w "$alnage" sign --key "$(bare p256)" "oci:$tmp/image:t"
expect 1 'no such private key' sign "$(uri nobody)"
expect 1 'several private keys are such' sign "$(uri twin)"
expect 0 'signed oci:' sign "pkcs11:token=my%20token;object=twin;id=%05?pin-source=file:$tmp/pin"
expect 1 'no such token' sign "pkcs11:token=other;object=p256"
expect 1 'RSA with 1024 bits' sign "$(uri weak)"
mkfifo "$tmp/fifo.so"
cp $module "$tmp/open.so"
chmod 666 "$tmp/open.so"
cp "$tmp/open.pin" "$tmp/text.so"
expect 1 'nonexistent.so: No such file' sign "$(uri p256)&module-path=/nonexistent.so"
expect 1 'fifo.so is not a file' timeout 60 "$alnage" sign --key "$(uri p256)&module-path=$tmp/fifo.so" "oci:$tmp/image:t"
expect 1 'is not a file' sign "$(uri p256)&module-path=$tmp"
expect 1 'everybody may change it' env ALNAGE_PKCS11_MODULE="$tmp/open.so" "$alnage" sign --key "$(uri p256)" "oci:$tmp/image:t"
expect 2 'not an absolute path' env ALNAGE_PKCS11_MODULE=open.so "$alnage" sign --key "$(uri p256)" "oci:$tmp/image:t"
expect 1 'cannot be loaded' sign "$(uri p256)&module-path=$tmp/text.so"
grep -q 'install libp11-kit0' "$tmp/said" || fail "no word of what to install"
expect 1 'is not a PKCS #11 module' sign "$(uri p256)&module-path=$(ldconfig -p | awk '/libz\.so\.1 /{print $NF; exit}')"
expect 2 'unknown|known' sign "$(bare p256);shape=round"

# a public object of another key beside the private one: what would not verify is not attached
tool --keypairgen --key-type EC:prime256v1 --label mixed --id 07
tool --delete-object --type pubkey --id 07
pkcs11-tool --module $module --token-label "my token" --pin $pin --write-object "$tmp/p256.der" --type pubkey --id 07 --label mixed >/dev/null 2>&1
expect 3 'made elsewhere: the signature is not by' sign "$(uri mixed)"

# two tokens of one name
mkdir "$tmp/same"
sed "s|$tmp/tokens|$tmp/same|" "$tmp/softhsm.conf" >"$tmp/same.conf"
on_same() { SOFTHSM2_CONF=$tmp/same.conf "$@"; }
for _ in 1 2; do on_same softhsm2-util --init-token --free --label same --so-pin 111111 --pin $pin >/dev/null; done
serials=$(on_same softhsm2-util --show-slots | awk '/Serial number: +[0-9a-f]/ {print $NF}')
same "$(wc -w <<<"$serials")" 2 "tokens"
for serial in $serials; do # pkcs11-tool chooses by name or slot: the module's number of a slot is the serial's end
	on_same pkcs11-tool --module $module --slot $((0x${serial: -8} & 0x7fffffff)) --pin $pin --keypairgen --key-type EC:prime256v1 \
		--label key >/dev/null 2>&1
done
expect 1 '2 tokens are such: say which' on_same sign "pkcs11:token=same;object=key?pin-source=file:$tmp/pin"
for serial in $serials; do
	expect 0 'signed oci:' on_same sign "pkcs11:token=same;serial=$serial;object=key?pin-source=file:$tmp/pin"
done

# the verifier has none of this
! grep -q C_GetFunctionList "$build/alnage-verify" || fail "alnage-verify knows PKCS #11"
grep -q C_GetFunctionList "$alnage" || fail "this test looks for the wrong word"
! ldd "$alnage" | grep softhsm || fail "alnage links a module"

# ---- packages, and an ordinary user ----

expect 0 '' env ALNAGE_PIN=$pin "$alnage" keygen --public-of "$(bare rsa)" "$tmp/package.pub"
if [ "$(id -u)" = 0 ]; then
	mkdir "$tmp/home"
	cp "$alnage" "$tmp/home/alnage"
	cp -R "$tmp/image" "$tmp/home/image"
	chmod 755 "$tmp"
	chown -R 12345:12345 "$tmp/home" "$tmp/tokens" "$tmp/pin"
	as_user() { setpriv --reuid=12345 --regid=12345 --clear-groups --no-new-privs env HOME="$tmp/home" "$@"; }
	tiny_layout "$tmp/home/fresh" >/dev/null
	chown -R 12345:12345 "$tmp/home"
	for key in p256 rsa ed25519; do
		expect 0 'signed oci:' as_user "$tmp/home/alnage" sign --key "$(uri $key)" "oci:$tmp/home/fresh:t"
		expect 0 accepted "$alnage" verify --signature-only --key "$tmp/$key.pub" "oci:$tmp/home/fresh:t"
	done
	chown -R 0:0 "$tmp/tokens" "$tmp/pin"
	expect 1 'no such token' as_user "$tmp/home/alnage" sign --key "$(uri p256)" "oci:$tmp/home/fresh:t"
fi

# ---- passphrases ----

phrase='kept-to-itself-91'
ALNAGE_PASSWORD=$phrase "$alnage" keygen --password "$tmp/enc.key" >"$tmp/said" 2>&1
! grep -q "$phrase" "$tmp/said" || fail "keygen told the passphrase"
"$alnage" keygen --type rsa --bits 2048 "$tmp/package.rsa" >/dev/null
printf 'version: 1\nkeys:\n  - {name: p256, file: p256.pub, roles: [image]}\n' >"$tmp/trust.yaml"
printf 'version: 1\ntrust: trust.yaml\nscopes:\n  - {name: all, images: ["**"], signature: {}}\n' >"$tmp/policy.yaml"
expect 3 'wrong passphrase' env ALNAGE_PASSWORD=no-$phrase "$alnage" sign --key "$tmp/enc.key" "oci:$tmp/image:t"
! grep -q "$phrase" "$tmp/said" || fail "the wrong passphrase was told"
# on a terminal: asked for, not shown, no core file while asking, not in the arguments; then signed. A break gives the
# echo back. With the variable: wiped from the environment before the registry (a slow one) is asked.
python3 - "$alnage" "$tmp" "$phrase" <<'END'
import os, pty, re, socket, subprocess, sys
alnage, tmp, phrase = sys.argv[1:]
from terminal import fail, looks_for, read_until, shows, wait_until_hidden
def start():
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(alnage, [alnage, 'sign', '--key', tmp + '/enc.key', 'oci:' + tmp + '/image:t'])
    return pid, fd, read_until(fd, b'Passphrase for ')
pid, fd, said = start()
limits = open('/proc/%d/limits' % pid).read()
if not re.search(r'Max core file size\s+1\s+1\s', limits):
    fail('a core file may be written while a passphrase is asked for')
if phrase.encode() in open('/proc/%d/cmdline' % pid, 'rb').read():
    fail('cmdline')
wait_until_hidden(fd)
os.write(fd, b'wrong\x15' + phrase.encode() + b'x\x7f\n')
said += read_until(fd, None)
_, status = os.waitpid(pid, 0)
if status != 0 or b'signed' not in said:
    fail('not signed: %r' % said)
if phrase.encode() in said or b'wrong' in said:
    fail('the terminal shows it: %r' % said)
pid, fd, said = start()
wait_until_hidden(fd)
os.write(fd, b'half\x03')
said += read_until(fd, b'no passphrase')
if not shows(fd):
    fail('Ctrl-C leaves a terminal without echo')
os.close(fd)
os.waitpid(pid, 0)
# a server that never answers holds the program after it has its key
server = socket.create_server(('127.0.0.1', 0))
server.settimeout(60)
environment = dict(os.environ, ALNAGE_PASSWORD=phrase, ALNAGE_PIN=phrase)
if phrase.encode() not in b'\0'.join(os.environb.values()) + phrase.encode():
    fail('bug')
child = subprocess.Popen([alnage, 'sign', '--key', tmp + '/enc.key', '127.0.0.1:%d/x:t' % server.getsockname()[1]],
                         env=environment, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
connection, _ = server.accept()
seen = open('/proc/%d/environ' % child.pid, 'rb').read()
child.kill()
child.wait()
if b'ALNAGE_P' not in seen:
    fail('the environment could not be read')
if phrase.encode() in seen:
    fail('the passphrase is still in the environment')
# a summary of a verdict is signed by one process, and what is hostile is read by another
child = subprocess.Popen([alnage, 'verify', '--policy', tmp + '/policy.yaml', '--vsa', tmp + '/vsa', '--vsa-key', tmp + '/enc.key',
                          '--verifier-id', 'https://verifier.example', '127.0.0.1:%d/x:t' % server.getsockname()[1]],
                         env=environment, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
connection, _ = server.accept()
readers = open('/proc/%d/task/%d/children' % (child.pid, child.pid)).read().split()
seen = [open('/proc/%s/environ' % reader, 'rb').read() for reader in readers]
child.kill()
child.wait()
if len(seen) != 1 or b'ALNAGE_P' not in seen[0]:
    fail('there is no process that reads, or its environment cannot be read')
if phrase.encode() in seen[0]:
    fail('who reads what is hostile has the passphrase')
# before a build runs what others wrote
child = subprocess.Popen([alnage, 'build', 'recipes/images/static.yaml', '--output', tmp + '/built', '--quiet',
                          '--key', tmp + '/enc.key', '--package-key', tmp + '/package.rsa'],
                         env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
seen = looks_for(phrase.encode(), child, environment)
if child.returncode != 0:
    fail('build: exit %d' % child.returncode)
if not seen or seen[-1]:
    fail('a build: the passphrase was in the environment in %d of %d looks' % (sum(seen), len(seen)))
END

# ---- only FIPS algorithms asked for, and no FIPS provider there: said, and nothing done ----

cat >"$tmp/fips.cnf" <<-END
	openssl_conf = init
	[init]
	providers = providers
	alg_section = algorithms
	[providers]
	default = on
	[on]
	activate = 1
	[algorithms]
	default_properties = fips=yes
END
without() { expect "$1" "$2" env OPENSSL_CONF="$tmp/fips.cnf" ALNAGE_PASSWORD=$phrase "${@:3}"; }
for type in ecdsa-p256 ecdsa-p384 rsa ed25519; do
	without 1 'FIPS algorithms only' "$alnage" keygen --type $type "$tmp/none.key"
done
[ ! -e "$tmp/none.key" ] || fail "a key was made without FIPS algorithms"
tiny_layout "$tmp/plain" >/dev/null
for key in enc.key enc8.key; do
	[ -e "$tmp/$key" ] || ALNAGE_PASSWORD=$phrase "$alnage" keygen --password --format pkcs8 "$tmp/$key" >/dev/null
	without 1 'unsupported|not available' "$alnage" sign --key "$tmp/$key" "oci:$tmp/plain:t"
	ALNAGE_PASSWORD=$phrase "$alnage" sign --key "$tmp/$key" "oci:$tmp/plain:t" >/dev/null
done
cp "$tmp/plain/index.json" "$tmp/before"
without 1 'FIPS algorithms only' "$alnage" verify --signature-only --key "$tmp/enc.key.pub" "oci:$tmp/plain:t"
without 1 'FIPS algorithms only' "$build/alnage-verify" verify --signature-only --key "$tmp/enc.key.pub" "oci:$tmp/plain:t"
cmp "$tmp/before" "$tmp/plain/index.json" || fail "something was attached without FIPS algorithms"
openssl pkey -in "$tmp/enc8.key" -passin "pass:$phrase" -noout || fail "openssl does not read --format pkcs8"

# ---- several people, one image ----

for who in a b c d; do "$alnage" keygen "$tmp/$who.key" >/dev/null; done
index=$(tiny_index "$tmp/many")
expect 0 'signed oci:' "$alnage" sign --key "$tmp/a.key" --key "$(uri rsa)" "oci:$tmp/many:t"
expect 0 accepted "$alnage" verify --signature-only --key "$tmp/a.key.pub" "oci:$tmp/many:t"
expect 0 accepted "$alnage" verify --signature-only --key "$tmp/rsa.pub" "oci:$tmp/many:t"
cp "$tmp/many/index.json" "$tmp/before"
expect 0 'signed oci:' "$alnage" sign --key "$tmp/a.key" --key "$(uri rsa)" --key "$tmp/a.key" "oci:$tmp/many:t"
cmp "$tmp/many/index.json" "$tmp/before" || fail "signing again changed something"
layers() { jq '.layers | length' "$tmp/many/blobs/sha256/$(jq -r --arg tag "${index/:/-}.sig" \
	'.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag) | .digest' "$tmp/many/index.json" | cut -d: -f2)"; }
same "$(layers)" 2 "signatures of the index"
# at once
for who in b c d; do "$alnage" sign --key "$tmp/$who.key" "oci:$tmp/many:t" >"$tmp/$who.said" 2>&1 & done
wait
for who in a b c d; do
	expect 0 accepted "$alnage" verify --signature-only --key "$tmp/$who.key.pub" "oci:$tmp/many:t"
done
same "$(layers)" 5 "signatures of the index, after three at once"
