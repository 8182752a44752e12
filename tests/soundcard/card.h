/* The card itself: what it has taken, what has sounded, and when it next has something to say.
 *
 * All of it is under `lock`, and each function here expects it held. paced.c joins it to ALSA.
 */
#ifndef LOA_SOUNDCARD_CARD_H
#define LOA_SOUNDCARD_CARD_H

#include "clock.h"
#include "control.h"
#include "journal.h"

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <pthread.h>
#include <stdbool.h>

enum stage {
	STAGE_IDLE,    /* not prepared, or stopped */
	STAGE_QUEUED,  /* prepared: takes frames, sounds none yet */
	STAGE_PLAYING, /* frames sound, one after the other */
	STAGE_DRY,     /* underrun: silent until prepared again */
	STAGE_GONE,    /* unplugged: this handle is dead, even if the card returns */
};

struct card {
	snd_pcm_ioplug_t io;
	/* ALSA calls some callbacks under its own lock and some under none; this one covers all below. It is never
	 * held while calling ALSA. */
	pthread_mutex_t lock;
	struct card_clock clock;
	struct control control;
	struct journal journal;
	int timer;
	int64_t looked_ns; /* when the control files were last looked at */

	enum stage stage;
	bool drain_logged;
	int64_t taken;    /* frames since PREPARE */
	int64_t sounded;  /* of those, how many have sounded */
	size_t frame_bytes;
	snd_pcm_uframes_t avail_min; /* wake the program when there is room for so many frames */
	snd_pcm_uframes_t boundary;  /* ALSA's frame counters wrap here */
};

/* Brings the card up to `now`: counts what has sounded, does what the test asks for, notices an underrun. */
void card_advance(struct card *card, int64_t now);

/* Leaves playing for `stage`, with an event that says how much had sounded. */
void card_end(struct card *card, enum stage stage, const char *event, int64_t now);

/* Whether the program is to be woken to write (or because its drain is over). */
bool card_has_room(const struct card *card);

/* Sets the timer to the next instant at which there is something to say. */
void card_set_timer(struct card *card, int64_t now);

void card_log_position(struct card *card, const char *name, int64_t now);

/* START, SPEED and FREEZE: from `anchor_ns` on, frames sound at the card's speed, counted from `anchor_frame`. */
void card_log_anchor(struct card *card, const char *name, int64_t now);

#endif
