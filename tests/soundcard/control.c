#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void read_settings(struct control *control)
{
	char line[128];
	FILE *file = fopen(control->control_path, "re");

	if (!file)
		return;
	while (fgets(line, sizeof line, file)) {
		double ppm;
		long serial, ms;

		if (sscanf(line, "ppm %lf", &ppm) == 1)
			control->ppm = ppm;
		else if (sscanf(line, "freeze %ld %ld", &serial, &ms) == 2) {
			control->freeze_serial = serial;
			control->freeze_ms = ms;
		} else if (sscanf(line, "xrun %ld", &serial) == 1)
			control->xrun_serial = serial;
	}
	fclose(file);
}

int control_open(struct control *control, const char *directory)
{
	*control = (struct control){ 0 };
	if (asprintf(&control->unplugged_path, "%s/unplugged", directory) < 0) {
		control->unplugged_path = NULL;
		return -ENOMEM;
	}
	if (asprintf(&control->control_path, "%s/control", directory) < 0) {
		control->control_path = NULL;
		control_close(control);
		return -ENOMEM;
	}
	control_look(control);
	return 0;
}

void control_close(struct control *control)
{
	free(control->unplugged_path);
	free(control->control_path);
	*control = (struct control){ 0 };
}

bool control_unplugged(const struct control *control)
{
	return access(control->unplugged_path, F_OK) == 0;
}

struct control_change control_look(struct control *control)
{
	struct control_change change = { 0 };
	struct control before = *control;
	struct stat now;

	if (stat(control->control_path, &now) != 0)
		return change;
	if (now.st_ino == control->seen_inode && now.st_mtim.tv_sec == control->seen_change.tv_sec &&
	    now.st_mtim.tv_nsec == control->seen_change.tv_nsec)
		return change;
	control->seen_inode = now.st_ino;
	control->seen_change = now.st_mtim;
	read_settings(control);

	change.ppm = control->ppm < before.ppm || control->ppm > before.ppm;
	change.freeze = control->freeze_serial > before.freeze_serial && control->freeze_ms > 0;
	change.xrun = control->xrun_serial > before.xrun_serial;
	return change;
}
