// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One thing that the kernel does for a module or a table, with one allocation that fails.
 *
 *	failnth load FILE		load a module
 *	failnth unload NAME		unload it
 *	failnth table NAME LINE		load a table into the device's inactive slot
 *	failnth clear NAME		empty that slot
 *	failnth tables NAME LINE COUNT	both, so many times
 *	failnth message NAME TEXT	send it to the device's first target
 *
 * With FAIL_NTH=N in the environment the Nth allocation fails. The exit code is 0 when it is done
 * and 1 when the kernel has refused; then standard error has the errno's name. It also says whether
 * an allocation has failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/dm-ioctl.h>

#include "failnth.h"

#define BUFFER_SIZE 4096

static unsigned int nth;

static void __attribute__((noreturn)) die(const char *what)
{
	perror(what);
	exit(2);
}

static long load(char **arg)
{
	int fd = open(arg[0], O_RDONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		die(arg[0]);
	failnth_arm(nth);
	ret = syscall(SYS_finit_module, fd, "", 0);
	return ret;
}

static long unload(char **arg)
{
	failnth_arm(nth);
	return syscall(SYS_delete_module, arg[0], O_NONBLOCK);
}

static long dm_call(unsigned long request, struct dm_ioctl *dm, const char *name)
{
	int fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC), error;
	long ret;

	if (fd < 0)
		die("/dev/mapper/control");
	dm->version[0] = DM_VERSION_MAJOR;
	dm->data_size = BUFFER_SIZE;
	dm->data_start = sizeof(*dm);
	snprintf(dm->name, sizeof(dm->name), "%s", name);
	failnth_arm(nth);
	ret = ioctl(fd, request, dm);
	error = errno;
	close(fd);
	errno = error;
	return ret;
}

static long table(char **arg)
{
	static char buffer[BUFFER_SIZE] __attribute__((aligned(8)));
	struct dm_ioctl *dm = memset(buffer, 0, sizeof(buffer));
	struct dm_target_spec *spec = (struct dm_target_spec *)(dm + 1);
	unsigned long long start, length;
	int at;

	if (sscanf(arg[1], "%llu %llu %15s %n", &start, &length, spec->target_type, &at) != 3 ||
	    strlen(arg[1] + at) >= BUFFER_SIZE - sizeof(*dm) - sizeof(*spec)) {
		fputs("failnth: this is no table\n", stderr);
		exit(2);
	}
	spec->sector_start = start;
	spec->length = length;
	memcpy(spec + 1, arg[1] + at, strlen(arg[1] + at));
	dm->target_count = 1;
	return dm_call(DM_TABLE_LOAD, dm, arg[0]);
}

static long clear(char **arg)
{
	static char buffer[BUFFER_SIZE] __attribute__((aligned(8)));

	return dm_call(DM_TABLE_CLEAR, memset(buffer, 0, sizeof(buffer)), arg[0]);
}

static long tables(char **arg)
{
	long ret = 0, left;

	for (left = atol(arg[2]); !ret && left > 0; left--) {
		ret = table(arg);
		if (!ret)
			ret = clear(arg);
	}
	return ret;
}

static long message(char **arg)
{
	static char buffer[BUFFER_SIZE] __attribute__((aligned(8)));
	struct dm_ioctl *dm = memset(buffer, 0, sizeof(buffer));
	struct dm_target_msg *msg = (struct dm_target_msg *)(dm + 1);

	if (strlen(arg[1]) >= BUFFER_SIZE - sizeof(*dm) - sizeof(*msg)) {
		fputs("failnth: the message is too long\n", stderr);
		exit(2);
	}
	memcpy(msg->message, arg[1], strlen(arg[1]));
	return dm_call(DM_TARGET_MSG, dm, arg[0]);
}

static const struct {
	const char *name;
	int args;
	long (*act)(char **arg);
} actions[] = {
	{ "load", 1, load },
	{ "unload", 1, unload },
	{ "table", 2, table },
	{ "clear", 1, clear },
	{ "tables", 3, tables },
	{ "message", 2, message },
};

int main(int argc, char **argv)
{
	const char *text = getenv("FAIL_NTH");
	size_t i;
	long ret;
	int error;

	nth = text ? (unsigned int)strtoul(text, NULL, 10) : 0;
	for (i = 0; argc > 1 && i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(argv[1], actions[i].name) || argc != 2 + actions[i].args)
			continue;
		ret = actions[i].act(argv + 2);
		error = errno;
		failnth_disarm();
		if (ret < 0)
			fprintf(stderr, "%s\n", strerrorname_np(error));
		return ret < 0;
	}
	fputs("usage: failnth load FILE | unload NAME | table NAME LINE | clear NAME | "
	      "tables NAME LINE COUNT | message NAME TEXT\n",
	      stderr);
	return 2;
}
