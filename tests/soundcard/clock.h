/* The card's sample clock: which frame sounds at which instant of CLOCK_MONOTONIC.
 *
 * The clock is a straight line through an anchor (an instant and the frame that sounds then). A change of speed or a
 * freeze moves the anchor, so the line stays unbroken: a frame number never goes back. Whoever reads the anchors in
 * the event log computes the same instants.
 */
#ifndef LOA_SOUNDCARD_CLOCK_H
#define LOA_SOUNDCARD_CLOCK_H

#include <stdint.h>

#define NS_PER_S 1000000000LL
#define NS_PER_MS 1000000LL

struct card_clock {
	unsigned int rate;   /* nominal frames a second */
	double ppm;          /* how much faster than nominal it runs, in parts per million */
	int64_t anchor_ns;   /* in the future while frozen */
	double anchor_frame; /* counted from the first frame after PREPARE */
};

/* Now, on CLOCK_MONOTONIC or CLOCK_REALTIME, in nanoseconds. */
int64_t clock_monotonic_ns(void);
int64_t clock_realtime_ns(void);

/* Frame 0 sounds at `now`. Keeps rate and ppm. */
void clock_start(struct card_clock *clock, int64_t now);

/* The frame (with fraction) that sounds at `now`. */
double clock_frame_at(const struct card_clock *clock, int64_t now);

/* The first nanosecond at which `frame` has been reached. */
int64_t clock_instant_of(const struct card_clock *clock, int64_t frame);

/* From `now` on (or from the end of a freeze), run `ppm` away from nominal. */
void clock_set_ppm(struct card_clock *clock, int64_t now, double ppm);

/* Stand still for `ms` milliseconds from `now`. */
void clock_freeze(struct card_clock *clock, int64_t now, long ms);

#endif
