# SPDX-License-Identifier: Apache-2.0
"""Programs on a terminal of a test's own, and what is in their environment meanwhile."""
import os, select, subprocess, sys, termios, time


def fail(text):
    sys.exit('FAILED: ' + text)


def read_until(fd, text, seconds=60):
    """All that comes until text, or (text is None) until the end."""
    got, end = b'', time.time() + seconds
    while time.time() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                part = os.read(fd, 4096)
            except OSError:
                return got
            if not part:
                return got
            got += part
        if text is not None and text in got:
            return got
    fail('waited for %r, got %r' % (text, got))


def shows(fd):
    """Whether the terminal shows what is typed."""
    return bool(termios.tcgetattr(fd)[3] & termios.ECHO)


def wait_until_hidden(fd, seconds=60):
    end = time.time() + seconds
    while shows(fd):
        if time.time() > end:
            fail('the terminal shows what is typed')
        time.sleep(0.02)


def looks_for(secret, child, environment):
    """Whether secret was in the environment of the child, which was started with this one, look by look until it ends."""
    seen, end = [], time.time() + 60
    with subprocess.Popen(['sleep', '600'], env=environment) as other:  # keeps what it was given
        while secret not in open('/proc/%d/environ' % other.pid, 'rb').read():  # the kernel is still at it
            if time.time() > end:
                other.kill()
                fail('the secret was never there, or environments cannot be read')
        other.kill()
    while child.poll() is None:
        try:
            now = open('/proc/%d/environ' % child.pid, 'rb').read()
        except ProcessLookupError:  # it has just ended
            continue
        if b'ALNAGE_P' in now:
            seen.append(secret in now)
        time.sleep(0.001)
    return seen
