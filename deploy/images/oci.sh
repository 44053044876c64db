# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Writing container images as OCI archives with nothing but tar and sha256sum. Source it.
#
# An archive is a tar of: oci-layout, index.json, blobs/sha256/<digest> (layers, config, manifest). Layers are plain
# tars, so a layer's digest is its diff id too. `ctr images import`, `podman load` and `docker load` take it.

# oci_layer DIR OUT: one layer from what is in DIR; equal content gives an equal digest.
oci_layer() {
	tar --create --file "$2" --directory "$1" --sort=name --mtime=@0 --numeric-owner --owner=0 --group=0 \
		--format=posix --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime .
}

# oci_digest FILE: its sha256, kept beside it as FILE.sha256 while that is newer.
oci_digest() {
	if ! [ "$1.sha256" -nt "$1" ]; then
		sha256sum "$1" | cut -d' ' -f1 >"$1.sha256"
	fi
	cat "$1.sha256"
}

# oci_descriptor TYPE DIGEST FILE
oci_descriptor() {
	printf '{"mediaType":"application/vnd.oci.image.%s","digest":"sha256:%s","size":%d}' \
		"$1" "$2" "$(stat -c %s "$3")"
}

# oci_image OUT NAME ENTRYPOINT_JSON [--without FILE] LAYER...
# --without leaves that layer's blob out of the archive: only for a store that has it already.
oci_image() {
	local out=$1 name=$2 entrypoint=$3 without='' dir layer digest diffs='' layers=''

	shift 3
	if [ "$1" = --without ]; then
		without=$2
		shift 2
	fi
	dir=$(mktemp -d "$out.XXXXXX")
	mkdir -p "$dir/blobs/sha256"
	for layer; do
		digest=$(oci_digest "$layer")
		diffs+="${diffs:+,}\"sha256:$digest\""
		layers+="${layers:+,}$(oci_descriptor layer.v1.tar "$digest" "$layer")"
		if [ "$layer" != "$without" ]; then
			ln "$layer" "$dir/blobs/sha256/$digest" 2>/dev/null ||
				cp "$layer" "$dir/blobs/sha256/$digest"
		fi
	done
	oci_config "$entrypoint" "$diffs" >"$dir/config"
	digest=$(sha256sum "$dir/config" | cut -d' ' -f1)
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}' \
		"$(oci_descriptor config.v1+json "$digest" "$dir/config")" "$layers" >"$dir/manifest"
	mv "$dir/config" "$dir/blobs/sha256/$digest"
	digest=$(sha256sum "$dir/manifest" | cut -d' ' -f1)
	oci_index "$name" "$digest" "$dir/manifest" >"$dir/index.json"
	mv "$dir/manifest" "$dir/blobs/sha256/$digest"
	printf '{"imageLayoutVersion":"1.0.0"}' >"$dir/oci-layout"
	tar --create --file "$out.new" --directory "$dir" --sort=name --mtime=@0 --owner=0 --group=0 \
		--numeric-owner oci-layout index.json blobs
	mv "$out.new" "$out"
	rm -rf "$dir"
}

# oci_config ENTRYPOINT_JSON DIFF_IDS
oci_config() {
	printf '{"created":"1970-01-01T00:00:00Z","architecture":"amd64","os":"linux","config":{"Env":["%s"],"Entrypoint":%s},' \
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "$1"
	printf '"rootfs":{"type":"layers","diff_ids":[%s]}}' "$2"
}

# oci_index NAME MANIFEST_DIGEST MANIFEST_FILE
oci_index() {
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{%s,"size":%d,"digest":"sha256:%s",' \
		'"mediaType":"application/vnd.oci.image.manifest.v1+json"' "$(stat -c %s "$3")" "$2"
	printf '"platform":{"architecture":"amd64","os":"linux"},"annotations":{"io.containerd.image.name":"%s",' "$1"
	printf '"org.opencontainers.image.ref.name":"%s"}}]}' "${1##*:}"
}
