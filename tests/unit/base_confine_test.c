/* SPDX-License-Identifier: Apache-2.0 */
/* Each attempt runs in a child: first free, to see that it works here, then confined. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/confine.h"
#include "base/fs.h"

enum answer { DONE = 10, REFUSED, KILLED, BROKEN };

struct place {
	char directory[64];
	int dirfd;
	uint16_t allowed, other; /* ports that listen on the loopback */
	int listening[2];
	const char *paths[3];
	pid_t parent; /* of the confined, who may not ask */
};

/* ---- attempts: 0, or an errno ---- */

typedef int attempt(const struct place *place);

static int by_open(const char *path, int flags)
{
	cleanup_fd int fd = open(path, flags | O_CLOEXEC, 0600);

	return fd < 0 ? errno : 0;
}

static int read_shadow(const struct place *place)
{
	(void)place;
	return by_open("/etc/shadow", O_RDONLY);
}

static int read_passwd(const struct place *place)
{
	(void)place;
	return by_open("/etc/passwd", O_RDONLY);
}

static int read_inside(const struct place *place)
{
	cleanup_fd int fd = openat(place->dirfd, "file", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? errno : 0;
}

static int read_named(const struct place *place)
{
	(void)place;
	return by_open("/etc/hosts", O_RDONLY);
}

static int write_inside(const struct place *place)
{
	cleanup_fd int fd = openat(place->dirfd, "file", O_WRONLY | O_CLOEXEC);

	return fd < 0 ? errno : 0;
}

static int write_inside_by_openat2(const struct place *place)
{
	struct error err = ERROR_INIT;
	cleanup_fd int fd = -1;

	return fs_open(place->dirfd, "file", FS_BENEATH, O_WRONLY, 0, &fd, &err) < 0
		       ? err.sys
		       : 0;
}

static int make_inside_by_openat2(const struct place *place)
{
	struct error err = ERROR_INIT;
	cleanup_fd int fd = -1;

	return fs_open(place->dirfd, "new", FS_BENEATH, O_WRONLY | O_CREAT, 0600, &fd,
		       &err) < 0
		       ? err.sys
		       : 0;
}

static int remove_inside(const struct place *place)
{
	return unlinkat(place->dirfd, "victim", 0) < 0 && errno != ENOENT ? errno : 0;
}

static int make_socket(const struct place *place)
{
	cleanup_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)place;
	return fd < 0 ? errno : 0;
}

static int make_local_socket(const struct place *place)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)place;
	return fd < 0 ? errno : 0;
}

static int connect_to(uint16_t port, int protocol)
{
	cleanup_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, protocol);
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	if (fd < 0)
		return errno;
	return connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 ? errno : 0;
}

static int connect_allowed(const struct place *place)
{
	return connect_to(place->allowed, 0);
}

static int connect_other(const struct place *place)
{
	return connect_to(place->other, IPPROTO_TCP);
}

/* Landlock's ports are those of TCP, and this is another protocol that TCP answers. */
static int connect_by_multipath(const struct place *place)
{
	return connect_to(place->other, IPPROTO_MPTCP);
}

/* Whatever a packet says: to any port, from any. */
static int make_raw_socket(const struct place *place)
{
	cleanup_fd int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);

	(void)place;
	return fd < 0 ? errno : 0;
}

static int make_datagram_socket(const struct place *place)
{
	cleanup_fd int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)place;
	return fd < 0 ? errno : 0;
}

static int listen_tcp(const struct place *place)
{
	cleanup_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = {.sin_family = AF_INET};

	(void)place;
	if (fd < 0)
		return errno;
	return bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ? errno : 0;
}

static int run_program(const struct place *place)
{
	(void)place;
	(void)execl("/bin/true", "true", (char *)NULL);
	return errno;
}

static int make_process(const struct place *place)
{
	pid_t child = fork();

	(void)place;
	if (child == 0)
		_exit(0);
	return child < 0 ? errno : waitpid(child, NULL, 0) < 0 ? errno : 0;
}

static void *nothing(void *context)
{
	return context;
}

static int make_thread(const struct place *place)
{
	pthread_t thread;
	int code = pthread_create(&thread, NULL, nothing, NULL);

	(void)place;
	return code != 0 ? code : pthread_join(thread, NULL);
}

static int make_code(const struct place *place)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)place;
	return memory == MAP_FAILED ? errno : 0;
}

static int signal_parent(const struct place *place)
{
	return kill(place->parent, 0) < 0 ? errno : 0;
}

/* A descriptor that becomes readable signals its owner: no kill(2) is needed. */
static int own_signal(const struct place *place)
{
	struct f_owner_ex owner = {F_OWNER_PID, place->parent};

	return fcntl(place->dirfd, F_SETOWN_EX, &owner) < 0 ? errno : 0;
}

static int choose_signal(const struct place *place)
{
	return fcntl(place->dirfd, F_SETSIG, SIGKILL) < 0 ? errno : 0;
}

static int own_by_number(const struct place *place)
{
	return fcntl(place->dirfd, F_SETOWN, place->parent) < 0 ? errno : 0;
}

static int ask_flags(const struct place *place)
{
	int flags = fcntl(place->dirfd, F_GETFL), copy;

	if (flags < 0 || fcntl(place->dirfd, F_SETFL, flags | O_NONBLOCK) < 0)
		return errno;
	copy = fcntl(place->dirfd, F_DUPFD_CLOEXEC, 3);
	return copy < 0 || fcntl(copy, F_SETFD, FD_CLOEXEC) < 0 ? errno : close(copy);
}

/* Data with the SYN: a connection that connect(2) was not asked for. */
static int fast_open_other(const struct place *place)
{
	cleanup_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(place->other),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	if (fd < 0)
		return errno;
	return sendto(fd, "x", 1, MSG_FASTOPEN, (const struct sockaddr *)&to,
		       sizeof(to)) < 0
		       ? errno
		       : 0;
}

static int allocate(const struct place *place)
{
	char *memory = malloc(64 * 1024 * 1024);

	(void)place;
	if (!memory)
		return errno;
	memset(memory, 1, 64 * 1024 * 1024);
	free(memory);
	return 0;
}

static int print(const struct place *place)
{
	(void)place;
	return write(STDERR_FILENO, "", 0) < 0 ? errno : 0;
}

/* ---- running them ---- */

enum mode { FREE, LOCAL, NETWORK };

static void attempt_in_child(
	attempt *attempt_, const struct place *place, enum mode mode, uid_t uid)
{
	struct confine confine = {.directory = place->dirfd,
		.paths = place->paths,
		.network = mode == NETWORK,
		.ports = {place->allowed},
		.port_count = 1};
	struct confinement confinement;
	struct error err = ERROR_INIT;
	int code;

	if (uid != 0 && geteuid() == 0 && (setgid(uid) < 0 || setuid(uid) < 0))
		_exit(BROKEN);
	if (mode != FREE && confine_process(&confine, &confinement, &err) < 0)
		_exit(BROKEN);
	code = attempt_(place);
	_exit(code == 0 ? DONE : REFUSED);
}

static enum answer answer_of(
	attempt *attempt_, const struct place *place, enum mode mode, uid_t uid)
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		attempt_in_child(attempt_, place, mode, uid);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? KILLED : BROKEN;
	/* execve came through: the program's own status */
	return WEXITSTATUS(status) == 0 ? DONE : (enum answer)WEXITSTATUS(status);
}

/* ---- the cases ---- */

static const struct {
	const char *name;
	attempt *attempt;
	enum answer local, network;
	bool needs_root; /* to work when free */
} cases[] = {
	{"read a file of the directory", read_inside, DONE, DONE, false},
	{"read a named file", read_named, DONE, DONE, false},
	{"allocate", allocate, DONE, DONE, false},
	{"print", print, DONE, DONE, false},
	{"read /etc/shadow", read_shadow, REFUSED, REFUSED, true},
	{"read /etc/passwd", read_passwd, REFUSED, REFUSED, false},
	{"open for writing", write_inside, KILLED, KILLED, true},
	{"open for writing by openat2", write_inside_by_openat2, REFUSED, REFUSED, true},
	{"make a file", make_inside_by_openat2, REFUSED, REFUSED, true},
	{"remove a file", remove_inside, KILLED, KILLED, true},
	{"run a program", run_program, KILLED, KILLED, false},
	{"make a process", make_process, KILLED, KILLED, false},
	{"make code", make_code, REFUSED, REFUSED, false},
	{"signal the parent", signal_parent, KILLED, KILLED, true},
	{"signal by a descriptor", own_signal, KILLED, KILLED, false},
	{"signal by a descriptor, old way", own_by_number, KILLED, KILLED, false},
	{"choose that signal", choose_signal, KILLED, KILLED, false},
	{"ask for flags", ask_flags, DONE, DONE, false},
	{"send to another port at once", fast_open_other, KILLED, KILLED, false},
	{"make a socket", make_socket, KILLED, DONE, false},
	{"make a local socket", make_local_socket, KILLED, REFUSED, false},
	{"connect to the port", connect_allowed, KILLED, DONE, false},
	{"connect to another port", connect_other, KILLED, REFUSED, false},
	{"connect by multipath TCP", connect_by_multipath, KILLED, KILLED, false},
	{"make a raw socket", make_raw_socket, KILLED, KILLED, true},
	{"make a datagram socket", make_datagram_socket, KILLED, DONE, false},
	{"listen", listen_tcp, KILLED, KILLED, false},
	{"make a thread", make_thread, KILLED, DONE, false},
};

static int listen_somewhere(uint16_t *ret_port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, size), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static void place_init(struct place *place)
{
	struct error err = ERROR_INIT;

	*place = (struct place){.directory = "/tmp/alnage-confine-XXXXXX",
		.paths = {"/etc/hosts", "/nowhere", NULL},
		.parent = getpid()};
	assert_non_null(mkdtemp(place->directory));
	assert_int_equal(chmod(place->directory, 0755), 0);
	assert_int_equal(fs_open_dir(AT_FDCWD, place->directory, &place->dirfd, &err), 0);
	assert_int_equal(
		fs_write_file(place->dirfd, "file", (struct slice)SLICE("x"), 0644, &err),
		0);
	place->listening[0] = listen_somewhere(&place->allowed);
	place->listening[1] = listen_somewhere(&place->other);
}

static void place_done(struct place *place)
{
	struct error err = ERROR_INIT;

	close_fd(&place->listening[0]);
	close_fd(&place->listening[1]);
	close_fd(&place->dirfd);
	assert_int_equal(fs_remove_tree(AT_FDCWD, place->directory, &err), 0);
}

/* What this kernel gives; the rest of the cases says nothing without it. */
static struct confinement available(void)
{
	struct confinement confinement = {0};
	int pipe_fds[2], status;
	pid_t child;

	assert_int_equal(pipe(pipe_fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct confine confine = {.directory = -1};
		struct error err = ERROR_INIT;

		if (confine_process(&confine, &confinement, &err) < 0 ||
			write(pipe_fds[1], &confinement, sizeof(confinement)) < 0)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(read(pipe_fds[0], &confinement, sizeof(confinement)),
		sizeof(confinement));
	close_fd(&pipe_fds[0]);
	close_fd(&pipe_fds[1]);
	return confinement;
}

static void expect_answer(size_t i, enum mode mode, uid_t uid, const struct place *place,
	enum answer expected)
{
	static const char *const modes[] = {"free", "local", "network"};
	static const char *const answers[] = {"done", "refused", "killed", "broken"};
	enum answer answer = answer_of(cases[i].attempt, place, mode, uid);

	if (answer != expected)
		fail_msg("%s, %s: %s instead of %s", cases[i].name, modes[mode],
			answers[answer - DONE], answers[expected - DONE]);
}

static void check_cases(uid_t uid)
{
	const struct confinement kernel = available();
	struct place place;

	if (kernel.landlock < 4 || !kernel.filtered) {
		print_message("this kernel (or build) has Landlock %u, filters: %d\n",
			kernel.landlock, kernel.filtered);
		skip();
	}
	place_init(&place);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (uid != 0 && cases[i].needs_root)
			continue;
		expect_answer(i, FREE, uid, &place, DONE);
		expect_answer(i, LOCAL, uid, &place, cases[i].local);
		expect_answer(i, NETWORK, uid, &place, cases[i].network);
	}
	place_done(&place);
}

static void test_as_we_are(void **state)
{
	(void)state;
	check_cases(geteuid());
}

static void test_without_privileges(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip(); /* the other test was this one */
	check_cases(65534);
}

int main(void)
{
	(void)umask(022); /* the files are for others, too */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_we_are),
		cmocka_unit_test(test_without_privileges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
