/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log_private.h"

#define NAME_MAX_BYTES 80
#define LINE_MAX_BYTES 512
#define TASKS_MAX      16 /* live lines; tasks beyond have plain lines only */
#define TICK_SECONDS   0.25
#define BAR_WIDTH      16
#define BAR_COLUMNS    80  /* on narrower terminals the numbers are worth more */
#define RATE_SECONDS   0.5 /* before that it says little */

struct log_task {
	char name[NAME_MAX_BYTES], step[NAME_MAX_BYTES];
	uint64_t done, total;
	double started, sent; /* sent: when the parent heard of it last */
	double since;         /* when the step began: the amount is counted from there */
	uint32_t number;      /* for the parent */
	bool ended;
};

/*
 * The one mutable thing of this module: the person's screen is one per process,
 * too. Everything in it is guarded by the mutex.
 */
static struct {
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	const char *program;
	enum log_level level;
	bool live, ticking;
	struct log_task *tasks[TASKS_MAX];
	size_t count, lines_drawn;
	char frame[16384]; /* gathered, so that one write changes the screen */
	size_t frame_len;
	bool diverted; /* we are a child: the parent shows it */
	int parent_fd;
	uint32_t task_count; /* begun since then */
} screen = {.mutex = PTHREAD_MUTEX_INITIALIZER,
	.wake = PTHREAD_COND_INITIALIZER,
	.program = "alnage",
	.level = LOG_NORMAL};

/* ---- text ---- */

/* Without controls: a name out of a recipe must not move the person's cursor. */
static void clean(char *text)
{
	for (unsigned char *s = (unsigned char *)text; *s; s++) {
		if (*s < 0x20 || *s == 0x7f)
			*s = '?';
		/* U+0080 to U+009F are controls for terminals, too */
		else if (*s == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0)
			*s = s[1] = '?';
	}
}

static void PRINTF_LIKE(3, 0)
	format_clean(char *out, size_t size, const char *format, va_list args)
{
	if (vsnprintf(out, size, format, args) < 0)
		out[0] = '\0';
	clean(out);
}

static void format_bytes(uint64_t bytes, char *out, size_t size)
{
	if (bytes >= 1000000)
		(void)snprintf(out, size, "%.1f MB", (double)bytes / 1e6);
	else
		(void)snprintf(out, size, "%.1f kB", (double)bytes / 1e3);
}

static void format_elapsed(double seconds, char *out, size_t size)
{
	if (seconds < 60)
		(void)snprintf(out, size, "%.0f s", seconds);
	else
		(void)snprintf(out, size, "%.0f min %02.0f s",
			(double)(int64_t)(seconds / 60),
			seconds - 60 * (double)(int64_t)(seconds / 60));
}

static void format_rate(const struct log_task *task, char *out, size_t size)
{
	double seconds = clock_monotonic() - task->since;
	char bytes[32];
	out[0] = '\0';
	if (seconds < RATE_SECONDS || task->done == 0)
		return;
	/* positive and, for any amount that there is, in range */
	format_bytes((uint64_t)((double)task->done / seconds), bytes, sizeof(bytes));
	(void)snprintf(out, size, "  %s/s", bytes);
}

static void format_bar(const struct log_task *task, char out[BAR_WIDTH + 1])
{
	size_t full = BAR_WIDTH;
	if (task->done < task->total) /* the quotient is less than 1 */
		full = (size_t)((double)task->done / (double)task->total * BAR_WIDTH);
	memset(out, '#', full);
	memset(out + full, ' ', BAR_WIDTH - full);
	out[BAR_WIDTH] = '\0';
}

static void format_amount(
	const struct log_task *task, size_t width, char *out, size_t size)
{
	char done[32], total[32], rate[48], bar[BAR_WIDTH + 1];
	out[0] = '\0';
	if (task->done == 0 && task->total == 0)
		return;
	format_bytes(task->done, done, sizeof(done));
	format_bytes(task->total, total, sizeof(total));
	format_rate(task, rate, sizeof(rate));
	format_bar(task, bar);
	if (task->total > 0 && width >= BAR_COLUMNS)
		(void)snprintf(out, size, "  [%s]  %s of %s%s", bar, done, total, rate);
	else if (task->total > 0)
		(void)snprintf(out, size, "  %s of %s%s", done, total, rate);
	else
		(void)snprintf(out, size, "  %s%s", done, rate);
}

static void format_live(const struct log_task *task, size_t width, char *out, size_t size)
{
	char elapsed[32], amount[160];
	format_elapsed(clock_monotonic() - task->started, elapsed, sizeof(elapsed));
	format_amount(task, width, amount, sizeof(amount));
	(void)snprintf(out, size, "%s%s%s%s  %s", task->name, task->step[0] ? "  " : "",
		task->step, amount, elapsed);
}

/* ---- the terminal; all with the mutex held ---- */

static void add(const char *text, size_t len)
{
	if (len > sizeof(screen.frame) - screen.frame_len)
		len = sizeof(screen.frame) - screen.frame_len;
	memcpy(screen.frame + screen.frame_len, text, len);
	screen.frame_len += len;
}

static void flush(void)
{
	int saved = errno;
	size_t done = 0;
	while (done < screen.frame_len) {
		ssize_t now = write(
			STDERR_FILENO, screen.frame + done, screen.frame_len - done);
		if (now < 0 && errno != EINTR)
			break; /* nobody is left to tell */
		done += now > 0 ? (size_t)now : 0;
	}
	screen.frame_len = 0;
	errno = saved;
}

static struct winsize terminal_size(void)
{
	struct winsize size = {0};
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 20 ||
		size.ws_row < 3)
		return (struct winsize){.ws_col = 80, .ws_row = 24};
	return size;
}

/* Cut to the width in characters, at a character's border. */
static void cut_to_width(char *text, size_t width)
{
	size_t characters = 0;
	for (char *s = text; *s; s++) {
		if (((unsigned char)*s & 0xc0) != 0x80 && ++characters > width) {
			*s = '\0';
			return;
		}
	}
}

static void erase_lines(void)
{
	char text[64];
	if (screen.lines_drawn == 0)
		return;
	/* up, to the left, erase to the end of the screen */
	int len = snprintf(text, sizeof(text), "\033[%zuA\r\033[J", screen.lines_drawn);
	if (len > 0)
		add(text, (size_t)len);
	screen.lines_drawn = 0;
}

/* Never more lines than can be erased again. */
static void draw_lines(void)
{
	struct winsize size = terminal_size();
	size_t rows = size.ws_row - 1U;
	for (size_t i = 0; screen.live && i < screen.count && i < rows; i++) {
		char line[LINE_MAX_BYTES];
		format_live(screen.tasks[i], size.ws_col, line, sizeof(line) - 1);
		cut_to_width(line, size.ws_col - 1U);
		size_t len = strlen(line);
		line[len] = '\n';
		add(line, len + 1);
		screen.lines_drawn++;
	}
}

static void redraw(void)
{
	if (!screen.live)
		return;
	erase_lines();
	draw_lines();
	flush();
}

/* ---- in a child: the parent shows it; with the mutex held ---- */

static void tell_parent(
	enum log_message_kind kind, const struct log_task *task, const char *text)
{
	struct log_message message = {.kind = kind};
	int saved = errno;
	if (task) {
		message.task = task->number;
		message.done = task->done;
		message.total = task->total;
	}
	int len = snprintf(message.text, sizeof(message.text), "%s", text);
	size_t used = len < 0 ? 0 : (size_t)len;
	if (used > sizeof(message.text) - 1)
		used = sizeof(message.text) - 1;
	used += offsetof(struct log_message, text) + 1;
	while (send(screen.parent_fd, &message, used, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
	errno = saved; /* without a parent nobody is left to tell */
}

void log_divert(int fd)
{
	/* Another thread may have held the old one while we were forked. */
	screen.mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	screen.live = screen.ticking = false;
	screen.count = screen.lines_drawn = screen.frame_len = 0;
	screen.diverted = true;
	screen.parent_fd = fd;
	screen.task_count = 0;
}

/* ---- lines ---- */

static void plain_line(const char *prefix, const char *text)
{
	char line[LOG_MESSAGE_TEXT_MAX];
	int len = snprintf(line, sizeof(line) - 1, "%s%s", prefix, text);
	size_t used = len < 0 ? 0 : (size_t)len;
	if (used > sizeof(line) - 2)
		used = sizeof(line) - 2;
	line[used] = '\n';
	if (screen.diverted) {
		line[used] = '\0';
		tell_parent(LOG_MESSAGE_LINE, NULL, line);
		return;
	}
	erase_lines();
	add(line, used + 1);
	draw_lines();
	flush();
}

void log_show_line(const char *text)
{
	(void)pthread_mutex_lock(&screen.mutex);
	plain_line("", text);
	(void)pthread_mutex_unlock(&screen.mutex);
}

/* ---- the ticking thread: it exists while there are live lines ---- */

static void *tick(void *unused UNUSED)
{
	(void)pthread_mutex_lock(&screen.mutex);
	while (screen.count > 0) {
		struct timespec until;
		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += (long)(TICK_SECONDS * 1e9);
		if (until.tv_nsec >= 1000000000L) {
			until.tv_nsec -= 1000000000L;
			until.tv_sec++;
		}
		(void)pthread_cond_timedwait(&screen.wake, &screen.mutex, &until);
		redraw();
	}
	screen.ticking = false;
	(void)pthread_mutex_unlock(&screen.mutex);
	return NULL;
}

static void start_ticking(void)
{
	pthread_t thread;
	pthread_attr_t attributes;
	sigset_t all, before;
	if (screen.ticking || pthread_attr_init(&attributes) != 0)
		return;
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	/* Signals are for the threads that do the work. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	/* Without the thread the lines change only when something happens. */
	screen.ticking = pthread_create(&thread, &attributes, tick, NULL) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attributes);
}

/* ---- what others call ---- */

void log_init(const char *program, enum log_level level)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
	bool allowed =
		term && *term && strcmp(term, "dumb") != 0 && !(no_color && *no_color);
	(void)pthread_mutex_lock(&screen.mutex);
	screen.program = program;
	screen.level = level;
	screen.live = level == LOG_NORMAL && allowed && isatty(STDERR_FILENO);
	(void)pthread_mutex_unlock(&screen.mutex);
}

/* "PROGRAM: kind text"; with the mutex held */
static void program_line(const char *kind, const char *text)
{
	char prefix[NAME_MAX_BYTES];
	(void)snprintf(prefix, sizeof(prefix), "%s: %s", screen.program, kind);
	plain_line(prefix, text);
}

static void PRINTF_LIKE(3, 0) log_line(
	enum log_level needed, const char *kind, const char *format, va_list args)
{
	char text[ERROR_TEXT_MAX];
	format_clean(text, sizeof(text), format, args);
	(void)pthread_mutex_lock(&screen.mutex);
	if (screen.level >= needed)
		program_line(kind, text);
	(void)pthread_mutex_unlock(&screen.mutex);
}

void log_warning(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	log_line(LOG_QUIET, "warning: ", format, args);
	va_end(args);
}

void log_info(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	log_line(LOG_NORMAL, "", format, args);
	va_end(args);
}

void log_verbose(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	log_line(LOG_VERBOSE, "", format, args);
	va_end(args);
}

void log_error(const struct error *err)
{
	char text[ERROR_TEXT_MAX + ERROR_WHERE_MAX + 64], remedy[sizeof(err->remedy)];
	error_format(err, text, sizeof(text));
	clean(text);
	(void)snprintf(remedy, sizeof(remedy), "%s", err->remedy);
	clean(remedy);
	(void)pthread_mutex_lock(&screen.mutex);
	program_line("", text);
	if (remedy[0])
		plain_line("  ", remedy);
	(void)pthread_mutex_unlock(&screen.mutex);
}

void log_excerpt(const char *title, const char *text)
{
	char line[ERROR_TEXT_MAX];
	(void)pthread_mutex_lock(&screen.mutex);
	(void)snprintf(line, sizeof(line), "%s:", title);
	clean(line);
	plain_line("", line);
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		size_t len = (size_t)(end - text); /* end is not before text */
		if (len > sizeof(line) - 1)
			len = sizeof(line) - 1;
		memcpy(line, text, len);
		line[len] = '\0';
		for (char *tab = line; (tab = strchr(tab, '\t'));)
			*tab = ' ';
		clean(line);
		plain_line("  | ", line);
	}
	(void)pthread_mutex_unlock(&screen.mutex);
}

/* ---- tasks ---- */

static void show_task(struct log_task *task)
{
	if (screen.diverted) {
		task->number = ++screen.task_count;
		tell_parent(LOG_MESSAGE_BEGIN, task, task->name);
	} else if (screen.live && screen.count < TASKS_MAX) {
		screen.tasks[screen.count++] = task;
		redraw();
		start_ticking();
	} else if (screen.level >= LOG_NORMAL) {
		plain_line("", task->name);
	}
}

static void hide_task(const struct log_task *task)
{
	for (size_t i = 0; i < screen.count; i++) {
		if (screen.tasks[i] != task)
			continue;
		memmove(&screen.tasks[i], &screen.tasks[i + 1],
			(screen.count - i - 1) * sizeof(screen.tasks[0]));
		screen.count--;
		redraw();
		(void)pthread_cond_signal(&screen.wake);
		return;
	}
}

struct log_task *log_task_begin(const char *format, ...)
{
	struct log_task *task = calloc(1, sizeof(*task));
	va_list args;
	if (!task)
		return NULL; /* the work goes on without its line */
	va_start(args, format);
	format_clean(task->name, sizeof(task->name), format, args);
	va_end(args);
	task->started = task->since = clock_monotonic();
	(void)pthread_mutex_lock(&screen.mutex);
	show_task(task);
	(void)pthread_mutex_unlock(&screen.mutex);
	return task;
}

void log_task_step(struct log_task *task, const char *format, ...)
{
	char step[sizeof(task->step)], line[2 * NAME_MAX_BYTES + 8];
	va_list args;
	if (!task)
		return;
	va_start(args, format);
	format_clean(step, sizeof(step), format, args);
	va_end(args);
	(void)pthread_mutex_lock(&screen.mutex);
	memcpy(task->step, step, sizeof(step));
	task->done = task->total = 0;
	task->since = clock_monotonic();
	if (screen.diverted) {
		tell_parent(LOG_MESSAGE_STEP, task, step);
	} else if (screen.live) {
		redraw();
	} else if (screen.level >= LOG_VERBOSE) {
		(void)snprintf(line, sizeof(line), "%s: %s", task->name, step);
		plain_line("", line);
	}
	(void)pthread_mutex_unlock(&screen.mutex);
}

void log_task_progress(struct log_task *task, uint64_t done, uint64_t total)
{
	if (!task)
		return;
	/* The next tick draws it: this is called for every block. */
	(void)pthread_mutex_lock(&screen.mutex);
	task->done = done;
	task->total = total;
	if (screen.diverted && clock_monotonic() - task->sent > TICK_SECONDS) {
		task->sent = clock_monotonic();
		tell_parent(LOG_MESSAGE_PROGRESS, task, "");
	}
	(void)pthread_mutex_unlock(&screen.mutex);
}

/* With the mutex held. */
static void end_task(struct log_task *task, const char *text)
{
	char line[ERROR_TEXT_MAX];
	task->ended = true;
	if (screen.diverted) {
		tell_parent(LOG_MESSAGE_DONE, task, text);
		return;
	}
	hide_task(task);
	if (screen.level < LOG_NORMAL)
		return;
	(void)snprintf(line, sizeof(line), "%s: %s  %.1f s", task->name, text,
		clock_monotonic() - task->started);
	plain_line("", line);
}

void log_task_done(struct log_task *task, const char *format, ...)
{
	char text[ERROR_TEXT_MAX / 2];
	va_list args;
	if (!task)
		return;
	va_start(args, format);
	format_clean(text, sizeof(text), format, args);
	va_end(args);
	(void)pthread_mutex_lock(&screen.mutex);
	if (!task->ended)
		end_task(task, text);
	(void)pthread_mutex_unlock(&screen.mutex);
}

void log_task_end(struct log_task **task)
{
	int saved = errno;
	if (!*task)
		return;
	(void)pthread_mutex_lock(&screen.mutex);
	if (screen.diverted) {
		tell_parent(LOG_MESSAGE_END, *task, "");
	} else if (!(*task)->ended) {
		char line[NAME_MAX_BYTES + 16];
		(*task)->ended = true;
		hide_task(*task);
		(void)snprintf(line, sizeof(line), "%s: stopped", (*task)->name);
		if (screen.level >= LOG_NORMAL)
			plain_line("", line);
	}
	(void)pthread_mutex_unlock(&screen.mutex);
	free(*task);
	*task = NULL;
	errno = saved;
}
