/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A node where all is well, and the cases that spoil it: for test-doctor-plan.c and the tables of
 * cases beside it, one for each file of the doctor's plan.
 */
#ifndef LITEIO_TESTS_DOCTOR_NODE_H
#define LITEIO_TESTS_DOCTOR_NODE_H

#include "agent/doctor_plan.h"

/* a disk of somebody else; how large our devices are */
#define DISK 0x800u
#define SIZE (64ull << 20)

/* uuids are of one byte; these are theirs */
enum {
	DATA = 1,
	LOG,
	SNAP,
	GONE,
	POOL = 9,
	STRANGER = 11,
};

/*
 * A node, and what its view shows: pool "fast" with a volume "data" (generation 2 attached here, 1
 * ended by itself), a linear volume "log" (generation 5 exported), a snapshot, and a volume being
 * deleted.
 */
struct doctor_node {
	struct liteio_doctor_view v;
	struct liteio_doctor_pool pools[2];
	struct liteio_doctor_volume volumes[4];
	struct liteio_doctor_att atts[3];
	struct liteio_doctor_device devices[16];
	struct liteio_head_state heads[4];
	struct liteio_netlink_volume regs[4];
	struct liteio_netlink_att gates[4];
	struct liteio_nvmet_export exports[2];
	unsigned int ports[2];
	struct liteio_nvmet_namespace namespaces[3];
	struct liteio_doctor_link links[4];
	struct liteio_doctor_found found[3];
	struct liteio_doctor_missing missing[2];
	struct liteio_doctor_group groups[2];
	struct liteio_doctor_word words[2];
};

/* all is well; in new memory, the caller frees it */
struct doctor_node *doctor_node_well(void);

struct liteio_uuid doctor_uuid(unsigned char n);
struct liteio_doctor_device doctor_device(enum liteio_dm_role role, unsigned char uuid,
					  uint64_t generation, unsigned int minor,
					  const char *type);
struct liteio_head_state doctor_head(const struct liteio_doctor_device *d, unsigned char uuid,
				     uint64_t generation, unsigned int lower);
/* a name in /dev/liteio, and where it leads */
void doctor_link(struct doctor_node *n, const char *name, const char *target);

/* one thing that is wrong, and what is found then */
struct doctor_case {
	const char *name;
	void (*spoil)(struct doctor_node *n);
	/* NULL: nothing is found */
	const char *object;
	enum liteio_local_check check;
	enum liteio_local_severity severity;
	bool has_fix;
	/* so many more come with it */
	size_t more;
};

/* a table of them */
struct doctor_cases {
	const struct doctor_case *cases;
	size_t n;
};

extern const struct doctor_cases doctor_cases_node, doctor_cases_pool, doctor_cases_device,
	doctor_cases_gate, doctor_cases_head, doctor_cases_name;

/* for these tables */
#define U1 "01010101-0101-0101-0101-010101010101"
#define U2 "02020202-0202-0202-0202-020202020202"
#define U4 "04040404-0404-0404-0404-040404040404"
#define U9 "09090909-0909-0909-0909-090909090909"
#define U11 "0b0b0b0b-0b0b-0b0b-0b0b-0b0b0b0b0b0b"
#define INFO LITEIO_SEVERITY_INFO
#define WARN LITEIO_SEVERITY_WARNING
#define ERR LITEIO_SEVERITY_ERROR

/* what is found, and whether it is mended by itself */
#define FOUND(n, s, o, c, sev) \
	.name = (n), .spoil = (s), .object = (o), .check = LITEIO_CHECK_##c, .severity = (sev)
#define MENDED(n, s, o, c, sev) FOUND(n, s, o, c, sev), .has_fix = true
#define FOUND_AND(n, s, o, c, sev) FOUND(n, s, o, c, sev), .more = 1
#define MENDED_AND(n, s, o, c, sev) MENDED(n, s, o, c, sev), .more = 1

#endif
