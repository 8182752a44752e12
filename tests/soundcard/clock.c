#include "clock.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Asks the kernel itself: a card doesn't go by what a test makes the program believe of the date. */
static int64_t read_ns(clockid_t id)
{
	struct timespec t;

	syscall(SYS_clock_gettime, id, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t clock_monotonic_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_realtime_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}

static double frames_per_ns(const struct card_clock *clock)
{
	return clock->rate * (1.0 + clock->ppm * 1e-6) / (double)NS_PER_S;
}

/* Moves the anchor along the line to `now`; a frozen clock's anchor stays where it will thaw. */
static void move_anchor(struct card_clock *clock, int64_t now)
{
	if (now <= clock->anchor_ns)
		return;
	clock->anchor_frame = clock_frame_at(clock, now);
	clock->anchor_ns = now;
}

void clock_start(struct card_clock *clock, int64_t now)
{
	clock->anchor_ns = now;
	clock->anchor_frame = 0.0;
}

double clock_frame_at(const struct card_clock *clock, int64_t now)
{
	if (now <= clock->anchor_ns)
		return clock->anchor_frame;
	return clock->anchor_frame + (double)(now - clock->anchor_ns) * frames_per_ns(clock);
}

int64_t clock_instant_of(const struct card_clock *clock, int64_t frame)
{
	double ahead = (double)frame - clock->anchor_frame;

	if (ahead <= 0.0)
		return clock->anchor_ns;
	/* One nanosecond more than the rounded-down quotient, so that the frame has surely been reached. */
	return clock->anchor_ns + (int64_t)(ahead / frames_per_ns(clock)) + 1;
}

void clock_set_ppm(struct card_clock *clock, int64_t now, double ppm)
{
	move_anchor(clock, now);
	clock->ppm = ppm;
}

void clock_freeze(struct card_clock *clock, int64_t now, long ms)
{
	move_anchor(clock, now);
	clock->anchor_ns += ms * NS_PER_MS;
}
