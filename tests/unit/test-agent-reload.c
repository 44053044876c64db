// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration read again: what can change does, everything else keeps its value and says so,
 * and a file that is wrong changes nothing.
 *
 * unit-src: daemon/agent/reload.c daemon/agent/config.c daemon/agent/metrics.c
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/measure.h"
#include "agent/metrics.h"
#include "agent/reload.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "unit.h"

/* numbers of a node need a node: here nobody asks for them */
void liteio_measure_node(struct liteio_agent *a, struct liteio_openmetrics *m)
{
}

void liteio_measure_pools(struct liteio_agent *a, struct liteio_openmetrics *m)
{
}

void liteio_measure_attachments(struct liteio_agent *a, struct liteio_openmetrics *m)
{
}

void liteio_measure_io(struct liteio_agent *a, struct liteio_openmetrics *m)
{
}

void liteio_measure_agent(struct liteio_agent *a, struct liteio_openmetrics *m)
{
}

static char dir[] = "/tmp/liteio-reload-XXXXXX";
static char file[64], log_file[64], sock[2][64];
static char *argv[] = { (char *)"liteio-agent", (char *)"--config", file,
			(char *)"--node-name=here", NULL };
static struct liteio_agent agent = { .argc = 4, .argv = argv };
static char *said;

/* the file says that, DIR being the folder of the test; what is logged from now on is seen */
static void configure(const char *content)
{
	char *text = liteio_calloc(1, 4096);
	int fd;

	snprintf(text, 4096, "%s", content);
	for (char *at; (at = strstr(text, "DIR"));) {
		char *rest = liteio_strdup(at + 3);

		snprintf(at, (size_t)(text + 4096 - at), "%s%s", dir, rest);
		free(rest);
	}
	ck_assert_int_eq(liteio_fs_write_atomic(file, text, strlen(text), 0644, NULL), 0);
	free(text);
	fd = open(log_file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static void reload(const char *content)
{
	size_t len;

	configure(content);
	liteio_reload(&agent);
	free(said);
	ck_assert_int_eq(liteio_fs_read(log_file, 65536, &said, &len, NULL), 0);
}

static bool has_said(const char *words)
{
	return strstr(said, words);
}

static bool is_socket(int i)
{
	struct stat st;

	return !lstat(sock[i], &st) && S_ISSOCK(st.st_mode);
}

static void setup(const char *content)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int mode;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/agent.json", dir);
	snprintf(log_file, sizeof(log_file), "%s/log", dir);
	for (int i = 0; i < 2; i++)
		snprintf(sock[i], sizeof(sock[i]), "%s/sock%d", dir, i);
	configure(content);
	ck_assert_msg(!liteio_config_load(agent.argc, argv, &agent.config, &mode, NULL, &err),
		      "%s", err.msg);
	liteio_log_init("test", liteio_config_priority(&agent.config), agent.config.log_format);
	ck_assert_int_eq(liteio_loop_new(&agent.loop, NULL), 0);
	ck_assert_int_eq(liteio_workers_new(agent.loop, 1, &agent.workers, NULL), 0);
	ck_assert_int_eq(liteio_metrics_listen(&agent, agent.config.metrics, NULL), 0);
}

static void teardown(void)
{
	liteio_metrics_stop(&agent);
	ck_assert(liteio_workers_free(agent.workers, 10000));
	liteio_metrics_free(&agent);
	liteio_loop_free(agent.loop);
	liteio_config_fini(&agent.config);
	free(said);
	unlink(file);
	unlink(log_file);
	/* no socket is left behind */
	ck_assert_int_eq(rmdir(dir), 0);
}

START_TEST(test_log)
{
	setup("{}");
	reload("{\"logLevel\": \"error\", \"logFormat\": \"json\"}");
	/* the level holds from the moment it is taken over */
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(agent.config.node_name, "here");
	reload("{\"logFormat\": \"json\"}");
	ck_assert(has_said("\"level\":\"info\",\"msg\":\"logLevel: has a new value\"}"));
	ck_assert(!has_said("logFormat"));
	reload("{}");
	ck_assert(has_said(" level=info msg=\"logFormat: has a new value\""));
	reload("{}");
	ck_assert(!has_said("has a new value"));
	ck_assert(has_said("the configuration was read again"));
	teardown();
}
END_TEST

START_TEST(test_metrics)
{
	setup("{}");
	ck_assert_ptr_null(agent.metrics);
	reload("{\"metrics\": \"unix://DIR/sock0\"}");
	ck_assert(is_socket(0));
	reload("{\"metrics\": \"unix://DIR/sock1\"}");
	ck_assert(!is_socket(0) && is_socket(1));
	/* a place that is taken: the old one is kept, in fact and in the configuration */
	reload("{\"metrics\": \"unix://DIR/agent.json\"}");
	ck_assert(has_said("level=error msg=\"metrics: keeps its value: "));
	ck_assert(has_said("exists and is not a socket"));
	ck_assert(is_socket(1));
	ck_assert_str_eq(strrchr(agent.config.metrics, '/'), "/sock1");
	reload("{}");
	ck_assert(!is_socket(1));
	ck_assert_ptr_null(agent.config.metrics);
	reload("{\"metrics\": \"unix://DIR/sock0\"}");
	ck_assert(is_socket(0));
	teardown();
}
END_TEST

/* each key that can not change, one at a time: its value stays, and one line names it */
static const struct {
	const char *key;
	const char *text;
} fixed[] = {
	{ "socket", "{\"socket\": \"/run/other.sock\"}" },
	{ "socketGroup", "{\"socketGroup\": \"disk\"}" },
	{ "listen", "{\"listen\": [\"192.0.2.1\"]}" },
	{ "devices", "{\"devices\": [\"/dev/sda\"]}" },
	{ "stateDir", "{\"stateDir\": \"/var/lib/other\"}" },
	{ "hostNQNDir", "{\"hostNQNDir\": \"/etc/nvme\"}" },
	{ "kubeconfig", "{\"kubeconfig\": \"/root/config\"}" },
	{ "standalone", "{\"standalone\": true}" },
};

START_TEST(test_fixed)
{
	struct liteio_json *before, *after;
	unsigned int n = 1; /* nodeName, which the command line says */

	setup("{}");
	before = liteio_json_encode(&agent.config, liteio_config_fields);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++, n++) {
		char *line = liteio_strf("level=warning msg=\"%s: keeps its value, it can change "
					 "only when the agent starts\"\n", fixed[i].key);

		reload(fixed[i].text);
		ck_assert_msg(has_said(line), "%s: %s", fixed[i].key, said);
		free(line);
	}
	after = liteio_json_encode(&agent.config, liteio_config_fields);
	ck_assert(liteio_json_equal(before, after));
	liteio_json_unref(before);
	liteio_json_unref(after);
	/* a key that is new has to be in one list or the other */
	for (const struct liteio_field *f = liteio_config_fields; f->key; f++)
		n -= !(f->flags & LITEIO_FIELD_LIVE);
	ck_assert_uint_eq(n, 0);
	teardown();
}
END_TEST

START_TEST(test_broken)
{
	setup("{\"metrics\": \"unix://DIR/sock0\"}");
	reload("{\"logLevel\": \"error\",\n\"metrics\": \"unix://DIR/sock1\",\n\"listn\": []}");
	ck_assert(has_said("level=error msg=\"nothing is reloaded: "));
	ck_assert(has_said("agent.json: line 3: listn: unknown field\"\n"));
	ck_assert(is_socket(0) && !is_socket(1));
	ck_assert_int_eq(liteio_config_priority(&agent.config), LITEIO_LOG_INFO);
	reload("{\"logLevel\": \"error\"");
	ck_assert(has_said("not JSON"));
	unlink(file);
	liteio_reload(&agent);
	ck_assert(is_socket(0));
	teardown();
}
END_TEST

UNIT_MAIN("agent-reload", test_log, test_metrics, test_fixed, test_broken)
