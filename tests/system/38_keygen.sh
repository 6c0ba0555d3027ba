#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Making keys: what is written, what is refused and leaves nothing behind, passphrases on a terminal.
# shellcheck source=tests/system/lib.sh
source "$(dirname "$0")/lib.sh"
export PYTHONPATH=$PWD/tests/system PYTHONDONTWRITEBYTECODE=1 # terminal.py
need python3 openssl
unset ALNAGE_PASSWORD COSIGN_PASSWORD ALNAGE_PIN

# ---- kinds ----

for type in ecdsa-p256 ecdsa-p384 ecdsa-p521 ed25519 rsa; do
	expect 0 'private, keep it' "$alnage" keygen --type $type "$tmp/$type"
	same "$(stat -c %a "$tmp/$type")" 600
	openssl pkey -in "$tmp/$type" -pubout | cmp - "$tmp/$type.pub" || fail "$type: not the public half"
done
same "$(openssl pkey -in "$tmp/rsa" -noout -text | head -n 1)" "Private-Key: (4096 bit, 2 primes)"
for type in ecdsa-p384 ecdsa-p521 ed25519; do expect 0 'warning: .*cosign 3' "$alnage" keygen --type $type "$tmp/again-$type"; done
expect 0 'keep it' "$alnage" keygen --type rsa --bits 2048 "$tmp/small"
! grep -q warning "$tmp/said" || fail "a warning of RSA"

# ---- nothing is overwritten, and nothing is left of what fails ----

mkdir "$tmp/empty" && cd "$tmp/empty"
absent() { [ -z "$(ls -A)" ] || { ls -A; fail "left behind: $*"; }; }
expect 2 'bits goes with --type rsa' "$alnage" keygen --bits 2048 key
expect 2 'bits goes with --type rsa' "$alnage" keygen --type ed25519 --bits 2048 key
expect 2 'format goes with --password' "$alnage" keygen --format pkcs8 key
expect 2 'pin-file goes with --public-of' "$alnage" keygen --pin-file pin key
expect 2 'not a number from 2048 to 8192' "$alnage" keygen --type rsa --bits 1024 key
expect 2 "no key type 'dsa'" "$alnage" keygen --type dsa key
expect 1 'No such file' "$alnage" keygen none/key
expect 2 'no passphrase' setsid -w "$alnage" keygen --password key
expect 2 'no passphrase' env ALNAGE_PASSWORD= "$alnage" keygen --password key
long=$(printf %0250d 0) # with .k it is a name, with .k.pub none
expect 1 'the name is too long' "$alnage" keygen "$long.k"
absent "of what was refused"
for there in key key.pub; do
	echo there >$there
	expect 1 'exists already' "$alnage" keygen key
	same "$(cat $there)" there
	rm $there
	absent "beside $there"
done
ln -s nowhere key
expect 1 'exists already' "$alnage" keygen key
[ ! -e nowhere ] || fail "written through a link"
cd - >/dev/null

# ---- on a terminal ----

python3 - "$alnage" "$tmp" <<'END'
import os, pty, signal, subprocess, sys
alnage, tmp = sys.argv[1:]
from terminal import fail, looks_for, read_until, shows, wait_until_hidden
def start(name):
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(alnage, [alnage, 'keygen', '--password', tmp + '/' + name])
    return pid, fd
def answer(fd, prompt, text):
    said = read_until(fd, prompt)
    wait_until_hidden(fd)
    os.write(fd, text)
    return said
def keygen(name, first, second):
    pid, fd = start(name)
    said = answer(fd, b'new key: ', first + b'\n')
    if second is not None:
        said += answer(fd, b'again: ', second + b'\n')
    said += read_until(fd, None)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said
def check(name, first, second, status, text, made):
    got, said = keygen(name, first, second)
    if got != status or text not in said or os.path.exists(tmp + '/' + name) != made:
        fail('%s: exit %d, %r' % (name, got, said))
    if b'swordfish' in said:
        fail('the terminal shows it: %r' % said)
check('slip', b'swordfish1', b'swordfish2', 2, b'not the same', False)
check('none', b'', None, 2, b'no passphrase', False)
check('twice', b'swordfish', b'swordfish', 0, b'keep it', True)
# a character of two bytes is taken back whole
check('accent', 'swordfish-é'.encode() + b'\x7f', b'swordfish-', 0, b'keep it', True)
# the variable is wiped before the key is made, which takes a while
environment = dict(os.environ, ALNAGE_PASSWORD='swordfish')
child = subprocess.Popen([alnage, 'keygen', '--password', '--type', 'rsa', tmp + '/big'],
                         env=environment, stdout=subprocess.DEVNULL)
seen = looks_for(b'swordfish', child, environment)
if child.returncode != 0 or not seen or seen[-1]:
    fail('exit %d, the passphrase was in the environment in %d of %d looks' % (child.returncode, sum(seen), len(seen)))
# whatever ends the program, the terminal shows again what is typed
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    pid, fd = start('ended')
    answer(fd, b'new key: ', b'swordf')
    if 'Max core file size        1 ' not in open('/proc/%d/limits' % pid).read():
        fail('a core file may be written')
    os.kill(pid, number)
    status = os.waitpid(pid, 0)[1]
    if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != number:
        fail('signal %d: status %d' % (number, status))
    if not shows(fd):
        fail('signal %d leaves a terminal without echo' % number)
    os.close(fd)
END
for key in twice accent; do
	phrase=swordfish
	[ $key = twice ] || phrase=swordfish-
	ALNAGE_PASSWORD=$phrase "$alnage" keygen --public-of "$tmp/$key" "$tmp/$key.check" >/dev/null
	cmp "$tmp/$key.pub" "$tmp/$key.check" || fail "$key: another key"
done

# ---- what keys/ may hold ----

mkdir "$tmp/tree" && (cd "$tmp/tree" && mkdir base oci signing attest builder cli recipes tests)
restore() { rm -rf "$tmp/tree/keys" && cp -R keys "$tmp/tree/keys"; }
good() { tests/check-keys.sh "$tmp/tree" || fail "refused: $*"; restore; }
bad() { expect 1 "$1" tests/check-keys.sh "$tmp/tree"; restore; }
restore
good "what is there"
own=$tmp/tree/keys
cp "$tmp/ecdsa-p256.pub" "$own/image-2026.pub"
good "a public key"
cp "$tmp/ecdsa-p256" "$own/image.key"
bad 'image.key: keys/ holds'
cp "$tmp/twice" "$own/image.pub"
bad 'image.pub: not one public key'
openssl pkey -in "$tmp/ecdsa-p256" -outform der -out "$own/image.pub"
bad 'image.pub: not one public key'
cat "$tmp/ed25519.pub" "$tmp/ed25519" "$tmp/ed25519.pub" >"$own/image.pub"
bad 'image.pub: not one public key'
mkdir "$own/old" && cp "$tmp/ecdsa-p256" "$own/old/.key"
bad 'old/.key: keys/ holds'
sed 's/^/      /' "$tmp/ecdsa-p256" >>"$own/trust.yaml"
bad 'trust.yaml: a private key'
sed 's/^/      /' "$tmp/rsa" >"$tmp/tree/cli/text.c"
bad 'a private key in the tree'
