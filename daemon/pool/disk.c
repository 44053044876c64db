// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Can a pool be made on this device? Looking at it, judging it, listing all of them.
 */
#include "pool/disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/uuid.h"
#include "host/nvmet.h"
#include "pool/ask.h"
#include "pool/label.h"
#include "pool/pool.h"

const char *const liteio_disk_verdict_names[] = {
	[LITEIO_DISK_USABLE] = "usable",
	[LITEIO_DISK_READ_ONLY] = "readOnly",
	[LITEIO_DISK_MOUNTED] = "mounted",
	[LITEIO_DISK_SWAP] = "swap",
	[LITEIO_DISK_HELD] = "held",
	[LITEIO_DISK_POOL] = "pool",
	[LITEIO_DISK_DAMAGED_POOL] = "damagedPool",
	[LITEIO_DISK_PARTITIONS] = "partitions",
	[LITEIO_DISK_SIGNATURE] = "signature",
	[LITEIO_DISK_SMALL] = "small",
	[LITEIO_DISK_BLOCKS] = "blocks",
	[LITEIO_DISK_CLAIMED] = "claimed",
	[LITEIO_DISK_UNREADABLE] = "unreadable",
	[LITEIO_DISK_SILENT] = "silent",
	NULL,
};

/* ---- looking -------------------------------------------------------------------------------- */

static void keep_why(char out[LITEIO_DISK_WHY_MAX], const struct liteio_error *err, int code)
{
	snprintf(out, LITEIO_DISK_WHY_MAX, "%.*s", LITEIO_DISK_WHY_MAX - 1,
		 liteio_error_str(err, code));
}

/**
 * struct seen - the pools of this machine
 * @is_all: every disk has answered
 * @n: how many
 * @found: on the disks that have
 */
struct seen {
	bool is_all;
	size_t n;
	struct liteio_pool_found found[];
};

/* also those that stand on what others have made with device-mapper, as a disk with several ways */
static void see_mapped(struct liteio_pool_found **found, size_t *n, bool *is_all)
{
	struct liteio_block_info *mapped _cleanup_free_ = NULL;
	size_t n_mapped;
	int r;

	if (liteio_block_list_mapped(liteio_disk_is_local, &mapped, &n_mapped, NULL)) {
		*is_all = false;
		return;
	}
	*found = liteio_realloc(*found, *n + n_mapped + 1, sizeof(**found));
	for (size_t i = 0; i < n_mapped; i++) {
		r = liteio_pool_probe_soon(mapped[i].path, &(*found)[*n], NULL);
		*n += !r;
		*is_all = *is_all && r != -EAGAIN;
	}
}

/* in new memory of so many bytes */
static int see(struct seen **ret, size_t *ret_len, struct liteio_error *err)
{
	struct liteio_pool_found *found _cleanup_free_ = NULL;
	struct liteio_pool_silence silence;
	struct seen *s;
	bool is_all;
	size_t n;
	int r;

	r = liteio_pool_scan_hear(&found, &n, &silence, err);
	if (r)
		return r;
	is_all = !silence.n;
	see_mapped(&found, &n, &is_all);
	*ret_len = sizeof(*s) + n * sizeof(*found);
	s = liteio_calloc(1, *ret_len);
	s->is_all = is_all;
	s->n = n;
	if (n)
		memcpy(s->found, found, n * sizeof(*found));
	*ret = s;
	return 0;
}

/*
 * Of a pool on several disks, and nobody misses it: the first one is not here, or knows it not.
 * A disk that does not answer may be that one, and then nothing is known.
 */
static bool is_orphan(const struct liteio_label *l, const struct seen *seen)
{
	struct seen *own _cleanup_free_ = NULL;
	bool known = false;
	size_t len;

	if (!l->this_device)
		return false;
	if (!seen) {
		if (see(&own, &len, NULL))
			return false;
		seen = own;
	}
	for (size_t i = 0; i < seen->n; i++) {
		const struct liteio_label *home = &seen->found[i].label;

		known = known || (!home->this_device &&
				  liteio_label_check_other(home, l, NULL) != -ENODEV);
	}
	return !known && seen->is_all;
}

/* @info is there already; @seen are the pools of this machine, NULL to look for them */
static void look(struct liteio_disk *d, const char *device, const struct seen *seen)
{
	struct liteio_error why = LITEIO_ERROR_INIT;
	struct liteio_pool_found own;

	(void)liteio_block_holder(d->info.dev, 0, d->holder);
	d->label_code = liteio_pool_probe(d->info.path, &own, &why);
	if (d->label_code)
		keep_why(d->label_why, &why, d->label_code);
	else
		memcpy(d->pool, own.label.pool_name, sizeof(d->pool));
	d->is_orphan = !d->label_code && is_orphan(&own.label, seen);
	d->content_code = liteio_block_content(d->info.path, &d->content, &why);
	if (d->content_code)
		keep_why(d->content_why, &why, d->content_code);
	/*
	 * The question itself is a claim, if for a moment. Where something is in the way already it
	 * is not asked.
	 */
	if (liteio_disk_judge(d, device, 0, true, NULL, NULL))
		return;
	d->claim_code = liteio_block_check_unclaimed(d->info.path, &why);
	if (d->claim_code)
		keep_why(d->claim_why, &why, d->claim_code);
}

int liteio_disk_look(const char *device, struct liteio_disk *ret, struct liteio_error *err)
{
	struct liteio_disk d = { 0 };
	int r;

	r = liteio_block_info(device, &d.info, err);
	if (r)
		return r;
	look(&d, device, NULL);
	*ret = d;
	return 0;
}

/* ---- judging -------------------------------------------------------------------------------- */

static int say(enum liteio_disk_verdict verdict, enum liteio_disk_verdict *ret, int r)
{
	if (ret)
		*ret = verdict;
	return r;
}

/* somebody has it, or nobody can */
static int judge_use(const struct liteio_disk *d, const char *device,
		     enum liteio_disk_verdict *ret, struct liteio_error *err)
{
	const struct liteio_block_info *i = &d->info;

	if (i->read_only)
		return say(LITEIO_DISK_READ_ONLY, ret,
			   liteio_error_set(err, -EROFS,
					    "%s is read-only: `blockdev --setrw` first",
					    device));
	if (i->is_mounted)
		return say(LITEIO_DISK_MOUNTED, ret,
			   liteio_error_set(err, -EBUSY, "%s is mounted: `umount` it first",
					    device));
	if (i->is_swap)
		return say(LITEIO_DISK_SWAP, ret,
			   liteio_error_set(err, -EBUSY, "%s is used as swap: `swapoff` first",
					    device));
	if (i->n_holders)
		return say(LITEIO_DISK_HELD, ret,
			   liteio_error_set(err, -EBUSY,
					    "%s is used by another kernel device: %s; take that away first (`vgchange -an`, `mdadm --stop`, `dmsetup remove`)",
					    device, d->holder));
	if (i->logical_bytes > LITEIO_ONDISK_BLOCK)
		return say(LITEIO_DISK_BLOCKS, ret,
			   liteio_error_set(err, -EINVAL,
					    "%s has blocks of %u bytes, a pool can have up to %u: take another disk, or format it for smaller ones",
					    device, i->logical_bytes, LITEIO_ONDISK_BLOCK));
	return 0;
}

/* a pool that can be told; damaged ones are judged with the signatures */
static int judge_label(const struct liteio_disk *d, const char *device, bool force,
		       enum liteio_disk_verdict *ret, struct liteio_error *err)
{
	if (!d->label_code && d->is_orphan && force)
		return 0;
	if (!d->label_code && d->is_orphan)
		return say(LITEIO_DISK_POOL, ret,
			   liteio_error_set(err, -EEXIST,
					    "%s carries a part of pool %s, of which no disk is here that knows it: bring the others and import the pool",
					    device, d->pool));
	if (!d->label_code)
		return say(LITEIO_DISK_POOL, ret,
			   liteio_error_set(err, -EEXIST,
					    "%s carries the pool %s already: it can be imported, and deleted then (`liteioctl pool import`, `liteioctl pool delete`)",
					    device, d->pool));
	if (d->label_code == -ENOTSUP)
		return say(LITEIO_DISK_POOL, ret,
			   liteio_error_set(err, -ENOTSUP, "%s; a newer agent can import it",
					    d->label_why));
	return 0;
}

/* one line, whoever wrote it on the disk */
struct content_text {
	char text[sizeof(struct liteio_block_signature) + 32];
};

static void in_one_line(struct content_text *t)
{
	for (char *p = t->text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
}

/* as "ext4 (filesystem), label data, uuid ..." */
static struct content_text say_signature(const struct liteio_block_signature *s)
{
	struct content_text t;

	snprintf(t.text, sizeof(t.text), "%s (%s)%s%s%s%s", s->type, s->usage,
		 s->label[0] ? ", label " : "", s->label, s->uuid[0] ? ", uuid " : "", s->uuid);
	in_one_line(&t);
	return t;
}

/* as "partition 2 of the gpt (80.0 MiB, name root)" */
static struct content_text say_partition(const struct liteio_block_partition *p)
{
	struct content_text t;
	char size[32];

	snprintf(t.text, sizeof(t.text), "partition %u of the %s (%s%s%s)", p->number, p->table,
		 liteio_format_size(p->size_bytes, size, sizeof(size)),
		 p->name[0] ? ", name " : "", p->name);
	in_one_line(&t);
	return t;
}

/* of a sentence that is cut somewhere: where all of it is said */
#define CONTENT_SAID_MAX 360

/* all of it, in new memory */
static char *say_content(const struct liteio_block_content *c)
{
	struct liteio_buf b = LITEIO_BUF_INIT;

	for (size_t i = 0; i < c->n_signatures; i++)
		liteio_buf_addf(&b, "%s%s", i ? "; " : "", say_signature(&c->signatures[i]).text);
	for (size_t i = 0; i < c->n_partitions; i++)
		liteio_buf_addf(&b, "; %s", say_partition(&c->partitions[i]).text);
	if (c->n_more_partitions)
		liteio_buf_addf(&b, "; %zu more partitions", c->n_more_partitions);
	if (b.len > CONTENT_SAID_MAX) {
		b.len = CONTENT_SAID_MAX;
		b.data[b.len] = '\0';
		liteio_buf_addstr(&b, "... (`liteioctl disk list -o json` says all of it)");
	}
	return liteio_buf_take(&b);
}

static int carries(const struct liteio_block_content *c, const char *device,
		   struct liteio_error *err)
{
	char *said _cleanup_free_ = say_content(c);

	if (c->n_signatures == 1)
		return liteio_error_set(err, -EEXIST, "%s carries a signature: %s", device, said);
	return liteio_error_set(err, -EEXIST, "%s carries %zu signatures: %s", device,
				c->n_signatures, said);
}

/* what would be lost */
static int judge_content(const struct liteio_disk *d, const char *device, bool force,
			 enum liteio_disk_verdict *ret, struct liteio_error *err)
{
	if (d->info.n_partitions)
		return say(LITEIO_DISK_PARTITIONS, ret,
			   liteio_error_set(err, -EEXIST,
					    "%s has %u partitions: remove them first (`sfdisk --delete`), or name one of them",
					    device,
					    d->info.n_partitions));
	if (d->label_code == -EBADMSG && !force)
		return say(LITEIO_DISK_DAMAGED_POOL, ret,
			   liteio_error_set(err, -EEXIST, "%s carries the rest of a pool (%s)",
					    device, d->label_why));
	if (d->content_code)
		return say(LITEIO_DISK_UNREADABLE, ret,
			   liteio_error_set(err, d->content_code, "%s; see to the disk first",
					    d->content_why));
	if (d->label_code && d->label_code != -EBADMSG && d->label_code != -ENODATA)
		return say(LITEIO_DISK_UNREADABLE, ret,
			   liteio_error_set(err, d->label_code, "%s; see to the disk first",
					    d->label_why));
	if (d->content.n_signatures && !force)
		return say(LITEIO_DISK_SIGNATURE, ret, carries(&d->content, device, err));
	return 0;
}

static int judge_size(const struct liteio_disk *d, const char *device, uint32_t thin_block,
		      enum liteio_disk_verdict *ret, struct liteio_error *err)
{
	struct liteio_label layout;
	int r;

	/* the name is not of interest here */
	r = liteio_label_layout("pool", d->info.size_bytes, thin_block, NULL, &layout, err);
	return r ? say(LITEIO_DISK_SMALL, ret, liteio_error_wrap(err, r, "%s", device)) : 0;
}

static int judge(const struct liteio_disk *d, const char *device, uint32_t thin_block, bool force,
		 enum liteio_disk_verdict *ret, struct liteio_error *err)
{
	int r;

	if (d->is_silent)
		return say(LITEIO_DISK_SILENT, ret,
			   liteio_error_set(err, -ETIMEDOUT,
					    "%s does not answer: see to the disk first", device));
	r = judge_label(d, device, force, ret, err);
	if (!r)
		r = judge_use(d, device, ret, err);
	if (!r)
		r = judge_content(d, device, force, ret, err);
	if (!r)
		r = judge_size(d, device, thin_block, ret, err);
	if (!r && d->claim_code == -EBUSY)
		r = say(LITEIO_DISK_CLAIMED, ret,
			liteio_error_set(err, -EBUSY,
					 "%s; look for a mount in another namespace (`lsns -t mnt`)",
					 d->claim_why));
	if (!r && d->claim_code)
		r = say(LITEIO_DISK_UNREADABLE, ret,
			liteio_error_set(err, d->claim_code, "%s; see to the disk first",
					 d->claim_why));
	return r ? r : say(LITEIO_DISK_USABLE, ret, 0);
}

int liteio_disk_judge(const struct liteio_disk *d, const char *device, uint32_t thin_block,
		      bool force, enum liteio_disk_verdict *ret, struct liteio_error *err)
{
	struct liteio_error why = LITEIO_ERROR_INIT;
	int r = judge(d, device, thin_block, force, ret, &why);

	if (!r)
		return 0;
	/* where force is not the way out it is not said to be */
	if (!force && judge(d, device, thin_block, true, NULL, NULL) == 0)
		return liteio_error_set(err, r, "%s; --force destroys that", why.msg);
	return liteio_error_set(err, r, "%s", why.msg);
}

bool liteio_disk_is_forcible(const struct liteio_disk *d)
{
	return judge(d, "", 0, false, NULL, NULL) < 0 && judge(d, "", 0, true, NULL, NULL) == 0;
}

static char *next_loss(struct liteio_disk_losses *l)
{
	return l->items[l->n++];
}

void liteio_disk_lose(const struct liteio_disk *d, const char *device,
		      struct liteio_disk_losses *ret)
{
	const struct liteio_block_content *c = &d->content;

	*ret = (struct liteio_disk_losses){ 0 };
	if (!d->label_code)
		snprintf(next_loss(ret), LITEIO_DISK_LOSS_MAX, "%s: a part of pool %s", device,
			 d->pool);
	if (d->label_code == -EBADMSG)
		snprintf(next_loss(ret), LITEIO_DISK_LOSS_MAX, "%s: the rest of a pool (%s)",
			 device, d->label_why);
	for (size_t i = 0; i < c->n_signatures; i++)
		snprintf(next_loss(ret), LITEIO_DISK_LOSS_MAX, "%s: %s", device,
			 say_signature(&c->signatures[i]).text);
	for (size_t i = 0; i < c->n_partitions; i++)
		snprintf(next_loss(ret), LITEIO_DISK_LOSS_MAX, "%s: %s", device,
			 say_partition(&c->partitions[i]).text);
	if (c->n_more_partitions)
		snprintf(next_loss(ret), LITEIO_DISK_LOSS_MAX, "%s: %zu more partitions", device,
			 c->n_more_partitions);
}

/* ---- all of them ---------------------------------------------------------------------------- */

bool liteio_disk_is_local(const struct liteio_block_info *i)
{
	const char *name = i->path + strlen("/dev/");
	char *path _cleanup_free_ = NULL, *nqn _cleanup_free_ = NULL;
	struct liteio_uuid uuid;
	uint64_t generation;

	if (!strncmp(name, "dm-", 3) || !strncmp(name, "loop", 4) || !strncmp(name, "nbd", 3))
		return false;
	path = liteio_strf("/sys/class/block/%s/%sdevice/subsysnqn", name,
			   i->is_partition ? "../" : "");
	if (liteio_fs_read_line(path, &nqn, NULL))
		return true;
	return liteio_nqn_parse(nqn, &uuid, &generation) != 0;
}

/* @arg: the pools of this machine */
static int ask(const char *device, const void *arg, size_t arg_len, void *answer)
{
	struct liteio_disk *d = answer;
	int r = liteio_block_info(device, &d->info, NULL);

	if (!r)
		look(d, device, arg);
	return r;
}

static void say_silent(const struct liteio_block_info *info, struct liteio_disk *ret)
{
	*ret = (struct liteio_disk){ .info = *info, .is_silent = true };
	(void)liteio_block_info(info->path, &ret->info, NULL);
	(void)liteio_block_holder(info->dev, 0, ret->holder);
}

int liteio_disk_list(struct liteio_disk **ret, size_t *ret_n, struct liteio_error *err)
{
	struct liteio_ask question = { .fn = ask, .answer_len = sizeof(struct liteio_disk),
				       .within_ms = LITEIO_ASK_MS };
	struct liteio_block_info *list _cleanup_free_ = NULL, *mapped _cleanup_free_ = NULL;
	struct seen *seen _cleanup_free_ = NULL;
	int *codes _cleanup_free_ = NULL;
	struct liteio_disk *disks;
	size_t n_list, n_mapped, n = 0;
	int r;

	r = liteio_block_list(&list, &n_list, err);
	if (!r)
		r = liteio_block_list_mapped(liteio_disk_is_local, &mapped, &n_mapped, err);
	if (!r)
		r = see(&seen, &question.arg_len, err);
	if (r)
		return r;
	for (size_t i = 0; i < n_list; i++) {
		if (liteio_disk_is_local(&list[i]))
			list[n++] = list[i];
	}
	list = liteio_realloc(list, n + n_mapped + 1, sizeof(*list));
	for (size_t i = 0; i < n_mapped; i++)
		list[n++] = mapped[i];
	question.arg = seen;
	disks = liteio_calloc(n + 1, sizeof(*disks));
	codes = liteio_calloc(n + 1, sizeof(*codes));
	liteio_ask_all(&question, list, n, disks, codes);
	*ret_n = 0;
	for (size_t i = 0; i < n; i++) {
		if (codes[i] == -ETIMEDOUT)
			say_silent(&list[i], &disks[i]);
		/* one that goes away meanwhile is no disk of this machine any more */
		if (!codes[i] || codes[i] == -ETIMEDOUT)
			disks[(*ret_n)++] = disks[i];
	}
	*ret = disks;
	return 0;
}
