// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any I/O, and any fetches: what is given out is exactly what was marked, in order, and within the
 * bounds that were asked for.
 *
 * fuzz-src: kmod/chunks.c
 */
#include <stdlib.h>
#include <string.h>

#include "../../kmod/chunks.h"

#define WORDS 16
#define CHUNKS (WORDS * LITEIO_CHUNKS_WORD)
#define SHIFT 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct step {
	uint8_t what;
	uint8_t spare;
	uint16_t chunk;
	uint32_t length;
};

/* the bitmap as the module has it, and the same as it is plain to see */
static u64 words[WORDS];
static bool is_marked[CHUNKS];

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

static void mark(const struct step *s)
{
	u64 sector = (u64)s->chunk % CHUNKS << (SHIFT - 9), i, word;
	struct liteio_range range;

	sector += s->spare;
	range = liteio_chunks_of(sector, s->length ? s->length : 1, SHIFT);
	check(range.len > 0);
	range = liteio_chunks_cut(range, CHUNKS);
	check(range.chunk + range.len <= CHUNKS);
	for (word = 0; word < WORDS; word++)
		words[word] |= liteio_chunks_mask(word, range);
	for (i = range.chunk; i < range.chunk + range.len; i++)
		is_marked[i] = true;
}

static void check_ranges(const struct liteio_ranges *ranges, u64 cursor, u64 end)
{
	u64 at = cursor, chunks = 0, i;

	check(ranges->nr <= LITEIO_DIRTY_RANGES_MAX);
	for (u32 n = 0; n < ranges->nr; n++) {
		struct liteio_range r = ranges->range[n];

		check(r.len > 0 && r.chunk >= at && (!n || r.chunk > at));
		for (i = at; i < r.chunk; i++)
			check(!is_marked[i]);
		for (i = r.chunk; i < r.chunk + r.len; i++) {
			check(is_marked[i]);
			is_marked[i] = false;
		}
		at = r.chunk + r.len;
		chunks += r.len;
	}
	check(at <= end || !ranges->nr);
	for (i = at; i < end; i++)
		check(!is_marked[i]);
	check(chunks == ranges->nr_chunks && chunks <= ranges->max_chunks);
}

static void fetch(const struct step *s)
{
	u64 cursor = s->chunk % (CHUNKS + 1), word, bits, taken;
	static struct liteio_ranges ranges;

	liteio_ranges_init(&ranges, s->length % 300 + 1);
	for (word = cursor / LITEIO_CHUNKS_WORD; word < WORDS; word++) {
		bits = words[word] &
		       liteio_chunks_mask(word, (struct liteio_range){ cursor, CHUNKS - cursor });
		taken = liteio_ranges_take(&ranges, word, bits);
		check(!(taken & ~bits));
		words[word] &= ~taken;
		if (taken != bits) {
			bits &= ~taken;
			check_ranges(&ranges, cursor, word * LITEIO_CHUNKS_WORD +
				     (u64)fls64(bits & -bits) - 1);
			return;
		}
	}
	check_ranges(&ranges, cursor, CHUNKS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step s;

	memset(words, 0, sizeof(words));
	memset(is_marked, 0, sizeof(is_marked));
	for (; size >= sizeof(s); data += sizeof(s), size -= sizeof(s)) {
		memcpy(&s, data, sizeof(s));
		if (s.what % 3)
			mark(&s);
		else
			fetch(&s);
	}
	for (u64 i = 0; i < CHUNKS; i++)
		check(is_marked[i] == (words[i / LITEIO_CHUNKS_WORD] >> i % LITEIO_CHUNKS_WORD & 1));
	return 0;
}
