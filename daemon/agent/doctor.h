/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The doctor: finds and explains what does not fit together between catalogs, device-mapper, the
 * module, the NVMe target, names in /dev/liteio and the configuration; and mends what can be
 * mended without harm.
 *
 * Mending never lowers a floor, never deletes data that anybody was told of, and never takes away
 * what somebody has open. It is what the agent would do by itself if it was started again, for one
 * object.
 */
#ifndef LITEIO_AGENT_DOCTOR_H
#define LITEIO_AGENT_DOCTOR_H

#include "agent/doctor_plan.h"
#include "model/local_doctor.h"

struct liteio_agent;
struct liteio_error;

/**
 * liteio_op_doctor() - what does not fit together on this node
 * @a: the agent
 * @ret: the findings
 * @err: why not
 *
 * Changes nothing. A finding about a volume is there only if it is still there while nobody works
 * on that volume; one that an operation works on is found to be "busy" instead, when there seems to
 * be anything wrong with it. Reads the labels of all disks, and of every pool the labels and both
 * catalog slots. Context: worker. Return: 0 or a negative errno.
 */
int liteio_op_doctor(struct liteio_agent *a, struct liteio_local_finding_list *ret,
		     struct liteio_error *err);

/**
 * liteio_op_doctor_fix() - mend one finding
 * @a: the agent
 * @req: check and object
 * @ret: what was done; nothing, when the same check finds nothing any more
 * @err: why not; -EOPNOTSUPP for a finding that is for people to mend
 *
 * The check is run again while nobody else works on the object, and what it finds then is mended.
 * Context: worker. Return: 0 or a negative errno.
 */
int liteio_op_doctor_fix(struct liteio_agent *a, const struct liteio_local_doctor_fix *req,
			 struct liteio_local_doctor_fixed *ret, struct liteio_error *err);

/**
 * liteio_doctor_look() - see all there is
 * @a: the agent
 * @ret: the view; released with liteio_doctor_view_fini()
 *
 * What can not be looked at is said in @ret->blind. Changes nothing. Context: worker.
 */
void liteio_doctor_look(struct liteio_agent *a, struct liteio_doctor_view *ret);
void liteio_doctor_view_fini(struct liteio_doctor_view *v);

/* doctor_look_node.c: the parts of a view that are not the kernel's */
void liteio_doctor_look_pools(struct liteio_agent *a, struct liteio_doctor_view *v);
void liteio_doctor_look_node(struct liteio_agent *a, struct liteio_doctor_view *v);
/* one more word; for both files */
void liteio_doctor_word(struct liteio_doctor_word **words, size_t *n, const char *name,
			const char *what);

/**
 * liteio_doctor_mend() - do what a finding's fix says
 * @a: the agent; the object of the finding is locked, if it is a volume
 * @f: found a moment ago
 * @err: why not
 *
 * Context: worker. Return: 0 or a negative errno.
 */
int liteio_doctor_mend(struct liteio_agent *a, const struct liteio_finding *f,
		       struct liteio_error *err);

#endif
