// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Heads: devices with the target "liteio", or dm-linear where there is no gate.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/head.h"
#include "host/head_known.h"

#define SECTOR 512u
#define TARGET_HEAD "liteio"
#define TARGET_LINEAR "linear"
#define TARGET_ERROR "error"
#define FIELDS_MAX 32
/*
 * A list takes the kernel a thousand instructions for each device there is, and most heads have one
 * below; a question by name takes about five thousand among a thousand devices
 */
#define NAMES_MIN 4u
#define NAMES_SHARE 2u

static enum liteio_dm_role role_of(bool remote)
{
	return remote ? LITEIO_DM_REMOTE : LITEIO_DM_HEAD;
}

static void make_table(const struct liteio_head *h, struct liteio_dm_target *t)
{
	char uuid[LITEIO_UUID_STRLEN + 1];

	*t = (struct liteio_dm_target){ .sectors = h->size_bytes / SECTOR };
	if (!h->gate) {
		snprintf(t->type, sizeof(t->type), TARGET_LINEAR);
		snprintf(t->params, sizeof(t->params), "%u:%u 0", major(h->lower),
			 minor(h->lower));
		return;
	}
	liteio_uuid_format(&h->uuid, uuid);
	snprintf(t->type, sizeof(t->type), TARGET_HEAD);
	snprintf(t->params, sizeof(t->params), "%u:%u 0 %s %llu%s", major(h->lower),
		 minor(h->lower), uuid, (unsigned long long)h->generation,
		 h->read_only ? " 1 ro" : "");
}

/* ---- reading tables and status -------------------------------------------------------------- */

static int parse_dev(const char *s, dev_t *ret)
{
	char copy[32], *fields[2];
	uint64_t ma, mi;

	if (strlen(s) >= sizeof(copy))
		return -EBADMSG;
	snprintf(copy, sizeof(copy), "%s", s);
	if (liteio_split(copy, ':', fields, 2) != 2 ||
	    liteio_parse_u64(fields[0], 0, UINT32_MAX, &ma) ||
	    liteio_parse_u64(fields[1], 0, UINT32_MAX, &mi))
		return -EBADMSG;
	*ret = makedev((unsigned int)ma, (unsigned int)mi);
	return 0;
}

/* <dev> <offset> <uuid> <generation> [<n> [ro]] */
static int parse_head_fields(char **f, size_t n, struct liteio_head *h)
{
	if (n < 4 || liteio_uuid_parse(f[2], &h->uuid) ||
	    liteio_parse_u64(f[3], 1, INT64_MAX, &h->generation))
		return -EBADMSG;
	h->read_only = false;
	for (size_t i = 5; i < n; i++) {
		if (!strcmp(f[i], "ro"))
			h->read_only = true;
	}
	h->gate = true;
	return 0;
}

int liteio_head_parse_table(const char *type, const char *params, struct liteio_head *io)
{
	char *copy _cleanup_free_ = liteio_strdup(params);
	char *f[FIELDS_MAX];
	size_t n = liteio_split(copy, ' ', f, FIELDS_MAX);
	struct liteio_head h = *io;
	int r;

	if (n < 2)
		return -EBADMSG;
	r = parse_dev(f[0], &h.lower);
	if (!r && !strcmp(type, TARGET_HEAD))
		r = parse_head_fields(f, n, &h);
	else if (!r && !strcmp(type, TARGET_LINEAR))
		h.gate = false;
	else if (!r)
		r = -EBADMSG;
	if (!r)
		*io = h;
	return r;
}

/* <uuid> <generation> <floor> <state> <inflight> ...: later fields are not needed here */
int liteio_head_parse_status(const char *params, struct liteio_head_state *io)
{
	char *copy _cleanup_free_ = liteio_strdup(params);
	char *f[FIELDS_MAX];
	size_t n = liteio_split(copy, ' ', f, FIELDS_MAX);
	uint64_t floor, inflight;

	if (n < 5 || liteio_parse_u64(f[2], 0, UINT64_MAX, &floor) ||
	    liteio_parse_u64(f[4], 0, UINT64_MAX, &inflight))
		return -EBADMSG;
	io->floor = floor;
	io->inflight = inflight;
	io->fenced = !strcmp(f[3], "draining") || !strcmp(f[3], "fenced");
	return 0;
}

/* everything that table and status say about a device of ours */
static int read_state(const char *name, struct liteio_head_state *ret, struct liteio_error *err)
{
	struct liteio_dm_target *table _cleanup_free_ = NULL, status;
	struct liteio_head_state s = { 0 };
	enum liteio_dm_role role;
	size_t n;
	int r;

	if (liteio_dm_name_parse(name, &role, &s.head.uuid, &s.head.generation) ||
	    (role != LITEIO_DM_HEAD && role != LITEIO_DM_REMOTE))
		return liteio_error_set(err, -EINVAL, "%s is no head", name);
	s.head.remote = role == LITEIO_DM_REMOTE;
	r = liteio_dm_status_one(name, 0, &s.dm, &status, err);
	if (r == 0)
		r = liteio_dm_table(name, &table, &n, err);
	if (r)
		return r;
	liteio_dm_path(&s.dm, s.path);
	/* without a table: an interrupted create; with another one: failed on purpose */
	if (n == 1) {
		s.head.size_bytes = table[0].sectors * SECTOR;
		liteio_head_parse_table(table[0].type, table[0].params, &s.head);
	}
	if (s.head.gate && !strcmp(status.type, TARGET_HEAD))
		liteio_head_parse_status(status.params, &s);
	*ret = s;
	return 0;
}

/* ---- heads ---------------------------------------------------------------------------------- */

static int ensure(const struct liteio_head_id *id, const char *name, const char *uuid,
		  const struct liteio_dm_target *t, unsigned int flags, struct liteio_dm_info *ret,
		  struct liteio_error *err)
{
	int r;

	liteio_head_remember(id);
	r = liteio_dm_ensure(name, uuid, t, 1, flags, ret, err);
	/* somebody else may have removed one, and be about to forget it */
	liteio_head_remember(id);
	return r;
}

int liteio_head_ensure(const struct liteio_head *h, char ret_path[LITEIO_DM_PATH_MAX],
		       struct liteio_error *err)
{
	char name[LITEIO_DM_NAME_MAX + 1], uuid[LITEIO_DM_NAME_MAX + 1];
	const struct liteio_head_id id = { h->uuid, h->generation, h->remote };
	struct liteio_dm_target t;
	struct liteio_dm_info dm;
	unsigned int flags = 0;
	int r;

	if (!h->size_bytes || h->size_bytes % SECTOR)
		return liteio_error_set(err, -EINVAL, "a head cannot have %llu bytes",
					(unsigned long long)h->size_bytes);
	if (!h->gate && h->remote)
		return liteio_error_set(err, -EOPNOTSUPP,
					"a remote attachment needs the module liteio");
	liteio_dm_name(role_of(h->remote), &h->uuid, h->generation, name);
	liteio_dm_uuid(role_of(h->remote), &h->uuid, h->generation, uuid);
	make_table(h, &t);
	if (h->read_only && !h->exported)
		flags |= LITEIO_DM_READ_ONLY;
	r = ensure(&id, name, uuid, &t, flags, &dm, err);
	if (r == 0 && ret_path)
		liteio_dm_path(&dm, ret_path);
	return r;
}

int liteio_head_place(const struct liteio_uuid *uuid, uint64_t generation, uint64_t size_bytes,
		      char ret_path[LITEIO_DM_PATH_MAX], struct liteio_error *err)
{
	const struct liteio_dm_target t = { .type = TARGET_ERROR, .sectors = size_bytes / SECTOR };
	char name[LITEIO_DM_NAME_MAX + 1], dm_uuid[LITEIO_DM_NAME_MAX + 1];
	const struct liteio_head_id id = { *uuid, generation, false };
	struct liteio_dm_info dm;
	int r;

	if (!size_bytes || size_bytes % SECTOR)
		return liteio_error_set(err, -EINVAL, "a head cannot have %llu bytes",
					(unsigned long long)size_bytes);
	liteio_dm_name(LITEIO_DM_HEAD, uuid, generation, name);
	liteio_dm_uuid(LITEIO_DM_HEAD, uuid, generation, dm_uuid);
	r = liteio_dm_info(name, &dm, err);
	/* without a table: an interrupted create. Who looks what is on it would only see errors */
	if (r == -ENODEV || (!r && !dm.live_table))
		r = ensure(&id, name, dm_uuid, &t, LITEIO_DM_INNER, &dm, err);
	if (r == 0)
		liteio_dm_path(&dm, ret_path);
	return r;
}

int liteio_head_info(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		     struct liteio_dm_info *ret, struct liteio_error *err)
{
	char name[LITEIO_DM_NAME_MAX + 1];

	liteio_dm_name(role_of(remote), uuid, generation, name);
	return liteio_dm_info(name, ret, err);
}

int liteio_head_grow(const struct liteio_uuid *uuid, uint64_t generation, uint64_t size_bytes,
		     struct liteio_error *err)
{
	char name[LITEIO_DM_NAME_MAX + 1], dm_uuid[LITEIO_DM_NAME_MAX + 1];
	const struct liteio_head_id id = { *uuid, generation, false };
	struct liteio_dm_target live, t;
	struct liteio_head h = { 0 };
	struct liteio_dm_info dm;
	int r;

	liteio_dm_name(LITEIO_DM_HEAD, uuid, generation, name);
	if (liteio_dm_status_one(name, LITEIO_DM_TABLE, &dm, &live, NULL) || dm.suspended ||
	    dm.inactive_table || strcmp(live.type, TARGET_HEAD) != 0 ||
	    liteio_head_parse_table(live.type, live.params, &h))
		return 0;
	if (live.sectors >= size_bytes / SECTOR)
		return 1;
	t = live;
	t.sectors = size_bytes / SECTOR;
	liteio_dm_uuid(LITEIO_DM_HEAD, uuid, generation, dm_uuid);
	liteio_head_remember(&id);
	r = liteio_dm_bring_up(name, dm_uuid, &t, 1, dm.read_only ? LITEIO_DM_READ_ONLY : 0, &dm,
			       &live, err);
	return r ? r : 1;
}

int liteio_head_path(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		     char ret[LITEIO_DM_PATH_MAX], struct liteio_error *err)
{
	struct liteio_dm_info dm;
	int r = liteio_head_info(uuid, generation, remote, &dm, err);

	if (r == 0)
		liteio_dm_path(&dm, ret);
	return r;
}

int liteio_head_get(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		    struct liteio_head_state *ret, struct liteio_error *err)
{
	char name[LITEIO_DM_NAME_MAX + 1];

	liteio_dm_name(role_of(remote), uuid, generation, name);
	return read_state(name, ret, err);
}

int liteio_head_list(struct liteio_head_state **ret, size_t *ret_n, struct liteio_error *err)
{
	return liteio_head_list_of(NULL, ret, ret_n, err);
}

struct list {
	struct liteio_head_state *heads;
	size_t n;
	size_t room;
};

static void add(void *arg, const char *name)
{
	struct list *l = arg;

	l->heads = liteio_list_room(l->heads, l->n, &l->room, sizeof(*l->heads));
	/* what went away meanwhile is not there */
	if (!read_state(name, &l->heads[l->n], NULL))
		l->n++;
}

/* of one volume */
struct list_of {
	const struct liteio_uuid *uuid;
	struct list list;
};

static bool is_head_of(const char *name, const struct liteio_uuid *uuid, struct liteio_head_id *ret)
{
	enum liteio_dm_role role;

	if (liteio_dm_name_parse(name, &role, &ret->uuid, &ret->generation) ||
	    (role != LITEIO_DM_HEAD && role != LITEIO_DM_REMOTE))
		return false;
	ret->remote = role == LITEIO_DM_REMOTE;
	return !uuid || liteio_uuid_equal(&ret->uuid, uuid);
}

static void add_of(void *arg, const char *name)
{
	struct list_of *l = arg;
	struct liteio_head_id id;

	if (!is_head_of(name, l->uuid, &id))
		return;
	liteio_head_remember(&id);
	add(&l->list, name);
}

/* @r: what listing came to */
static int give_list(const struct list *l, int r, struct liteio_head_state **ret, size_t *ret_n)
{
	if (r) {
		free(l->heads);
		return r;
	}
	*ret = l->heads;
	*ret_n = l->n;
	return 0;
}

/* of all generations */
static void name_prefix(enum liteio_dm_role role, const struct liteio_uuid *uuid,
			char out[LITEIO_DM_NAME_MAX + 1])
{
	liteio_dm_name(role, uuid, 0, out);
	*(strrchr(out, '-') + 1) = '\0';
}

int liteio_head_list_of(const struct liteio_uuid *uuid, struct liteio_head_state **ret,
			size_t *ret_n, struct liteio_error *err)
{
	static const enum liteio_dm_role roles[] = { LITEIO_DM_HEAD, LITEIO_DM_REMOTE };
	char prefix[LITEIO_DM_NAME_MAX + 1];
	struct list_of l = { .uuid = uuid };
	int r = 0;

	if (!uuid)
		return give_list(&l.list, liteio_dm_each(add_of, &l, err), ret, ret_n);
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(roles) && !r; i++) {
		name_prefix(roles[i], uuid, prefix);
		r = liteio_dm_each_of(prefix, add_of, &l, err);
	}
	return give_list(&l.list, r, ret, ret_n);
}

static void remember_name(void *arg, const char *name)
{
	struct liteio_head_id id;

	if (is_head_of(name, NULL, &id))
		liteio_head_remember(&id);
}

/* those that were there when this process first asked; it makes all others itself */
static int read_known(struct liteio_error *err)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static bool is_read;
	int r = 0;

	liteio_guard(&lock);
	if (!is_read)
		r = liteio_dm_each(remember_name, NULL, err);
	is_read = is_read || !r;
	return r;
}

int liteio_head_list_known(const struct liteio_uuid *uuid, bool remote,
			   struct liteio_head_state **ret, size_t *ret_n, struct liteio_error *err)
{
	struct liteio_head_id *found _cleanup_free_ = NULL;
	char name[LITEIO_DM_NAME_MAX + 1];
	struct list l = { 0 };
	size_t n;
	int r;

	r = read_known(err);
	if (r)
		return r;
	n = liteio_head_known_of(uuid, &found);
	for (size_t i = 0; i < n; i++) {
		if (found[i].remote != remote)
			continue;
		liteio_dm_name(role_of(remote), uuid, found[i].generation, name);
		add(&l, name);
	}
	return give_list(&l, 0, ret, ret_n);
}

int liteio_head_remove(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		       struct liteio_error *err)
{
	char name[LITEIO_DM_NAME_MAX + 1];
	const struct liteio_head_id id = { *uuid, generation, remote };
	unsigned int n = liteio_head_times(&id);
	int r;

	liteio_dm_name(role_of(remote), uuid, generation, name);
	r = liteio_dm_remove(name, err);
	if (!r)
		liteio_head_forget(&id, n);
	return r;
}

int liteio_head_fail(const struct liteio_uuid *uuid, uint64_t generation, bool remote,
		     struct liteio_error *err)
{
	struct liteio_dm_target t = { .type = TARGET_ERROR };
	struct liteio_head_state s;
	int r;

	r = liteio_head_get(uuid, generation, remote, &s, err);
	if (r)
		return r == -ENODEV ? 0 : r;
	t.sectors = s.head.size_bytes / SECTOR;
	if (!t.sectors)
		return 0;
	r = liteio_dm_load(s.dm.name, &t, 1, 0, err);
	/* noflush: what waits below is not waited for, it goes to the new table */
	if (!r && !s.dm.suspended)
		r = liteio_dm_suspend(s.dm.name, LITEIO_DM_NOFLUSH, err);
	return r ? r : liteio_dm_resume(s.dm.name, 0, err);
}

/* ---- the fence ------------------------------------------------------------------------------ */

/* heads that a fence ends; @r: the first that could not be */
struct ending {
	const struct liteio_uuid *uuid;
	uint64_t first;
	uint64_t end;
	int r;
	struct liteio_error *err;
};

static int fail_plain(const struct liteio_head_id *id, const char *name, struct liteio_error *err)
{
	struct liteio_dm_target line = { 0 };
	struct liteio_dm_info dm;
	struct liteio_head h = { 0 };
	int r;

	r = liteio_dm_status_one(name, LITEIO_DM_TABLE, &dm, &line, err);
	if (r)
		return r == -ENODEV ? 0 : r;
	/* somebody else's, which only is called so */
	if (strncmp(dm.uuid, LITEIO_DM_UUID_PREFIX, strlen(LITEIO_DM_UUID_PREFIX)) != 0)
		return 0;
	liteio_head_remember(id);
	liteio_head_parse_table(line.type, line.params, &h);
	return h.gate ? 0 : liteio_head_fail(&id->uuid, id->generation, false, err);
}

static void fail_named(void *arg, const char *name)
{
	struct ending *e = arg;
	struct liteio_head_id id;

	struct liteio_error *err = e->r ? NULL : e->err;
	int r;

	if (!is_head_of(name, e->uuid, &id) || id.remote || id.generation < e->first ||
	    id.generation >= e->end)
		return;
	/* one that can not be ended does not leave the others writing */
	r = fail_plain(&id, name, err);
	if (!e->r)
		e->r = r;
}

/*
 * No head can be missed by asking for names, whoever has made it, and when. What a head is called
 * is its role, its volume and its generation, in one spelling (liteio_dm_name_parse() takes no
 * other), and device-mapper has no name twice. So a list of those from @first to before @end can
 * have no device that is not called by one of these generations, and each of them is asked for;
 * nothing that is known here decides which. A list is of one moment, and these are several: what is
 * there when it begins, and stays, is found by both. What is made meanwhile, or later, may be in
 * neither: against that whoever fences has the lock of the volume where it has no gates, and closes
 * these first where it has.
 */
static int ask_by_name(struct ending *e)
{
	char name[LITEIO_DM_NAME_MAX + 1];

	for (uint64_t g = e->first; g < e->end; g++) {
		liteio_dm_name(LITEIO_DM_HEAD, e->uuid, g, name);
		fail_named(e, name);
	}
	return e->r;
}

static int ask_for_list(struct ending *e)
{
	char prefix[LITEIO_DM_NAME_MAX + 1];
	int r;

	name_prefix(LITEIO_DM_HEAD, e->uuid, prefix);
	r = liteio_dm_each_of(prefix, fail_named, e, e->r ? NULL : e->err);
	return e->r ? e->r : r;
}

int liteio_head_fail_plain(const struct liteio_uuid *uuid, uint64_t first, uint64_t end,
			   struct liteio_error *err)
{
	struct ending e = { .uuid = uuid, .first = first, .end = end, .err = err };

	if (first >= end)
		return 0;
	if (end - first <= NAMES_MIN + liteio_head_known_n() / NAMES_SHARE)
		return ask_by_name(&e);
	return ask_for_list(&e);
}

int liteio_head_traffic(const char *dm_name, char ret[LITEIO_HEAD_TRAFFIC],
			struct liteio_error *err)
{
	struct liteio_head_state s = { 0 };
	struct liteio_dm_target line;
	int r;

	r = liteio_dm_status_one(dm_name, 0, &s.dm, &line, err);
	if (r)
		return r;
	if (strcmp(line.type, TARGET_HEAD) != 0 || liteio_head_parse_status(line.params, &s) ||
	    strlen(line.params) >= LITEIO_HEAD_TRAFFIC)
		return liteio_error_set(err, -EOPNOTSUPP, "%s does not count its I/O", dm_name);
	if (s.dm.open_count > 0 || s.inflight)
		return liteio_error_set(err, -EBUSY, "%s is in use", dm_name);
	memcpy(ret, line.params, strlen(line.params) + 1);
	return 0;
}
