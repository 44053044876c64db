// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The agent's configuration: defaults, strictness, and the command line over the file.
 *
 * unit-src: daemon/agent/config.c
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/config.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "unit.h"

START_TEST(nothing_gives_the_defaults)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_config c;

	ck_assert_int_eq(liteio_config_parse("{}", 2, &c, &err), 0);
	ck_assert_str_eq(c.socket, "/run/liteio/agent.sock");
	ck_assert_str_eq(c.state_dir, "/var/lib/liteio");
	ck_assert_ptr_null(c.node_name);
	ck_assert_uint_eq(c.n_listen, 0);
	ck_assert(!c.standalone);
	ck_assert_int_eq(liteio_config_priority(&c), LITEIO_LOG_INFO);
	ck_assert_int_eq(c.log_format, LITEIO_LOG_LOGFMT);
	liteio_config_fini(&c);
}
END_TEST

START_TEST(all_keys_are_read)
{
	static const char text[] =
		"{\"nodeName\":\"worker-1\",\"socket\":\"/tmp/a.sock\",\"socketGroup\":\"disk\","
		"\"listen\":[\"192.0.2.1:4420\",\"[2001:db8::1]:4420\"],"
		"\"devices\":[\"/dev/vd?\"],\"stateDir\":\"/var/lib/x\",\"hostNQNDir\":\"/etc/nvme\","
		"\"kubeconfig\":\"/root/k\",\"metrics\":\"tcp://[::1]:9809\",\"standalone\":true,\"logLevel\":\"debug\","
		"\"logFormat\":\"json\"}";
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_config c;

	ck_assert_msg(liteio_config_parse(text, strlen(text), &c, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(c.node_name, "worker-1");
	ck_assert_uint_eq(c.n_listen, 2);
	ck_assert_str_eq(c.devices[0], "/dev/vd?");
	ck_assert_str_eq(c.host_nqn_dir, "/etc/nvme");
	ck_assert(c.standalone);
	ck_assert_str_eq(c.metrics, "tcp://[::1]:9809");
	ck_assert_int_eq(liteio_config_priority(&c), LITEIO_LOG_DEBUG);
	ck_assert_int_eq(c.log_format, LITEIO_LOG_JSON);
	liteio_config_fini(&c);
}
END_TEST

START_TEST(the_sample_is_understood)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_config c;
	char *text = NULL;
	size_t len = 0;

	ck_assert_msg(liteio_fs_read("deploy/agent.json.sample", 65536, &text, &len, &err) == 0,
		      "%s", err.msg);
	ck_assert_msg(liteio_config_parse(text, len, &c, &err) == 0, "%s", err.msg);
	ck_assert(c.standalone);
	for (const struct liteio_field *f = liteio_config_fields; f->key; f++) {
		char *key _cleanup_free_ = liteio_strf("\"%s\":", f->key);

		ck_assert_msg(strstr(text, key), "no %s in the sample", f->key);
	}
	liteio_config_fini(&c);
	free(text);
}
END_TEST

static const struct {
	const char *text;
	const char *said;
} refused[] = {
	{ "", "" },
	{ "[]", "" },
	{ "{\"nodename\":\"a\"}", "nodename" },
	{ "{\"nodeName\":\"Worker 1\"}", "nodeName" },
	{ "{\"socket\":\"agent.sock\"}", "socket" },
	{ "{\"stateDir\":\"state\"}", "stateDir" },
	{ "{\"listen\":\"192.0.2.1\"}", "listen" },
	{ "{\"listen\":[\"worker-1:4420\"]}", "listen[0]" },
	{ "{\"devices\":[\"/dev/sda\",\"sdb\"]}", "devices[1]" },
	{ "{\"logLevel\":\"loud\"}", "logLevel" },
	{ "{\"metrics\":\"\"}", "metrics" },
	{ "{\"metrics\":\"127.0.0.1:9809\"}", "metrics" },
	{ "{\"metrics\":\"tcp://127.0.0.1\"}", "metrics" },
	{ "{\"metrics\":\"tcp://localhost:9809\"}", "metrics" },
	{ "{\"metrics\":\"unix://run/m.sock\"}", "metrics" },
	{ "{\"standalone\":\"yes\"}", "standalone" },
};

START_TEST(bad_files_are_refused)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_config c;

	ck_assert_int_eq(liteio_config_parse(refused[_i].text, strlen(refused[_i].text), &c, &err),
			 -EINVAL);
	ck_assert_msg(strstr(err.msg, refused[_i].said), "%s: %s", refused[_i].text, err.msg);
}
END_TEST

static const struct {
	const char *text;
	const char *said;
} lines[] = {
	{ "{\n \"nodename\": \"a\"\n}", "line 2: nodename: unknown field" },
	{ "{\n\n \"standalone\":\n\n 1}", "line 3: standalone: must be true or false" },
	{ "{\"logLevel\":\n\"loud\"}",
	  "line 1: logLevel: \"loud\" is not one of: error, warning, info, debug" },
	{ "{\"logLevel\": \"info\",\n\"logLevel\": \"debug\"}", "line 2: logLevel: given twice" },
	{ "{\"listen\": [],\n\n\"\\u006cisten\": [] }", "line 3: listen: given twice" },
	{ "{\n\"listen\": null}", "line 2: listen: null is no value, leave it out instead" },
	{ "{\"listen\": [\n \"192.0.2.1\",\n \"here\" ] }",
	  "line 3: listen[1]: \"here\" is not an IPv4 or IPv6 address with a port" },
	{ "{\"listen\": [\n \"192.0.2.1\",\n 7 ] }", "line 3: listen[1]: must be a string" },
	{ "{\r\n\"stateDir\": \"\\\\\\\"\\n\",\r\n\"x\": {}}", "line 3: x: unknown field" },
	{ "{\n\"socket\": \"run\"}", "line 2: socket: \"run\" is not an absolute path" },
	{ "{\n\"socket\": \"/run\",,}",
	  "not JSON: quoted object property name expected at byte 19, in line 2" },
	{ "[\n]", "must be a JSON object" },
};

START_TEST(what_is_wrong_has_a_line)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_config c;

	ck_assert_int_eq(liteio_config_parse(lines[_i].text, strlen(lines[_i].text), &c, &err),
			 -EINVAL);
	ck_assert_str_eq(err.msg, lines[_i].said);
}
END_TEST

/* the value that is wrong is the command line's: no line of the file is to blame */
START_TEST(what_the_command_line_says_has_no_line)
{
	char path[] = "/tmp/test-agent-config.XXXXXX";
	char *argv[] = { (char *)"liteio-agent", (char *)"--config", path,
			 (char *)"--socket=here", NULL };
	static const char text[] = "{\n\"socket\": \"/run/a.sock\"}";
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_config c;
	int fd = mkstemp(path), mode;

	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
	ck_assert_int_eq(liteio_config_load(4, argv, &c, &mode, NULL, &err), -EINVAL);
	unlink(path);
	ck_assert_str_eq(err.msg, "socket: \"here\" is not an absolute path");
}
END_TEST

START_TEST(fields_are_compared_and_swapped)
{
	static const char one[] = "{\"listen\":[\"192.0.2.1\"],\"logLevel\":\"error\"}";
	static const char two[] = "{\"listen\":[],\"metrics\":\"tcp://[::1]:9809\"}";
	struct liteio_config a, b;
	unsigned int differ = 0;

	ck_assert_int_eq(liteio_config_parse(one, strlen(one), &a, NULL), 0);
	ck_assert_int_eq(liteio_config_parse(two, strlen(two), &b, NULL), 0);
	for (const struct liteio_field *f = liteio_config_fields; f->key; f++) {
		if (liteio_json_field_equal(f, &a, &b))
			continue;
		differ++;
		liteio_json_field_swap(f, &a, &b);
		ck_assert(!liteio_json_field_equal(f, &a, &b));
	}
	ck_assert_uint_eq(differ, 3);
	ck_assert_uint_eq(a.n_listen, 0);
	ck_assert_str_eq(a.metrics, "tcp://[::1]:9809");
	ck_assert_str_eq(b.listen[0], "192.0.2.1");
	ck_assert_int_eq(liteio_config_priority(&b), LITEIO_LOG_ERR);
	liteio_config_fini(&a);
	liteio_config_fini(&b);
}
END_TEST

START_TEST(the_command_line_wins)
{
	char path[] = "/tmp/test-agent-config.XXXXXX";
	char *argv[] = { (char *)"liteio-agent", (char *)"--config", path,
			 (char *)"--node-name=b", (char *)"--listen",
			 (char *)"192.0.2.7,192.0.2.8:99", (char *)"--standalone", NULL };
	static const char text[] = "{\"nodeName\":\"a\",\"listen\":[\"192.0.2.1\"]}";
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_config c;
	int fd = mkstemp(path), mode = -1;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
	ck_assert_msg(liteio_config_load(7, argv, &c, &mode, NULL, &err) == 0, "%s", err.msg);
	unlink(path);
	ck_assert_int_eq(mode, LITEIO_CONFIG_RUN);
	ck_assert_str_eq(c.node_name, "b");
	ck_assert_uint_eq(c.n_listen, 2);
	ck_assert_str_eq(c.listen[1], "192.0.2.8:99");
	ck_assert(c.standalone);
	liteio_config_fini(&c);
}
END_TEST

START_TEST(the_environment_knows_the_address_that_nobody_else_says)
{
	char path[] = "/tmp/test-agent-config.XXXXXX";
	char *argv[] = { (char *)"liteio-agent", (char *)"--config", path, NULL };
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_config c;
	int fd = mkstemp(path), mode;

	ck_assert_int_eq(write(fd, "{}", 2), 2);
	close(fd);
	setenv("LITEIO_HOST_IP", "192.0.2.9", 1);
	ck_assert_int_eq(liteio_config_load(3, argv, &c, &mode, NULL, &err),
			 0);
	ck_assert_uint_eq(c.n_listen, 1);
	ck_assert_str_eq(c.listen[0], "192.0.2.9");
	liteio_config_fini(&c);
	setenv("LITEIO_HOST_IP", "", 1);
	ck_assert_int_eq(liteio_config_load(3, argv, &c, &mode, NULL, &err),
			 0);
	ck_assert_uint_eq(c.n_listen, 0);
	liteio_config_fini(&c);
	unlink(path);
}
END_TEST

static const struct {
	char *argv[4];
	const char *said;
} bad_lines[] = {
	{ { (char *)"liteio-agent", (char *)"--config", (char *)"/does/not/exist" }, "exist" },
	{ { (char *)"liteio-agent", (char *)"--listen", (char *)"here" }, "listen[0]" },
	{ { (char *)"liteio-agent", (char *)"--socket", (char *)"here" }, "socket" },
	{ { (char *)"liteio-agent", (char *)"--standalone", (char *)"now" }, "now" },
	{ { (char *)"liteio-agent", (char *)"--metrics", (char *)"here" }, "metrics" },
};

START_TEST(bad_command_lines_are_refused)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_config c;
	int mode = -1;

	ck_assert_int_lt(liteio_config_load(3, (char **)bad_lines[_i].argv, &c, &mode, NULL, &err),
			 0);
	ck_assert_msg(strstr(err.msg, bad_lines[_i].said), "%s", err.msg);
	ck_assert_int_eq(mode, -1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("agent-config");
	TCase *t = unit_case(s, "config");

	tcase_add_test(t, nothing_gives_the_defaults);
	tcase_add_test(t, all_keys_are_read);
	tcase_add_test(t, the_sample_is_understood);
	tcase_add_loop_test(t, bad_files_are_refused, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_loop_test(t, what_is_wrong_has_a_line, 0, sizeof(lines) / sizeof(lines[0]));
	tcase_add_test(t, what_the_command_line_says_has_no_line);
	tcase_add_test(t, fields_are_compared_and_swapped);
	tcase_add_test(t, the_command_line_wins);
	tcase_add_test(t, the_environment_knows_the_address_that_nobody_else_says);
	tcase_add_loop_test(t, bad_command_lines_are_refused, 0,
			    sizeof(bad_lines) / sizeof(bad_lines[0]));
	return unit_run(s);
}
