/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status codes of gRPC, and which one a negative errno becomes. Pure.
 */
#ifndef LITEIO_CSI_STATUS_H
#define LITEIO_CSI_STATUS_H

/**
 * enum liteio_grpc_status - how a call ended, numbered as on the wire
 * @LITEIO_GRPC_OK: done
 * @LITEIO_GRPC_CANCELLED: the caller no longer waits
 * @LITEIO_GRPC_UNKNOWN: a failure nothing is known about; we never answer it
 * @LITEIO_GRPC_INVALID_ARGUMENT: the request is wrong, whatever the state of things
 * @LITEIO_GRPC_DEADLINE_EXCEEDED: the time the caller gave was over first
 * @LITEIO_GRPC_NOT_FOUND: no such object
 * @LITEIO_GRPC_ALREADY_EXISTS: an object of that name exists and differs
 * @LITEIO_GRPC_PERMISSION_DENIED: not allowed to us
 * @LITEIO_GRPC_RESOURCE_EXHAUSTED: no room
 * @LITEIO_GRPC_FAILED_PRECONDITION: the object is not in a state that allows it
 * @LITEIO_GRPC_ABORTED: another call is in the way; try again
 * @LITEIO_GRPC_OUT_OF_RANGE: such a size can not be had
 * @LITEIO_GRPC_UNIMPLEMENTED: no such method, or not with these wishes
 * @LITEIO_GRPC_INTERNAL: broken, and the caller can not do better
 * @LITEIO_GRPC_UNAVAILABLE: whom we need does not answer; try again
 * @LITEIO_GRPC_DATA_LOSS: what was stored can not be read back
 * @LITEIO_GRPC_UNAUTHENTICATED: nobody knows who the caller is
 */
enum liteio_grpc_status {
	LITEIO_GRPC_OK = 0,
	LITEIO_GRPC_CANCELLED = 1,
	LITEIO_GRPC_UNKNOWN = 2,
	LITEIO_GRPC_INVALID_ARGUMENT = 3,
	LITEIO_GRPC_DEADLINE_EXCEEDED = 4,
	LITEIO_GRPC_NOT_FOUND = 5,
	LITEIO_GRPC_ALREADY_EXISTS = 6,
	LITEIO_GRPC_PERMISSION_DENIED = 7,
	LITEIO_GRPC_RESOURCE_EXHAUSTED = 8,
	LITEIO_GRPC_FAILED_PRECONDITION = 9,
	LITEIO_GRPC_ABORTED = 10,
	LITEIO_GRPC_OUT_OF_RANGE = 11,
	LITEIO_GRPC_UNIMPLEMENTED = 12,
	LITEIO_GRPC_INTERNAL = 13,
	LITEIO_GRPC_UNAVAILABLE = 14,
	LITEIO_GRPC_DATA_LOSS = 15,
	LITEIO_GRPC_UNAUTHENTICATED = 16,
};

/**
 * liteio_grpc_status_of() - the status for a failure
 * @code: 0 or negative errno
 *
 * CSI gives meanings to some: -EAGAIN (ABORTED) is "an operation on this volume is running
 * already", -EBUSY (FAILED_PRECONDITION) "not while it is used like that", -ENOSPC
 * (RESOURCE_EXHAUSTED) "no pool has room", -ERANGE (OUT_OF_RANGE) "such a size can not be had".
 *
 * Return: the status; INTERNAL for an errno that has no better one.
 */
enum liteio_grpc_status liteio_grpc_status_of(int code);

/**
 * liteio_grpc_status_name() - a status for logs
 * @status: the status
 *
 * Return: "NOT_FOUND" and so on; never NULL.
 */
const char *liteio_grpc_status_name(enum liteio_grpc_status status);

#endif
