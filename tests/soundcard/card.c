#include "card.h"

#include <inttypes.h>
#include <sys/timerfd.h>

/* How often the control files are looked at: a system call or two, cheap enough at this pace. */
#define CONTROL_LOOK_NS (2 * NS_PER_MS)
/* The longest sleep of a waiting program: it bounds how late an unplugging is noticed. */
#define LONGEST_SLEEP_NS (20 * NS_PER_MS)

void card_log_position(struct card *card, const char *name, int64_t now)
{
	journal_event(&card->journal, name, now, "frame=%" PRId64, card->sounded);
}

void card_log_anchor(struct card *card, const char *name, int64_t now)
{
	journal_event(&card->journal, name, now, "frame=%" PRId64 " anchor_ns=%" PRId64 " anchor_frame=%.6f ppm=%.6f",
		      card->sounded, card->clock.anchor_ns, card->clock.anchor_frame, card->clock.ppm);
}

static void count_sounded(struct card *card, int64_t now)
{
	if (card->stage == STAGE_PLAYING) {
		int64_t frame = (int64_t)clock_frame_at(&card->clock, now);

		card->sounded = frame < card->taken ? frame : card->taken;
	}
}

void card_end(struct card *card, enum stage stage, const char *event, int64_t now)
{
	card->stage = stage;
	card_log_position(card, event, now);
}

/* Does what the test has asked for since the last look. */
static void obey(struct card *card, int64_t now)
{
	struct control_change change;

	if (card->stage == STAGE_GONE || now - card->looked_ns < CONTROL_LOOK_NS)
		return;
	card->looked_ns = now;
	if (control_unplugged(&card->control)) {
		card_end(card, STAGE_GONE, "UNPLUG", now);
		return;
	}
	change = control_look(&card->control);
	if (change.ppm) {
		clock_set_ppm(&card->clock, now, card->control.ppm);
		if (card->stage == STAGE_PLAYING)
			card_log_anchor(card, "SPEED", now);
	}
	if (card->stage != STAGE_PLAYING)
		return;
	if (change.freeze) {
		clock_freeze(&card->clock, now, card->control.freeze_ms);
		card_log_anchor(card, "FREEZE", now);
	}
	if (change.xrun)
		card_end(card, STAGE_DRY, "XRUN", now);
}

void card_advance(struct card *card, int64_t now)
{
	bool draining = card->io.state == SND_PCM_STATE_DRAINING;

	count_sounded(card, now);
	obey(card, now);
	if (card->stage != STAGE_PLAYING)
		return;
	if (draining && !card->drain_logged) {
		card->drain_logged = true;
		journal_event(&card->journal, "DRAIN", now, "frame=%" PRId64, card->taken);
	}
	if (!draining && card->sounded == card->taken)
		card_end(card, STAGE_DRY, "XRUN", now);
}

/* The queue at which a waiting program is to be woken: low enough for its wish, or empty when it drains. */
static int64_t waking_queue(const struct card *card)
{
	if (card->io.state == SND_PCM_STATE_DRAINING || card->avail_min >= card->io.buffer_size)
		return 0;
	return (int64_t)(card->io.buffer_size - card->avail_min);
}

bool card_has_room(const struct card *card)
{
	return card->taken - card->sounded <= waking_queue(card);
}

void card_set_timer(struct card *card, int64_t now)
{
	int64_t wake = now;
	struct itimerspec when = { 0 };

	if ((card->stage == STAGE_QUEUED || card->stage == STAGE_PLAYING) && !card_has_room(card)) {
		wake = now + LONGEST_SLEEP_NS;
		if (card->stage == STAGE_PLAYING) {
			int64_t room = clock_instant_of(&card->clock, card->taken - waking_queue(card));

			wake = room < wake ? room : wake;
		}
	}
	when.it_value.tv_sec = (time_t)(wake / NS_PER_S);
	when.it_value.tv_nsec = (long)(wake % NS_PER_S);
	timerfd_settime(card->timer, TFD_TIMER_ABSTIME, &when, NULL);
}
