/* What a test does to the card while it runs, told through two files in the card's directory:
 *
 *   unplugged   while this file exists the card is gone
 *   control     lines `ppm SPEED`, `freeze SERIAL MILLISECONDS`, `xrun SERIAL`
 *
 * A freeze or an xrun happens once, when its serial grows; the serials found at opening are old and do nothing.
 * Write `control` beside and rename it into place: a change is noticed by inode and time.
 */
#ifndef LOA_SOUNDCARD_CONTROL_H
#define LOA_SOUNDCARD_CONTROL_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct control {
	char *unplugged_path;
	char *control_path;
	ino_t seen_inode;
	struct timespec seen_change;

	double ppm;
	long freeze_serial, freeze_ms;
	long xrun_serial;
};

/* What a look at the control file found new. */
struct control_change {
	bool ppm, freeze, xrun;
};

/* Returns 0 or -ENOMEM. Reads the control file once. */
int control_open(struct control *control, const char *directory);
void control_close(struct control *control);

bool control_unplugged(const struct control *control);
struct control_change control_look(struct control *control);

#endif
