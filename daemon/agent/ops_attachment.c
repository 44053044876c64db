// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on attachments: the consumer's side. Nothing is remembered in memory or in files: what
 * is attached is what the kernel has (heads, controllers) and what /dev/liteio publishes.
 *
 * Remote: controller, namespace, gate, head, link; letting go is the reverse, but for a path that
 * is dead: then the controller goes first, which fails the I/O that waits for it.
 * Local: the head of the export is there already; attaching publishes it.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/gate.h"
#include "agent/ops.h"
#include "agent/pools.h"
#include "agent/publish.h"
#include "agent/release.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "host/head.h"
#include "host/netlink.h"
#include "host/nvme.h"
#include "pool/step.h"

/*
 * How long a lost path is tried again before I/O fails. A pool node's reboot must fit into it many
 * times; a node that never comes back is ended by the detach, which does not wait for this.
 */
#define CTRL_LOSS_S 3600
#define CONNECT_MS 15000
#define RESIZE_MS 15000
#define DISCONNECT_MS 40000

static struct liteio_named_lock *lock_volume(struct liteio_agent *a, const struct liteio_uuid *uuid)
{
	char text[LITEIO_UUID_STRLEN + 1];

	liteio_uuid_format(uuid, text);
	return liteio_locks_take(a->locks, text);
}

/* ---- what is there ---- */

/* every controller of ours, for states and addresses */
struct controllers {
	struct liteio_nvme_ctrl *items;
	size_t n;
};

static bool is_of(const struct liteio_nvme_ctrl *c, const struct liteio_head *h)
{
	return c->generation == h->generation && liteio_uuid_equal(&c->uuid, &h->uuid);
}

/* "traddr=192.0.2.1,trsvcid=4420,..." as an address of ours; new memory */
static char *address_of(const struct liteio_nvme_ctrl *c)
{
	char host[64] = "", port[8] = "4420";

	sscanf(c->address, "traddr=%63[^,],trsvcid=%7[^,]", host, port);
	return liteio_strf(strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

static const char *remote_state(const struct liteio_head_state *h, const struct controllers *c)
{
	bool any = false;
	size_t i;

	if (h->fenced)
		return "fenced";
	for (i = 0; i < c->n; i++) {
		if (!is_of(&c->items[i], &h->head))
			continue;
		any = true;
		if (strcmp(c->items[i].state, "live") == 0)
			return "live";
	}
	return any && h->head.gate ? "connecting" : "gone";
}

static void fill(const struct liteio_head_state *h, const struct controllers *c,
		 struct liteio_local_attachment *ret)
{
	size_t i;

	ret->uuid = h->head.uuid;
	ret->generation = h->head.generation;
	ret->device = liteio_publish_path(&h->head.uuid);
	ret->size_bytes = h->head.size_bytes;
	ret->local = !h->head.remote;
	ret->read_only = h->head.read_only;
	if (ret->local) {
		ret->state = liteio_strdup(h->fenced ? "fenced" : "live");
		return;
	}
	ret->nqn = liteio_volume_nqn(&h->head.uuid, h->head.generation);
	ret->state = liteio_strdup(remote_state(h, c));
	ret->addresses = liteio_calloc(c->n + 1, sizeof(*ret->addresses));
	for (i = 0; i < c->n; i++)
		if (is_of(&c->items[i], &h->head))
			ret->addresses[ret->n_addresses++] = address_of(&c->items[i]);
}

static void fill_now(const struct liteio_head_state *h, struct liteio_local_attachment *ret)
{
	struct controllers c = { 0 };

	if (h->head.remote && liteio_nvme_list(&c.items, &c.n, NULL) < 0)
		c.n = 0;
	fill(h, &c, ret);
	free(c.items);
}

int liteio_op_attachment_list(struct liteio_agent *a, struct liteio_local_attachment_list *ret,
			      struct liteio_error *err)
{
	_cleanup_free_ struct liteio_head_state *heads = NULL;
	struct controllers c = { 0 };
	size_t i, n = 0;
	int r;

	r = liteio_head_list(&heads, &n, err);
	if (r == 0)
		r = liteio_nvme_list(&c.items, &c.n, err);
	if (r)
		return r;
	ret->items = liteio_calloc(n + 1, sizeof(*ret->items));
	for (i = 0; i < n; i++)
		if (heads[i].head.remote ||
		    liteio_publish_is(&heads[i].head.uuid, heads[i].path))
			fill(&heads[i], &c, &ret->items[ret->n_items++]);
	free(c.items);
	return 0;
}

/* ---- attach ---- */

static int attach_local(const struct liteio_local_attach *req, struct liteio_head_state *head,
			struct liteio_error *err)
{
	int r;

	r = liteio_head_get(&req->uuid, req->generation, false, head, err);
	if (r == -ENODEV)
		return liteio_error_set(err, -ENOENT,
					"generation %" PRIu64 " is not exported to this node",
					req->generation);
	if (r)
		return r;
	if (head->fenced)
		return liteio_error_set(err, -ESTALE, "generation %" PRIu64 " is fenced",
					req->generation);
	if (head->head.size_bytes < req->size_bytes)
		return liteio_error_set(err, -EINVAL,
					"the volume has %" PRIu64 " bytes, %" PRIu64 " are wanted",
					head->head.size_bytes, req->size_bytes);
	return 0;
}

/* every address is tried; one is enough, the others are warned about */
static int connect_all(struct liteio_agent *a, const struct liteio_local_attach *req,
		       struct liteio_nvme_namespace *ret, struct liteio_error *err)
{
	struct liteio_nvme_connect c = {
		.uuid = req->uuid,
		.generation = req->generation,
		.host = &a->identity.host,
		.ctrl_loss_tmo_s = CTRL_LOSS_S,
	};
	int r, connected = -EINVAL;
	size_t i;

	for (i = 0; i < req->n_addresses; i++) {
		struct liteio_error one = LITEIO_ERROR_INIT;
		_cleanup_free_ char *host = NULL;
		char port_text[8];
		uint16_t port;

		r = liteio_local_address_parse(req->addresses[i], &host, &port, &one);
		if (r == 0) {
			snprintf(port_text, sizeof(port_text), "%u", port);
			c.address = host;
			c.port = port_text;
			r = liteio_nvme_connect(&c, CONNECT_MS, ret, &one);
		}
		if (r == 0) {
			connected = 0;
			continue;
		}
		if (connected != 0)
			connected = liteio_error_set(err, r, "%s: %s", req->addresses[i],
						     liteio_error_str(&one, r));
		log_warning(NULL, "connect to %s: %s", req->addresses[i],
			    liteio_error_str(&one, r));
	}
	return connected;
}

/* the gate and the head over the namespace */
static int remote_head(const struct liteio_uuid *uuid, uint64_t generation, bool read_only,
		       const struct liteio_nvme_namespace *ns, struct liteio_head_state *ret,
		       struct liteio_error *err)
{
	struct liteio_netlink *nl _cleanup_(liteio_netlink_closep) = NULL;
	const struct liteio_head h = {
		.uuid = *uuid,
		.generation = generation,
		.remote = true,
		.lower = ns->dev,
		.size_bytes = ns->size_bytes,
		.read_only = read_only,
		.gate = true,
	};
	int r;

	r = liteio_gate_open(&nl, err);
	if (r)
		return r;
	if (!nl)
		return liteio_error_set(err, -EOPNOTSUPP, "the module liteio is not loaded");
	r = liteio_gate_volume(nl, uuid, NULL, 0, err);
	if (r == 0)
		r = liteio_gate_attach(nl, uuid, generation, NULL, read_only, err);
	if (r)
		return r;
	liteio_step("agent-attach:gate");
	r = liteio_head_ensure(&h, NULL, err);
	return r ? r : liteio_head_get(uuid, generation, true, ret, err);
}

static int attach_remote(struct liteio_agent *a, const struct liteio_local_attach *req,
			 struct liteio_head_state *head, struct liteio_error *err)
{
	struct liteio_nvme_namespace ns = { 0 };
	int r;

	r = liteio_nvme_prepare(err);
	/* what an earlier agent has attached all the same is attached, whoever asks again */
	if (r == 0 && liteio_head_get(&req->uuid, req->generation, true, head, NULL) < 0)
		r = liteio_nvme_check_multipath(err);
	if (r == 0)
		r = connect_all(a, req, &ns, err);
	if (r)
		return r;
	liteio_step("agent-attach:connected");
	if (ns.size_bytes < req->size_bytes) {
		r = liteio_nvme_wait_size(&req->uuid, req->generation, req->size_bytes, RESIZE_MS,
					  &ns, err);
		if (r)
			return liteio_error_wrap(err, r, "the volume has %" PRIu64
						 " bytes, %" PRIu64 " are wanted",
						 ns.size_bytes, req->size_bytes);
	}
	return remote_head(&req->uuid, req->generation, req->read_only, &ns, head, err);
}

/* older attachments of the volume on this node: gone when nobody has them open */
static int leave_others(const struct liteio_uuid *uuid, uint64_t generation,
			struct liteio_error *err)
{
	_cleanup_free_ struct liteio_head_state *heads = NULL;
	size_t i, n = 0;
	int r;

	r = liteio_head_list_known(uuid, true, &heads, &n, err);
	if (r)
		return r;
	for (i = 0; i < n; i++) {
		const struct liteio_head *h = &heads[i].head;

		if (h->generation == generation)
			continue;
		r = liteio_release_remote(uuid, h->generation, false, DISCONNECT_MS, err);
		if (r)
			return liteio_error_wrap(err, r, "generation %" PRIu64
						 " is still attached here", h->generation);
	}
	return 0;
}

static int attach_check(struct liteio_agent *a, const struct liteio_local_attach *req,
			struct liteio_error *err)
{
	struct liteio_target t = { 0 };
	_cleanup_free_ char *nqn = NULL;
	size_t i;
	int r;

	if (req->local)
		return 0;
	if (req->n_addresses == 0)
		return liteio_error_set(err, -EINVAL, "addresses: at least one is needed");
	for (i = 0; i < req->n_addresses; i++) {
		_cleanup_free_ char *host = NULL;
		uint16_t port;

		r = liteio_local_address_parse(req->addresses[i], &host, &port, err);
		if (r)
			return liteio_error_wrap(err, r, "addresses[%zu]", i);
	}
	nqn = liteio_volume_nqn(&req->uuid, req->generation);
	if (req->nqn && strcmp(req->nqn, nqn) != 0)
		return liteio_error_set(err, -EINVAL, "nqn: that of this attachment is %s", nqn);
	r = liteio_target_find_uuid(a, &req->uuid, &t, err);
	if (r == -ENOENT)
		return 0;
	if (!r) {
		r = liteio_error_set(err, -EINVAL,
				     "volume %s is in pool %s of this node: attach it with local",
				     t.volume.name, t.pool->name);
		liteio_target_fini(&t);
	}
	return r;
}

/* one that is attached here and lies elsewhere has its uuid alone */
static int publish(struct liteio_agent *a, const struct liteio_local_attach *req,
		   const struct liteio_head_state *head, struct liteio_error *err)
{
	LITEIO_TARGET(t);
	int r = liteio_publish_add(&req->uuid, head->path, err);

	if (r || !req->local || liteio_target_find_uuid(a, &req->uuid, &t, NULL) < 0)
		return r;
	return liteio_target_publish(a, &t.volume, head->path, err);
}

int liteio_op_attachment_create(struct liteio_agent *a, const struct liteio_local_attach *req,
				struct liteio_local_attachment *ret, struct liteio_error *err)
{
	struct liteio_named_lock *lock _liteio_held_ = NULL;
	struct liteio_head_state head;
	int r;

	r = attach_check(a, req, err);
	if (r)
		return r;
	lock = lock_volume(a, &req->uuid);
	r = leave_others(&req->uuid, req->generation, err);
	if (r == 0)
		r = req->local ? attach_local(req, &head, err) :
				 attach_remote(a, req, &head, err);
	if (r == 0) {
		liteio_step("agent-attach:head");
		r = publish(a, req, &head, err);
	}
	if (r)
		return liteio_error_wrap(err, r, "attach");
	fill_now(&head, ret);
	log_info(NULL, "%s: generation %" PRIu64 " is attached", ret->device, req->generation);
	return 0;
}

/* ---- resize ---- */

/* the head of an attachment that was published here */
static int find_attached(const struct liteio_uuid *uuid, uint64_t generation,
			 struct liteio_head_state *ret, struct liteio_error *err)
{
	struct liteio_head_state head;

	if (liteio_head_get(uuid, generation, true, ret, NULL) == 0)
		return 0;
	if (liteio_head_get(uuid, generation, false, &head, NULL) == 0 &&
	    liteio_publish_is(uuid, head.path)) {
		*ret = head;
		return 0;
	}
	return liteio_error_set(err, -ENOENT, "generation %" PRIu64 " is not attached here",
				generation);
}

int liteio_op_attachment_resize(struct liteio_agent *a, const struct liteio_uuid *uuid,
				uint64_t generation, uint64_t size_bytes,
				struct liteio_local_attachment *ret, struct liteio_error *err)
{
	struct liteio_named_lock *lock _liteio_held_ = lock_volume(a, uuid);
	struct liteio_nvme_namespace ns;
	struct liteio_head_state head;
	int r;

	r = find_attached(uuid, generation, &head, err);
	if (r)
		return r;
	if (head.head.size_bytes < size_bytes && !head.head.remote)
		return liteio_error_set(err, -EAGAIN, "the volume has %" PRIu64 " bytes: grow it",
					head.head.size_bytes);
	if (head.head.size_bytes < size_bytes) {
		r = liteio_nvme_wait_size(uuid, generation, size_bytes, RESIZE_MS, &ns, err);
		if (r == 0) {
			liteio_step("agent-resize:sized");
			r = remote_head(uuid, generation, head.head.read_only, &ns, &head, err);
		}
		if (r)
			return liteio_error_wrap(err, r, "resize");
	}
	fill_now(&head, ret);
	return 0;
}

/* ---- detach ---- */

int liteio_op_attachment_delete(struct liteio_agent *a, const struct liteio_uuid *uuid,
				uint64_t generation, bool force, bool *ret_deleted,
				struct liteio_error *err)
{
	struct liteio_named_lock *lock _liteio_held_ = lock_volume(a, uuid);
	struct liteio_head_state head = { .head = { .uuid = *uuid, .generation = generation } };
	int r;

	/* who has it open, and where it is: no more need be asked */
	if (liteio_head_info(uuid, generation, false, &head.dm, NULL) == 0)
		liteio_dm_path(&head.dm, head.path);
	if (head.path[0] && liteio_publish_is(uuid, head.path)) {
		if (!force && !liteio_release_is_closed(&head))
			return liteio_error_set(err, -EBUSY, "detach: %s is in use", head.path);
		liteio_publish_del(uuid, head.path);
		liteio_step("agent-detach:unpublished");
		*ret_deleted = true;
		return 0;
	}
	*ret_deleted = liteio_head_get(uuid, generation, true, &head, NULL) == 0;
	r = liteio_release_remote(uuid, generation, force, DISCONNECT_MS, err);
	if (r)
		return liteio_error_wrap(err, r, "detach");
	if (*ret_deleted)
		log_info(NULL, "generation %" PRIu64 " is detached", generation);
	return 0;
}
