#include "journal.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

static int open_appending(const char *directory, const char *name)
{
	char path[PATH_MAX];
	int length = snprintf(path, sizeof path, "%s/%s", directory, name);
	int fd;

	if (length < 0 || (size_t)length >= sizeof path)
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : fd;
}

/* Writes all of it, however the kernel splits it. */
static int write_whole(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

int journal_open(struct journal *journal, const char *directory)
{
	int err;

	*journal = (struct journal){ .capture = -1, .events = -1 };
	journal->capture = err = open_appending(directory, "capture.raw");
	if (err < 0)
		return err;
	/* The lock goes with the descriptor, so a killed process frees the card. */
	if (flock(journal->capture, LOCK_EX | LOCK_NB) != 0) {
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
		goto fail;
	}
	journal->bytes = lseek(journal->capture, 0, SEEK_END);
	if (journal->bytes < 0) {
		err = -errno;
		goto fail;
	}
	journal->events = err = open_appending(directory, "events.log");
	if (err < 0)
		goto fail;
	return 0;

fail:
	journal_close(journal);
	return err;
}

void journal_close(struct journal *journal)
{
	if (journal->capture >= 0)
		close(journal->capture);
	if (journal->events >= 0)
		close(journal->events);
	journal->capture = journal->events = -1;
}

int journal_capture(struct journal *journal, const void *frames, size_t bytes)
{
	int err = write_whole(journal->capture, frames, bytes);

	if (err == 0)
		journal->bytes += (int64_t)bytes;
	return err;
}

void journal_event(struct journal *journal, const char *name, int64_t now, const char *details, ...)
{
	char line[512];
	/* Both clocks of the same instant, though this line is written a little after it. */
	int64_t realtime = clock_realtime_ns() - (clock_monotonic_ns() - now);
	int used = snprintf(line, sizeof line, "%s monotonic_ns=%" PRId64 " realtime_ns=%" PRId64 " ", name, now, realtime);
	va_list arguments;
	int more;

	if (used < 0 || (size_t)used >= sizeof line)
		return;
	va_start(arguments, details);
	more = vsnprintf(line + used, sizeof line - (size_t)used, details, arguments);
	va_end(arguments);
	if (more < 0 || (size_t)(used + more) + 1 >= sizeof line)
		return;
	line[used + more] = '\n';
	/* One write, so that a reader rarely sees half a line; it must expect it all the same. A card that cannot
	 * write its log shows in the test that reads it. */
	(void)write_whole(journal->events, line, (size_t)(used + more) + 1);
}
