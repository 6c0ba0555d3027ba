/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "builder/sandbox/sandbox_private.h"

void sandbox_reset_signals(void)
{
	/* Ignored signals (SIGPIPE, with curl) and a thread's mask would pass through
	 * execve. */
	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL); /* SIGKILL, SIGSTOP refuse: fine */
	sigset_t none;
	sigemptyset(&none);
	(void)sigprocmask(
		SIG_SETMASK, &none, NULL); /* cannot fail with these arguments */
}

int sandbox_die_with(pid_t parent, struct error *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return error_set_errno(err, errno, "asking to be killed with the parent");
	/* It may have ended before the call. A parent outside our pid namespace reads as
	 * 0. */
	if (getppid() != parent)
		return error_set(err, ERR_SYSTEM,
			"the process that started the sandbox has ended");
	return 0;
}

static int compare_ints(const void *a, const void *b)
{
	const int *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

void sandbox_close_others(const int *keep, size_t count)
{
	int sorted[16];
	unsigned from = 3;
	if (count > ARRAY_LEN(sorted))
		count = ARRAY_LEN(sorted);
	for (size_t i = 0; i < count; i++)
		sorted[i] = keep[i];
	qsort(sorted, count, sizeof(*sorted), compare_ints);
	for (size_t i = 0; i < count; i++) {
		if (sorted[i] < (int)from)
			continue;
		if ((unsigned)sorted[i] > from)
			(void)close_range(from, (unsigned)sorted[i] - 1, 0);
		from = (unsigned)sorted[i] + 1;
	}
	(void)close_range(from, ~0U, 0); /* fails only for from > last */
}

static int drop_sets(struct error *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2];
	memset(none, 0, sizeof(none));
	for (unsigned long capability = 0; capability < 64; capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno != EINVAL)
			return error_set_errno(
				err, errno, "dropping capability %lu", capability);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return error_set_errno(err, errno, "clearing the ambient capabilities");
	if (syscall(SYS_capset, &header, none) < 0)
		return error_set_errno(err, errno, "dropping all capabilities");
	return 0;
}

int sandbox_drop_capabilities(struct error *err)
{
	unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
			     SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
			     SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
			     SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
	if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0)
		return error_set_errno(err, errno, "locking the secure bits");
	if (drop_sets(err) < 0)
		return err->class;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set_errno(err, errno, "setting no_new_privs");
	return 0;
}

int sandbox_send_event(int fd, const struct sandbox_event *event)
{
	ssize_t done;
	do
		done = write(fd, event, sizeof(*event));
	while (done < 0 && errno == EINTR);
	return done == (ssize_t)sizeof(*event) ? 0 : -1;
}

void sandbox_send_error(int fd, const struct error *err)
{
	struct sandbox_event event;
	memset(&event, 0, sizeof(event)); /* padding must not carry our memory */
	event.kind = SANDBOX_EVENT_ERROR;
	event.error = *err;
	(void)sandbox_send_event(fd, &event); /* nobody left to tell */
}
