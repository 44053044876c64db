/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every Check program needs: a main() that runs a list of test cases.
 */
#ifndef LITEIO_TESTS_UNIT_H
#define LITEIO_TESTS_UNIT_H

#include <check.h>
#include <stdlib.h>

/* UNIT_MAIN("name", test_a, test_b): each test runs in a process of its own */
#define UNIT_MAIN(name, ...) \
	int main(void) \
	{ \
		const TTest *const tests[] = { __VA_ARGS__ }; \
		Suite *suite = suite_create(name); \
		TCase *tcase = tcase_create(name); \
		SRunner *runner; \
		int failed; \
\
		tcase_set_timeout(tcase, 60); \
		for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) \
			tcase_add_test(tcase, tests[i]); \
		suite_add_tcase(suite, tcase); \
		runner = srunner_create(suite); \
		srunner_run_all(runner, CK_NORMAL); \
		failed = srunner_ntests_failed(runner); \
		srunner_free(runner); \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS; \
	}

#endif
