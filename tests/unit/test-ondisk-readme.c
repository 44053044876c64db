// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the README of daemon/pool says of the bytes on a disk is what ondisk.h has: every field of
 * every structure, where it is and how long, every kind of extent and every bit.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "pool/ondisk.h"
#include "unit.h"

#define README "daemon/pool/README.md"

/**
 * struct field - of a structure
 * @name: as in C
 * @at: where it begins
 * @bytes: how long it is
 */
struct field {
	const char *name;
	size_t at;
	size_t bytes;
};

#define F(s, f) { #f, offsetof(struct s, f), sizeof(((struct s *)0)->f) }

static const struct field label_fields[] = {
	F(liteio_ondisk_label, magic),
	F(liteio_ondisk_label, crc),
	F(liteio_ondisk_label, version),
	F(liteio_ondisk_label, compat),
	F(liteio_ondisk_label, incompat),
	F(liteio_ondisk_label, sequence),
	F(liteio_ondisk_label, pool_uuid),
	F(liteio_ondisk_label, created),
	F(liteio_ondisk_label, this_device),
	F(liteio_ondisk_label, n_devices),
	F(liteio_ondisk_label, n_extents),
	F(liteio_ondisk_label, thin_block),
	F(liteio_ondisk_label, pool_name),
	F(liteio_ondisk_label, zero1),
	F(liteio_ondisk_label, devices),
	F(liteio_ondisk_label, extents),
	F(liteio_ondisk_label, zero2),
};

static const struct field device_fields[] = {
	F(liteio_ondisk_device, uuid),
	F(liteio_ondisk_device, size),
	F(liteio_ondisk_device, zero),
};

static const struct field extent_fields[] = {
	F(liteio_ondisk_extent, kind),
	F(liteio_ondisk_extent, device),
	F(liteio_ondisk_extent, start),
	F(liteio_ondisk_extent, length),
};

static const struct field slot_fields[] = {
	F(liteio_ondisk_slot, magic),
	F(liteio_ondisk_slot, crc),
	F(liteio_ondisk_slot, version),
	F(liteio_ondisk_slot, compat),
	F(liteio_ondisk_slot, incompat),
	F(liteio_ondisk_slot, sequence),
	F(liteio_ondisk_slot, pool_uuid),
	F(liteio_ondisk_slot, thin_txid),
	F(liteio_ondisk_slot, next_thin_id),
	F(liteio_ondisk_slot, flags),
	F(liteio_ondisk_slot, n_records),
	F(liteio_ondisk_slot, records_crc),
	F(liteio_ondisk_slot, written),
	F(liteio_ondisk_slot, reserve_txid),
	F(liteio_ondisk_slot, overcommit_percent),
	F(liteio_ondisk_slot, zero),
};

static const struct field volume_fields[] = {
	F(liteio_ondisk_volume, type),
	F(liteio_ondisk_volume, kind),
	F(liteio_ondisk_volume, vclass),
	F(liteio_ondisk_volume, state),
	F(liteio_ondisk_volume, zero1),
	F(liteio_ondisk_volume, uuid),
	F(liteio_ondisk_volume, origin),
	F(liteio_ondisk_volume, size),
	F(liteio_ondisk_volume, created),
	F(liteio_ondisk_volume, floor),
	F(liteio_ondisk_volume, txid),
	F(liteio_ondisk_volume, thin_id),
	F(liteio_ondisk_volume, burst_ms),
	F(liteio_ondisk_volume, read_iops),
	F(liteio_ondisk_volume, write_iops),
	F(liteio_ondisk_volume, read_bps),
	F(liteio_ondisk_volume, write_bps),
	F(liteio_ondisk_volume, name),
	F(liteio_ondisk_volume, owner),
	F(liteio_ondisk_volume, zero2),
	F(liteio_ondisk_volume, zeroed),
	F(liteio_ondisk_volume, replaces),
	F(liteio_ondisk_volume, wipe),
	F(liteio_ondisk_volume, unmade),
	F(liteio_ondisk_volume, zero3),
};

static const struct field attachment_fields[] = {
	F(liteio_ondisk_attachment, type),
	F(liteio_ondisk_attachment, state),
	F(liteio_ondisk_attachment, zero1),
	F(liteio_ondisk_attachment, flags),
	F(liteio_ondisk_attachment, volume),
	F(liteio_ondisk_attachment, generation),
	F(liteio_ondisk_attachment, created),
	F(liteio_ondisk_attachment, host),
	F(liteio_ondisk_attachment, zero2),
};

static const struct field linear_fields[] = {
	F(liteio_ondisk_linear, type),
	F(liteio_ondisk_linear, state),
	F(liteio_ondisk_linear, zero1),
	F(liteio_ondisk_linear, device),
	F(liteio_ondisk_linear, volume),
	F(liteio_ondisk_linear, start),
	F(liteio_ondisk_linear, length),
	F(liteio_ondisk_linear, offset),
	F(liteio_ondisk_linear, zero2),
};

/* with all its fields, in their order */
static const struct structure {
	const char *name;
	size_t bytes;
	const struct field *fields;
	size_t n;
} structures[] = {
#define S(s) { "struct liteio_ondisk_" #s, sizeof(struct liteio_ondisk_##s), s##_fields, \
	       LITEIO_ARRAY_SIZE(s##_fields) }
	S(label),
	S(device),
	S(extent),
	S(slot),
	S(volume),
	S(attachment),
	S(linear),
};

#define W(w) { #w, w }
static const struct {
	const char *name;
	uint64_t value;
} numbers[] = {
	W(LITEIO_EXTENT_THIN_META),
	W(LITEIO_EXTENT_META_SPARE),
	W(LITEIO_EXTENT_THIN_DATA),
	W(LITEIO_EXTENT_SLOT_A),
	W(LITEIO_EXTENT_SLOT_B),
	W(LITEIO_EXTENT_LINEAR),
	W(LITEIO_EXTENT_RESERVE_META),
	W(LITEIO_EXTENT_RESERVE_SPARE),
	W(LITEIO_EXTENT_RESERVE_DATA),
	W(LITEIO_LABEL_COMPAT_EXPORTED),
	W(LITEIO_LABEL_INCOMPAT_LINEAR),
	W(LITEIO_LABEL_INCOMPAT_RESERVE),
	W(LITEIO_LABEL_INCOMPAT_PARTS),
	W(LITEIO_LABEL_INCOMPAT_DEVICES),
	W(LITEIO_LABEL_INCOMPAT_TAKEN),
	W(LITEIO_SLOT_COMPAT_OVERCOMMIT),
	W(LITEIO_SLOT_COMPAT_ZEROED),
	W(LITEIO_SLOT_INCOMPAT_LINEAR),
	W(LITEIO_SLOT_INCOMPAT_RESERVE),
	W(LITEIO_SLOT_INCOMPAT_REPLACES),
	W(LITEIO_SLOT_INCOMPAT_GROUP),
	W(LITEIO_SLOT_INCOMPAT_WIPE),
	W(LITEIO_SLOT_INCOMPAT_UNMADE),
	W(LITEIO_SLOT_INCOMPAT_MAKING),
};

static char *readme(void)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	char *text = NULL;
	size_t len;

	ck_assert_msg(!liteio_fs_read(README, 1u << 20, &text, &len, &err), "%s", err.msg);
	return text;
}

/* "| `name` | at | bytes | words |": 3 when it is such a row */
static int parse_row(const char *line, char name[64], size_t *at, size_t *bytes)
{
	/* NOLINTNEXTLINE(cert-err34-c): a test, and its own tree */
	return sscanf(line, "| `%63[a-z_0-9]` | %zu | %zu |", name, at, bytes);
}

/* nothing is left out above: fields lie in a row, from the first byte to the last */
START_TEST(test_complete)
{
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(structures); i++) {
		const struct structure *s = &structures[i];
		size_t at = 0;

		for (size_t k = 0; k < s->n; k++) {
			ck_assert_msg(s->fields[k].at == at, "%s: what is before %s?", s->name,
				      s->fields[k].name);
			at += s->fields[k].bytes;
		}
		ck_assert_msg(at == s->bytes, "%s: what is behind %zu?", s->name, at);
	}
}
END_TEST

START_TEST(test_fields)
{
	_cleanup_free_ char *text = readme();

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(structures); i++) {
		const struct structure *s = &structures[i];
		_cleanup_free_ char *head = liteio_strf("%zu bytes (`%s`):\n\n", s->bytes, s->name);
		const char *at = strstr(text, head);
		char name[64];
		size_t n = 0, begin, bytes;
		bool is_right;

		ck_assert_msg(at, "no table of %s, %zu bytes", s->name, s->bytes);
		for (at += strlen(head); *at == '|'; at = strchr(at, '\n') + 1) {
			if (parse_row(at, name, &begin, &bytes) != 3)
				continue;
			is_right = n < s->n && !strcmp(name, s->fields[n].name) &&
				   begin == s->fields[n].at && bytes == s->fields[n].bytes;
			ck_assert_msg(is_right, "%s: row %zu is %s at %zu, %zu bytes", s->name, n,
				      name, begin, bytes);
			n++;
		}
		ck_assert_msg(n == s->n, "%s: the table ends before %s", s->name,
			      n < s->n ? s->fields[n].name : "");
	}
}
END_TEST

/* "| `NAME` | 0x10 | words |" */
START_TEST(test_numbers)
{
	_cleanup_free_ char *text = readme();
	uint64_t all[2][2] = { { 0 } };

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(numbers); i++) {
		_cleanup_free_ char *head = liteio_strf("| `%s` | ", numbers[i].name);
		const char *at = strstr(text, head);

		ck_assert_msg(at, "nothing of %s", numbers[i].name);
		ck_assert_msg(strtoull(at + strlen(head), NULL, 0) == numbers[i].value,
			      "%s is 0x%llx", numbers[i].name,
			      (unsigned long long)numbers[i].value);
		all[!strncmp(numbers[i].name, "LITEIO_LABEL", 12)]
		   [!!strstr(numbers[i].name, "_INCOMPAT_")] |=
			strncmp(numbers[i].name, "LITEIO_EXTENT", 13) ? numbers[i].value : 0;
	}
	/* no bit is left out */
	ck_assert_uint_eq(all[1][0], LITEIO_LABEL_COMPAT);
	ck_assert_uint_eq(all[1][1], LITEIO_LABEL_INCOMPAT);
	ck_assert_uint_eq(all[0][0], LITEIO_SLOT_COMPAT);
	ck_assert_uint_eq(all[0][1], LITEIO_SLOT_INCOMPAT);
}
END_TEST

UNIT_MAIN("ondisk-readme", test_complete, test_fields, test_numbers)
