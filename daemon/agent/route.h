/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which function answers a request: a table of methods and paths. Pure.
 */
#ifndef LITEIO_AGENT_ROUTE_H
#define LITEIO_AGENT_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct liteio_agent;
struct liteio_error;
struct liteio_field;
struct liteio_http_request;

#define LITEIO_ROUTE_PARAMS_MAX 2
#define LITEIO_ROUTE_PARAM_MAX 128

#define LITEIO_ROUTE_URGENT 1u /* runs on agent->urgent */
#define LITEIO_ROUTE_EARLY 2u /* also before every pool is open */
#define LITEIO_ROUTE_QUERY 4u /* what @req_fields says is in the query, not in a body */
#define LITEIO_ROUTE_TIMEOUT 16u /* has the query timeoutMs */
#define LITEIO_ROUTE_FORCE 32u /* has the query force */
#define LITEIO_ROUTE_STREAM 64u /* the answer goes on: one object of @ret_fields a line */
#define LITEIO_ROUTE_LONG 128u /* may be answered with an operation (jobs.h) */
#define LITEIO_ROUTE_WAIT 256u /* has the query wait */
#define LITEIO_ROUTE_LOOP 512u /* runs on the loop, without a worker: see struct liteio_call */

/**
 * struct liteio_call - one request, as a route's function sees it
 * @agent: the agent
 * @params: what stood for the "*"s of the path, in their order
 * @timeout_ms: query timeoutMs, or its default
 * @force: query force
 * @wait: query wait: enum liteio_local_wait
 * @wait_ms: of a route that runs on the loop: it has returned -EINPROGRESS, and wants to be run
 *	again when an operation has ended, for so long
 * @late: that time is over: it must answer now
 * @req: decoded body or query, zeroed and then filled as @req_fields says; NULL without a body
 * @ret: zeroed; to be filled in on success
 * @text: NULL; or, of a worker that comes by the elements of a list one after the other, what would
 *	be written of @ret, which then is not: in new memory
 * @stream: set by @run of a route whose answer goes on: answers instead, on the loop, once @run
 *	has returned 0
 * @opened: what @run has opened for @stream, which takes it over
 */
struct liteio_call {
	struct liteio_agent *agent;
	char params[LITEIO_ROUTE_PARAMS_MAX][LITEIO_ROUTE_PARAM_MAX];
	uint64_t timeout_ms;
	bool force;
	int wait;
	uint64_t wait_ms;
	bool late;
	void *req;
	void *ret;
	char *text;
	void (*stream)(struct liteio_call *call, struct liteio_http_request *req);
	void *opened;
};

/**
 * struct liteio_route - one line of the table
 * @method: "GET"; a NULL method ends the table
 * @path: "/v1/pools/" "*": a star stands for one element
 * @run: does it, on a worker thread unless @flags say otherwise; 0 or a negative errno with a
 *	sentence
 * @flags: LITEIO_ROUTE_*
 * @req_fields: of the body, or of the query (LITEIO_ROUTE_QUERY); NULL: no body is taken
 * @req_size: of its struct
 * @req_name: of its struct, without prefix
 * @ret_fields: of the answer
 * @ret_size: of its struct
 * @ret_name: of its struct, without prefix
 */
struct liteio_route {
	const char *method;
	const char *path;
	int (*run)(struct liteio_call *call, struct liteio_error *err);
	unsigned int flags;
	const struct liteio_field *req_fields;
	size_t req_size;
	const char *req_name;
	const struct liteio_field *ret_fields;
	size_t ret_size;
	const char *ret_name;
};

extern const struct liteio_route liteio_routes[];

/* what a line that changes something does, in words: "volume create", "pool import"; new memory */
char *liteio_route_verb(const struct liteio_route *route);

/**
 * struct liteio_route_query - what the query may say with a flag of a route
 * @flag: LITEIO_ROUTE_*; 0 ends the table
 * @fields: of struct liteio_call
 */
struct liteio_route_query {
	unsigned int flag;
	const struct liteio_field *fields;
};

extern const struct liteio_route_query liteio_route_queries[];

/**
 * liteio_route_find() - the line for a request
 * @routes: the table
 * @method: of the request
 * @path: decoded, without query
 * @call: gets the params
 * @ret: the line
 *
 * Return: 0, -ENOENT when no line has the path, -EOPNOTSUPP when one has but for another method,
 * -ENAMETOOLONG when a param is longer than any name.
 */
int liteio_route_find(const struct liteio_route *routes, const char *method, const char *path,
		      struct liteio_call *call, const struct liteio_route **ret);

#endif
