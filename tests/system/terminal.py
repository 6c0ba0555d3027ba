# SPDX-License-Identifier: Apache-2.0
"""Programs on a terminal of a test's own, and what is in their environment meanwhile."""
import os, select, sys, time


def fail(text):
    sys.exit('FAILED: ' + text)


def read_until(fd, text, seconds=20):
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


def looks_for(secret, child):
    """Whether secret was in the child's environment, look by look until it ends."""
    seen = []
    while child.poll() is None:
        try:
            now = open('/proc/%d/environ' % child.pid, 'rb').read()
        except ProcessLookupError:  # it has just ended
            continue
        if b'ALNAGE_P' in now:
            seen.append(secret in now)
        time.sleep(0.001)
    return seen
