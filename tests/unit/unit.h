/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every Check program needs: cases that may take their time, and a main() that runs them.
 */
#ifndef LITEIO_TESTS_UNIT_H
#define LITEIO_TESTS_UNIT_H

#include <check.h>
#include <stdlib.h>

/* a case of the suite, whose tests may take as long as ASan makes them */
static inline TCase *unit_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return tcase;
}

/* what main() returns; the suite is gone after it */
static inline int unit_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* UNIT_MAIN("name", test_a, test_b): each test runs in a process of its own */
#define UNIT_MAIN(name, ...) \
	int main(void) \
	{ \
		const TTest *const tests[] = { __VA_ARGS__ }; \
		Suite *suite = suite_create(name); \
		TCase *tcase = unit_case(suite, name); \
\
		for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) \
			tcase_add_test(tcase, tests[i]); \
		return unit_run(suite); \
	}

#endif
