/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of the CSI services as constants, for tables. Each macro gives two expressions: service
 * and method, and a request without a fault, in which the arguments say some fields again:
 *
 *	ATTACH(.node_id = NULL)
 *
 * Whoever includes it has staging and target, the paths of node requests, and UUID, and lets the
 * compiler say nothing of fields that are said twice (-Wno-override-init).
 */
#ifndef LITEIO_TESTS_CSI_REQUESTS_H
#define LITEIO_TESTS_CSI_REQUESTS_H

#include "csi.pb-c.h"

/* ---- parts of requests */

#define INIT(t) PROTOBUF_C_MESSAGE_INIT(&csi__v1__##t##__descriptor)
#define ENTRY(type, t, k, v)                                                                       \
	&(Csi__V1__##type##Entry){ .base = INIT(t##_entry), .key = (k), .value = (v) }
#define MODE(m) (&(Csi__V1__VolumeCapability__AccessMode){                                         \
	.base = INIT(volume_capability__access_mode), .mode = (m) })
#define WRITER CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_WRITER
#define ANY_WRITER CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__MULTI_NODE_MULTI_WRITER
#define CAP(...) (&(Csi__V1__VolumeCapability){                                                    \
	.base = INIT(volume_capability), .access_mode = MODE(WRITER), __VA_ARGS__ })
#define MOUNT(...)                                                                                 \
	.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT,                         \
	.mount = &(Csi__V1__VolumeCapability__MountVolume){                                        \
		.base = INIT(volume_capability__mount_volume), __VA_ARGS__ }
#define BLOCK                                                                                      \
	.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK,                         \
	.block = &(Csi__V1__VolumeCapability__BlockVolume){                                        \
		.base = INIT(volume_capability__block_volume) }
#define ONE_CAP(c)                                                                                 \
	.n_volume_capabilities = 1,                                                                \
	.volume_capabilities = (Csi__V1__VolumeCapability *[]){ (c) }
#define RANGE(least, most)                                                                         \
	.capacity_range = &(Csi__V1__CapacityRange){                                               \
		.base = INIT(capacity_range), .required_bytes = (least), .limit_bytes = (most) }
#define PARAM(k, v)                                                                                \
	.n_parameters = 1,                                                                         \
	.parameters = (Csi__V1__CreateVolumeRequest__ParametersEntry *[]){                         \
		ENTRY(CreateVolumeRequest__Parameters, create_volume_request__parameters, k, v) }
#define MUTABLE(k, v)                                                                              \
	.n_mutable_parameters = 1,                                                                 \
	.mutable_parameters = (Csi__V1__CreateVolumeRequest__MutableParametersEntry *[]){          \
		ENTRY(CreateVolumeRequest__MutableParameters,                                      \
		      create_volume_request__mutable_parameters, k, v) }
#define CONTEXT(k, v)                                                                              \
	ENTRY(NodeStageVolumeRequest__PublishContext,                                              \
	      node_stage_volume_request__publish_context, k, v)
#define PUBLISHED(generation)                                                                      \
	.n_publish_context = 5,                                                                    \
	.publish_context = (Csi__V1__NodeStageVolumeRequest__PublishContextEntry *[]){             \
		CONTEXT("volumeUUID", UUID), CONTEXT("generation", generation),                    \
		CONTEXT("sizeBytes", "1048576"), CONTEXT("local", "true"),                         \
		CONTEXT("readOnly", "false") }
#define FS_OF_CLASS(v)                                                                             \
	.n_volume_context = 1,                                                                     \
	.volume_context = (Csi__V1__NodeStageVolumeRequest__VolumeContextEntry *[]){               \
		ENTRY(NodeStageVolumeRequest__VolumeContext,                                       \
		      node_stage_volume_request__volume_context, "fsType", v) }
#define SOURCE(...)                                                                                \
	.volume_content_source = &(Csi__V1__VolumeContentSource){                                  \
		.base = INIT(volume_content_source), __VA_ARGS__ }
#define FROM_SNAPSHOT(id)                                                                          \
	SOURCE(.type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT,                         \
	       .snapshot = &(Csi__V1__VolumeContentSource__SnapshotSource){                        \
		       .base = INIT(volume_content_source__snapshot_source), .snapshot_id = (id) })
#define FROM_VOLUME(id)                                                                            \
	SOURCE(.type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_VOLUME,                           \
	       .volume = &(Csi__V1__VolumeContentSource__VolumeSource){                            \
		       .base = INIT(volume_content_source__volume_source), .volume_id = (id) })

/* ---- requests */

/* REQUEST(Type, type, fields): what there must be, and what a row says of it */
#define REQUEST(type, t, ...) &(Csi__V1__##type##Request){ .base = INIT(t##_request), __VA_ARGS__ }
#define CREATE(...)                                                                                \
	"Controller/CreateVolume",                                                                 \
	REQUEST(CreateVolume, create_volume, .name = "vol", ONE_CAP(CAP(MOUNT())), __VA_ARGS__)
#define DELETE(...)                                                                                \
	"Controller/DeleteVolume",                                                                 \
	REQUEST(DeleteVolume, delete_volume, .volume_id = "vol", __VA_ARGS__)
#define ATTACH(...)                                                                                \
	"Controller/ControllerPublishVolume",                                                      \
	REQUEST(ControllerPublishVolume, controller_publish_volume, .volume_id = "vol",            \
		.node_id = "node", .volume_capability = CAP(MOUNT()), __VA_ARGS__)
#define DETACH(...)                                                                                \
	"Controller/ControllerUnpublishVolume",                                                    \
	REQUEST(ControllerUnpublishVolume, controller_unpublish_volume, .volume_id = "vol",        \
		__VA_ARGS__)
#define VALIDATE(...)                                                                              \
	"Controller/ValidateVolumeCapabilities",                                                   \
	REQUEST(ValidateVolumeCapabilities, validate_volume_capabilities, .volume_id = "vol",      \
		ONE_CAP(CAP(MOUNT())), __VA_ARGS__)
#define EXPAND(...)                                                                                \
	"Controller/ControllerExpandVolume",                                                       \
	REQUEST(ControllerExpandVolume, controller_expand_volume, .volume_id = "vol",              \
		RANGE(1 << 20, 0), __VA_ARGS__)
#define VOLUMES(...) "Controller/ListVolumes", REQUEST(ListVolumes, list_volumes, __VA_ARGS__)
#define CAPACITY(...) "Controller/GetCapacity", REQUEST(GetCapacity, get_capacity, __VA_ARGS__)
#define CLASS(k, v)                                                                                \
	.n_parameters = 1,                                                                         \
	.parameters = (Csi__V1__GetCapacityRequest__ParametersEntry *[]){                          \
		ENTRY(GetCapacityRequest__Parameters, get_capacity_request__parameters, k, v) }
#define SNAPSHOT(...)                                                                              \
	"Controller/CreateSnapshot",                                                               \
	REQUEST(CreateSnapshot, create_snapshot, .name = "snap", .source_volume_id = "vol",        \
		__VA_ARGS__)
#define SNAPSHOT_CLASS(k, v)                                                                       \
	.n_parameters = 1,                                                                         \
	.parameters = (Csi__V1__CreateSnapshotRequest__ParametersEntry *[]){                       \
		ENTRY(CreateSnapshotRequest__Parameters,                                           \
		      create_snapshot_request__parameters, k, v) }
#define FORGET(...)                                                                                \
	"Controller/DeleteSnapshot",                                                               \
	REQUEST(DeleteSnapshot, delete_snapshot, .snapshot_id = "snap", __VA_ARGS__)
#define SNAPSHOTS(...)                                                                             \
	"Controller/ListSnapshots", REQUEST(ListSnapshots, list_snapshots, __VA_ARGS__)
#define STAGE(...)                                                                                 \
	"Node/NodeStageVolume",                                                                    \
	REQUEST(NodeStageVolume, node_stage_volume, .volume_id = "vol",                            \
		.staging_target_path = staging, .volume_capability = CAP(MOUNT()),                 \
		PUBLISHED("7"), __VA_ARGS__)
#define UNSTAGE(...)                                                                               \
	"Node/NodeUnstageVolume",                                                                  \
	REQUEST(NodeUnstageVolume, node_unstage_volume, .volume_id = "vol",                        \
		.staging_target_path = staging, __VA_ARGS__)
#define PUBLISH(...)                                                                               \
	"Node/NodePublishVolume",                                                                  \
	REQUEST(NodePublishVolume, node_publish_volume, .volume_id = "vol",                        \
		.staging_target_path = staging, .target_path = target,                             \
		.volume_capability = CAP(MOUNT()), __VA_ARGS__)
#define UNPUBLISH(...)                                                                             \
	"Node/NodeUnpublishVolume",                                                                \
	REQUEST(NodeUnpublishVolume, node_unpublish_volume, .volume_id = "vol",                    \
		.target_path = target, __VA_ARGS__)
#define STATS(...)                                                                                 \
	"Node/NodeGetVolumeStats",                                                                 \
	REQUEST(NodeGetVolumeStats, node_get_volume_stats, .volume_id = "vol",                     \
		.volume_path = target, __VA_ARGS__)
#define GROW(...)                                                                                  \
	"Node/NodeExpandVolume",                                                                   \
	REQUEST(NodeExpandVolume, node_expand_volume, .volume_id = "vol", .volume_path = target,   \
		__VA_ARGS__)

#endif
