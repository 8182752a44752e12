/* The card's memory, in two files of its directory that only grow:
 *
 *   capture.raw   every frame the card took, in the format it took it, whatever came of it
 *   events.log    one line an event: NAME monotonic_ns=.. realtime_ns=.. key=value ..
 *
 * An event is always written before the frames it governs, so a reader that takes the size of the capture first and
 * the events after it understands every byte. One process at a time may hold them, as it would a real card.
 */
#ifndef LOA_SOUNDCARD_JOURNAL_H
#define LOA_SOUNDCARD_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

struct journal {
	int capture; /* file descriptors, -1 when closed */
	int events;
	int64_t bytes; /* length of the capture */
};

/* Returns 0, -EBUSY when another holder has the card, or another negative errno. */
int journal_open(struct journal *journal, const char *directory);
void journal_close(struct journal *journal);

/* Appends frames. Returns 0 or a negative errno. */
int journal_capture(struct journal *journal, const void *frames, size_t bytes);

/* Appends an event of the monotonic instant `now`; `details` is a printf format for the key=value pairs. */
__attribute__((format(printf, 4, 5))) void journal_event(struct journal *journal, const char *name, int64_t now,
							   const char *details, ...);

#endif
