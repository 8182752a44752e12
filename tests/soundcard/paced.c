/* loa_paced: a sound card for tests, as an ALSA plugin.
 *
 * A program opens it like any card. It takes frames no faster than a real card would (paced by CLOCK_MONOTONIC, at a
 * speed a test may change), remembers each of them and when it sounded, underruns when it is not fed, and can be
 * unplugged. It makes no sound. Playback only; never for production.
 *
 * Configuration:
 *   pcm_type.loa_paced { lib "/path/to/libloa_paced.so" }
 *   pcm.NAME {
 *       type loa_paced
 *       dir "/a/directory"     # of this card alone: see control.h and journal.h for its files
 *       format "S16_LE"        # optional: take this format only (otherwise S16_LE, S32_LE, FLOAT_LE)
 *       rate 48000             # optional: this rate only (otherwise 8000-48000)
 *       channels 2             # optional: this many only (otherwise 1-2)
 *   }
 *
 * How ALSA uses it: `transfer` brings frames, `pointer` asks how many have sounded, and the program sleeps on `timer`
 * until `poll_revents` says that there is room. The timer is always set to the next instant at which there is
 * something to say, as a card's interrupt would be.
 *
 * Unlike a kernel driver it always stops when it runs dry (whatever stop_threshold says), cannot pause, and does not
 * forget frames that a program rewinds.
 */
#include "card.h"

#include <inttypes.h>
#include <limits.h>
#include <sys/timerfd.h>

enum { SMALLEST_PERIOD_FRAMES = 32, LARGEST_PERIOD_BYTES = 64 * 1024, LARGEST_BUFFER_BYTES = 512 * 1024 };

/* Locks the card and brings it up to date; every callback that does this ends with `leave`. */
static struct card *enter(snd_pcm_ioplug_t *io, int64_t *now)
{
	struct card *card = io->private_data;

	pthread_mutex_lock(&card->lock);
	*now = clock_monotonic_ns();
	card_advance(card, *now);
	return card;
}

static void leave(struct card *card)
{
	pthread_mutex_unlock(&card->lock);
}

/* Frames still queued will never sound. */
static void stop(struct card *card, int64_t now)
{
	if (card->stage == STAGE_PLAYING || (card->stage == STAGE_QUEUED && card->taken > 0))
		card_end(card, STAGE_IDLE, "STOP", now);
	else if (card->stage == STAGE_QUEUED)
		card->stage = STAGE_IDLE;
}

static int on_hw_params(snd_pcm_ioplug_t *io, snd_pcm_hw_params_t *params)
{
	int64_t now;
	struct card *card = enter(io, &now);

	(void)params;
	card->frame_bytes = (size_t)snd_pcm_format_physical_width(io->format) / 8 * io->channels;
	card->clock.rate = io->rate;
	journal_event(&card->journal, "HW_PARAMS", now, "rate=%u channels=%u format=%s period=%lu buffer=%lu", io->rate,
		      io->channels, snd_pcm_format_name(io->format), io->period_size, io->buffer_size);
	leave(card);
	return 0;
}

static int on_sw_params(snd_pcm_ioplug_t *io, snd_pcm_sw_params_t *params)
{
	int64_t now;
	struct card *card = enter(io, &now);

	snd_pcm_sw_params_get_avail_min(params, &card->avail_min);
	snd_pcm_sw_params_get_boundary(params, &card->boundary);
	card_set_timer(card, now);
	leave(card);
	return 0;
}

static int on_prepare(snd_pcm_ioplug_t *io)
{
	int64_t now;
	struct card *card = enter(io, &now);
	int err = 0;

	if (card->stage == STAGE_GONE) {
		err = -ENODEV;
	} else {
		stop(card, now);
		card->stage = STAGE_QUEUED;
		card->drain_logged = false;
		card->taken = card->sounded = 0;
		journal_event(&card->journal, "PREPARE", now, "frame=0 offset=%" PRId64, card->journal.bytes);
		card_set_timer(card, now);
	}
	leave(card);
	return err;
}

static int on_start(snd_pcm_ioplug_t *io)
{
	int64_t now;
	struct card *card = enter(io, &now);
	int err = 0;

	if (card->stage == STAGE_GONE) {
		err = -ENODEV;
	} else {
		card->stage = STAGE_PLAYING;
		clock_start(&card->clock, now);
		card_log_anchor(card, "START", now);
		card_set_timer(card, now);
	}
	leave(card);
	return err;
}

static int on_stop(snd_pcm_ioplug_t *io)
{
	int64_t now;
	struct card *card = enter(io, &now);

	stop(card, now);
	card_set_timer(card, now);
	leave(card);
	return 0;
}

/* How many frames have sounded, or an error that ALSA turns into an underrun. */
static snd_pcm_sframes_t on_pointer(snd_pcm_ioplug_t *io)
{
	int64_t now;
	struct card *card = enter(io, &now);
	snd_pcm_sframes_t position;

	if (card->stage == STAGE_DRY) {
		position = -EPIPE;
	} else {
		/* ALSA would call any error here an underrun, so a dead card tells its state instead. */
		if (card->stage == STAGE_GONE)
			snd_pcm_ioplug_set_state(io, SND_PCM_STATE_DISCONNECTED);
		position = (snd_pcm_sframes_t)((snd_pcm_uframes_t)card->sounded % card->boundary);
	}
	/* A drain begins without a callback: this is the first to see it, and it changes what to wake for. */
	if (io->state == SND_PCM_STATE_DRAINING)
		card_set_timer(card, now);
	leave(card);
	return position;
}

static snd_pcm_sframes_t on_transfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas, snd_pcm_uframes_t offset,
				     snd_pcm_uframes_t size)
{
	int64_t now;
	struct card *card = enter(io, &now);
	snd_pcm_sframes_t result = (snd_pcm_sframes_t)size;

	if (card->stage == STAGE_GONE) {
		result = -ENODEV;
	} else if (card->stage == STAGE_DRY) {
		result = -EPIPE;
	} else {
		/* Interleaved access only, so the first channel's area covers whole frames. */
		const char *frames = (const char *)areas[0].addr + (areas[0].first + areas[0].step * offset) / 8;
		int err = journal_capture(&card->journal, frames, size * card->frame_bytes);

		if (err < 0) {
			SNDERR("loa_paced: cannot capture: %s", strerror(-err));
			result = err;
		} else {
			card->taken += result;
		}
	}
	card_set_timer(card, now);
	leave(card);
	return result;
}

static int on_poll_revents(snd_pcm_ioplug_t *io, struct pollfd *fds, unsigned int count, unsigned short *revents)
{
	int64_t now;
	struct card *card = enter(io, &now);

	(void)fds;
	(void)count;
	*revents = 0;
	switch (card->stage) {
	case STAGE_GONE:
		snd_pcm_ioplug_set_state(io, SND_PCM_STATE_DISCONNECTED);
		*revents = POLLERR | POLLHUP;
		break;
	case STAGE_DRY:
		snd_pcm_ioplug_set_state(io, SND_PCM_STATE_XRUN);
		*revents = POLLERR;
		break;
	case STAGE_IDLE:
		*revents = POLLERR;
		break;
	case STAGE_QUEUED:
	case STAGE_PLAYING:
		if (card_has_room(card))
			*revents = POLLOUT;
		break;
	}
	card_set_timer(card, now);
	leave(card);
	return 0;
}

static void destroy(struct card *card)
{
	if (card->timer >= 0)
		close(card->timer);
	control_close(&card->control);
	journal_close(&card->journal);
	pthread_mutex_destroy(&card->lock);
	free(card);
}

static int on_close(snd_pcm_ioplug_t *io)
{
	int64_t now;
	struct card *card = enter(io, &now);

	stop(card, now);
	card_log_position(card, "CLOSE", now);
	leave(card);
	destroy(card);
	return 0;
}

static const snd_pcm_ioplug_callback_t callbacks = {
	.start = on_start,
	.stop = on_stop,
	.pointer = on_pointer,
	.transfer = on_transfer,
	.close = on_close,
	.hw_params = on_hw_params,
	.sw_params = on_sw_params,
	.prepare = on_prepare,
	.poll_revents = on_poll_revents,
};

/* What the configuration asks for; 0 or SND_PCM_FORMAT_UNKNOWN where it leaves the choice to the program. */
struct settings {
	const char *dir;
	snd_pcm_format_t format;
	long rate, channels;
};

static int read_settings(snd_config_t *conf, struct settings *settings)
{
	snd_config_iterator_t i, next;

	*settings = (struct settings){ .format = SND_PCM_FORMAT_UNKNOWN };
	snd_config_for_each(i, next, conf) {
		snd_config_t *node = snd_config_iterator_entry(i);
		const char *id, *text;
		int err = 0;

		if (snd_config_get_id(node, &id) < 0 || !strcmp(id, "comment") || !strcmp(id, "type") ||
		    !strcmp(id, "hint"))
			continue;
		if (!strcmp(id, "dir")) {
			err = snd_config_get_string(node, &settings->dir);
		} else if (!strcmp(id, "format")) {
			err = snd_config_get_string(node, &text);
			if (err >= 0)
				settings->format = snd_pcm_format_value(text);
		} else if (!strcmp(id, "rate")) {
			err = snd_config_get_integer(node, &settings->rate);
		} else if (!strcmp(id, "channels")) {
			err = snd_config_get_integer(node, &settings->channels);
		} else {
			err = -EINVAL;
		}
		if (err < 0) {
			SNDERR("loa_paced: field %s is unknown or of the wrong type", id);
			return err;
		}
	}
	if (!settings->dir) {
		SNDERR("loa_paced: dir is missing");
		return -EINVAL;
	}
	return 0;
}

/* Tells ALSA what the card can do. */
static int describe(snd_pcm_ioplug_t *io, const struct settings *settings)
{
	/* ALSA's own converters (`plug`) need the mapped access. */
	static const unsigned int access[] = { SND_PCM_ACCESS_RW_INTERLEAVED, SND_PCM_ACCESS_MMAP_INTERLEAVED };
	static const unsigned int every_format[] = { SND_PCM_FORMAT_S16_LE, SND_PCM_FORMAT_S32_LE,
						     SND_PCM_FORMAT_FLOAT_LE };
	unsigned int one_format = (unsigned int)settings->format;
	bool any_format = settings->format == SND_PCM_FORMAT_UNKNOWN;
	unsigned int rate = (unsigned int)settings->rate, channels = (unsigned int)settings->channels;
	int err;

	err = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS, 2, access);
	if (err >= 0)
		err = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_FORMAT, any_format ? 3 : 1,
						    any_format ? every_format : &one_format);
	if (err >= 0)
		err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_RATE, rate ? rate : 8000,
						      rate ? rate : 48000);
	if (err >= 0)
		err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_CHANNELS, channels ? channels : 1,
						      channels ? channels : 2);
	if (err >= 0) /* of the smallest frame there is: 16 bits, mono */
		err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, SMALLEST_PERIOD_FRAMES * 2,
						      LARGEST_PERIOD_BYTES);
	if (err >= 0)
		err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_BUFFER_BYTES, SMALLEST_PERIOD_FRAMES * 4,
						      LARGEST_BUFFER_BYTES);
	if (err >= 0)
		err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIODS, 2, 64);
	return err;
}

SND_PCM_PLUGIN_DEFINE_FUNC(loa_paced)
{
	struct settings settings;
	struct card *card;
	int64_t now = clock_monotonic_ns();
	int err;

	(void)root;
	if (stream != SND_PCM_STREAM_PLAYBACK)
		return -EINVAL;
	err = read_settings(conf, &settings);
	if (err < 0)
		return err;
	card = calloc(1, sizeof *card);
	if (!card)
		return -ENOMEM;
	pthread_mutex_init(&card->lock, NULL);
	card->journal = (struct journal){ .capture = -1, .events = -1 };
	card->timer = -1;
	card->boundary = LONG_MAX;

	err = control_open(&card->control, settings.dir);
	if (err < 0)
		goto fail;
	if (control_unplugged(&card->control)) {
		err = -ENODEV;
		goto fail;
	}
	card->clock.ppm = card->control.ppm;
	err = journal_open(&card->journal, settings.dir);
	if (err < 0)
		goto fail;
	card->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (card->timer < 0) {
		err = -errno;
		goto fail;
	}

	card->io.version = SND_PCM_IOPLUG_VERSION;
	card->io.name = "Loa test sound card";
	card->io.flags = SND_PCM_IOPLUG_FLAG_MONOTONIC | SND_PCM_IOPLUG_FLAG_BOUNDARY_WA;
	card->io.callback = &callbacks;
	card->io.private_data = card;
	card->io.poll_fd = card->timer;
	card->io.poll_events = POLLIN;
	err = snd_pcm_ioplug_create(&card->io, name, stream, mode);
	if (err < 0)
		goto fail;
	journal_event(&card->journal, "OPEN", now, "offset=%" PRId64 " pid=%d", card->journal.bytes, (int)getpid());
	err = describe(&card->io, &settings);
	if (err < 0) {
		snd_pcm_ioplug_delete(&card->io); /* which closes, and so frees, the card */
		return err;
	}
	*pcmp = card->io.pcm;
	return 0;

fail:
	destroy(card);
	return err;
}

SND_PCM_PLUGIN_SYMBOL(loa_paced)
