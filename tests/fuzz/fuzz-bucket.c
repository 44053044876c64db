// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as changes of a limit, I/O and passing time: a bucket's promises hold after each step.
 *
 * fuzz-src: kmod/bucket.c
 */
#include <stdlib.h>
#include <string.h>

#include "../../kmod/bucket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct step {
	uint8_t what;
	uint8_t burst_ms;
	uint8_t shift;
	uint8_t spare;
	uint32_t amount;
	uint64_t rate;
};

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

static u64 rate_of(const struct step *s)
{
	return s->rate >> s->shift % 64 & (LITEIO_QOS_BPS_MAX - 1);
}

/* taking moves the moment forward by what it costs, and the rest stays a rest */
static void take(struct liteio_bucket *b, u32 amount, u64 now)
{
	struct liteio_bucket before = *b;
	u64 from = before.paid_ns > now ? before.paid_ns : now;

	liteio_bucket_take(b, amount, now);
	if (!b->rate) {
		check(!memcmp(b, &before, sizeof(before)));
		return;
	}
	check(b->rest < b->rate);
	check(b->paid_ns >= from);
	check(b->paid_ns - from <= amount * LITEIO_NS_PER_S / b->rate + 1);
	check(b->paid_ns - from >= amount * LITEIO_NS_PER_S / b->rate);
}

/* borrowing closes it for no longer than its bound, or than it was closed before */
static void borrow(struct liteio_bucket *b, u32 amount, u64 now)
{
	u64 before = liteio_bucket_opens(b), after;

	liteio_bucket_borrow(b, amount, now);
	after = liteio_bucket_opens(b);
	check(after <= now + LITEIO_BUCKET_DEBT_NS || after == before);
	check(after >= before);
}

/* a limit that has changed lets something pass at once */
static void change(struct liteio_bucket *b, const struct step *s, u64 now)
{
	struct liteio_bucket before = *b;
	u64 burst_ns = s->burst_ms * 1000000ULL;

	liteio_bucket_set(b, rate_of(s), burst_ns, now);
	if (b->rate == before.rate && burst_ns == before.burst_ns)
		check(!memcmp(b, &before, sizeof(before)));
	else
		check(liteio_bucket_opens(b) <= now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct liteio_bucket b;
	struct step s;
	u64 now = 1;

	memset(&b, 0, sizeof(b));
	for (; size >= sizeof(s); data += sizeof(s), size -= sizeof(s)) {
		memcpy(&s, data, sizeof(s));
		switch (s.what % 4) {
		case 0:
			change(&b, &s, now);
			break;
		case 1:
			/* nobody takes what is not open, so debts do not add up */
			if (liteio_bucket_opens(&b) <= now)
				take(&b, s.amount, now);
			break;
		case 2:
			borrow(&b, s.amount, now);
			break;
		case 3:
			now += s.amount;
			break;
		}
	}
	return 0;
}
