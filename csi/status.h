/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status codes of gRPC, and which one a negative errno becomes. Pure.
 */
#ifndef LITEIO_CSI_STATUS_H
#define LITEIO_CSI_STATUS_H

/**
 * enum liteio_grpc_status - how a call ended, numbered as on the wire
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
