# SPDX-License-Identifier: GPL-2.0-or-later
# The human entry to the build. Sources are found by folder: a new file needs no line here.
#   make O=DIR ...   everything that is built goes below DIR (default: build/)

ifneq ($(KERNELRELEASE),)
# kbuild reads Kbuild; this file is for people
include $(src)/Kbuild
else

O ?= build
# one name for one file, however DIR is given: what an object stands on is written down under it
override O := $(abspath $(O))
CC ?= gcc
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
BINDIR ?= $(PREFIX)/bin
UNITDIR ?= /lib/systemd/system
UDEVDIR ?= /lib/udev/rules.d
MANDIR ?= $(PREFIX)/share/man
COMPDIR ?= $(PREFIX)/share/bash-completion/completions
DESTDIR ?=
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
# what was compiled before in another clone is not compiled again; without ccache everything is
CCACHE ?= $(shell command -v ccache)
export CCACHE_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/liteio/ccache
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= 1
# one kernel for `make module`: a short name of tests/vm/kernels, or a headers directory in KDIR
KVER ?= 6.12

PKGS := json-c libcurl libsystemd libnghttp2 libprotobuf-c libmicrohttpd libnl-3.0 \
	libnl-genl-3.0 devmapper libkmod blkid mount yaml-0.1
PKG_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(PKGS))
# $(1) as an archive, so that nobody has to have it at run time; where there is none, as the library that it is
archive = $(if $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a)),-l:lib$(1).a,-l$(1))
# http_parser has no .pc file
PKG_LIBS = $(shell $(PKG_CONFIG) --libs $(PKGS)) $(call archive,http_parser)

# What a typed command takes is mostly to load libraries, the C library among them. So liteioctl is linked with none (static)
# where there are archives for that, or with the C library only (dynamic), as by who wants to renew that by itself.
LITEIOCTL_LINK ?= $(if $(shell echo 'int main(void) { return 0; }' | $(CC) -static-pie -x c - -x none -o /dev/null \
	-l:libjson-c.a -l:libhttp_parser.a >/dev/null 2>&1 || echo no),dynamic,static)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla \
	-Wno-unused-parameter -Werror=implicit-function-declaration $(if $(WERROR),-Werror)
COMMON := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -pthread $(WARN) -Idaemon -Icsi -I$(O)/csi \
	-isystem include/uapi
# what a program does not use of a file is not in it: tables of fields are pages to relocate at each start
REL_CFLAGS := $(COMMON) -O2 -g -ffunction-sections -fdata-sections -D_FORTIFY_SOURCE=2 \
	-fstack-protector-strong -fPIE
# libc first: most of what is looked for in all libraries, at each start, is there
HARD_LDFLAGS := -pthread -Wl,--gc-sections -Wl,-z,relro,-z,now
REL_LDFLAGS := $(HARD_LDFLAGS) -pie -Wl,--no-as-needed -lc -Wl,--as-needed
SAN_CFLAGS := $(COMMON) -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined
# the fuzzers, by clang; the link adds the fuzzer itself
FUZZ_CFLAGS := $(COMMON) -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined -Wno-unknown-warning-option
SAN_LDFLAGS := -pthread -fsanitize=address,undefined -Wl,--as-needed

LAYERS := base host kube model pool
PROGS := liteio-agent liteio-controller liteioctl liteio-csi
liteio-agent_DIR := daemon/agent
liteio-controller_DIR := daemon/controller
liteioctl_DIR := daemon/ctl
liteio-csi_DIR := csi
liteio-agent_LIBS := pool kube host model base
liteio-controller_LIBS := kube model base
liteioctl_LIBS := model base
static_LDFLAGS := $(HARD_LDFLAGS) -static-pie
dynamic_LDFLAGS := $(REL_LDFLAGS)
liteioctl_LDFLAGS = $($(LITEIOCTL_LINK)_LDFLAGS)
liteioctl_PKG_LIBS = $(call archive,json-c) $(call archive,http_parser)
liteio-csi_LIBS := kube host model base

PROTOS := $(wildcard csi/proto/*.proto)
PB_SRC := $(patsubst csi/proto/%.proto,$(O)/csi/%.pb-c.c,$(PROTOS))

.PHONY: all tools sanitized manual unit module modules kunit fuzz lint check soak demo demo-module demo-node bench bench-node deploy images install \
	dkms-install dkms-remove clean help setup FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: tools manual module

help:
	@echo 'make demo         the main job on something real: a Kubernetes, a PVC, a pod that moves'
	@echo 'make demo-module  the kernel module alone: a fence, limits, latencies, events; make demo-node: one node'
	@echo 'make check        all tests of the gate, fast ones first'
	@echo 'make soak         kill -9 and power cuts at every step, the model: hours'
	@echo 'make              all programs, and the module for KVER=$(KVER)'
	@echo 'make tools        the programs only (LITEIOCTL_LINK=static|dynamic: where there are archives liteioctl is static)'
	@echo 'make manual       manual pages and the completion, from what the programs say of themselves'
	@echo 'make module       the module for one kernel: KVER=6.1|6.12|7 or KDIR=<kernel build dir>'
	@echo 'make modules      the module for every supported kernel'
	@echo 'make unit         unit tests under ASan and UBSan  (UNIT=test-foo for one); make sanitized: the agent'
	@echo 'make kunit        the module'"'"'s pure parts under KUnit on a User Mode Linux'
	@echo 'make fuzz         a short run of every fuzzer      (FUZZ_SECONDS=5)'
	@echo 'make lint         every style and static check; silent when all is well'
	@echo 'make bench        instruction counts of the data path, against the recorded (BENCH_RECORD=1: record)'
	@echo 'make bench-node   create, snapshot, grow, delete, status, activation against LVM in the same guest; fio on volumes'
	@echo 'make images       container images;  make deploy: deploy/liteio.yaml'
	@echo 'make install      programs, manual pages, units and configuration (DESTDIR, PREFIX)'
	@echo 'make dkms-install the module through DKMS on this machine (DKMS_KERNELS="RELEASE..."); make dkms-remove'
	@echo 'make setup        the packages that the targets above need (Debian 12)'
	@echo 'make clean        remove $(O)/'

setup:
	$(Q)tests/setup

# ---- programs -------------------------------------------------------------------------------
tools: $(addprefix $(O)/,$(PROGS))

$(O)/csi/%.pb-c.c $(O)/csi/%.pb-c.h: csi/proto/%.proto
	@mkdir -p $(@D)
	$(Q)protoc-c --proto_path=csi/proto --c_out=$(O)/csi $<

# ccache names the object as it is seen from this folder; the target here is its whole path, and a header that changes
# would change nothing
name_dependencies = sed -i '1s|^[^:]*:|$@:|' $(@:.o=.d)

# $(1) flavour, $(2) cflags variable, $(3) compiler
define compile_rules
$(O)/$(1)/%.o: %.c Makefile
	@mkdir -p $$(@D)
	@echo '  CC      $(1)/$$*.o'
	$(Q)$(CCACHE) $(3) $$($(2)) $$(EXTRA_CFLAGS) $$(PKG_CFLAGS) -MMD -MP -c $$< -o $$@
	$(Q)$$(name_dependencies)
$(O)/$(1)/pb/%.o: $(O)/csi/%.c | $(PB_SRC)
	@mkdir -p $$(@D)
	$(Q)$(CCACHE) $(3) $$($(2)) -w -MMD -MP -c $$< -o $$@
	$(Q)$$(name_dependencies)
# generated headers come before anything of csi/ is compiled
$(patsubst %.c,$(O)/$(1)/%.o,$(wildcard csi/*.c tests/unit/*.c tests/fuzz/*.c)): | $(PB_SRC)
endef
$(eval $(call compile_rules,rel,REL_CFLAGS,$(CC)))
$(eval $(call compile_rules,san,SAN_CFLAGS,$(CC)))
$(eval $(call compile_rules,fuzzed,FUZZ_CFLAGS,clang))

# $(1) flavour, $(2) layer
define lib_rules
$(O)/$(1)/lib$(2).a: $(patsubst %.c,$(O)/$(1)/%.o,$(wildcard daemon/$(2)/*.c))
	$(Q)rm -f $$@; ar rcs $$@ $$^
endef
$(foreach f,rel san,$(foreach l,$(LAYERS),$(eval $(call lib_rules,$(f),$(l)))))
$(foreach f,rel san,$(eval $(O)/$(f)/libcsi.a: $(patsubst %.c,$(O)/$(f)/%.o,$(filter-out csi/main.c,$(wildcard csi/*.c))) $(patsubst $(O)/csi/%.c,$(O)/$(f)/pb/%.o,$(PB_SRC)) ; $(Q)rm -f $$@; ar rcs $$@ $$^))
lib-%: $(O)/rel/lib%.a $(O)/san/lib%.a ;

define prog_rules
$(O)/$(1): $(patsubst %.c,$(O)/rel/%.o,$(wildcard $($(1)_DIR)/*.c)) \
	$(if $(filter liteio-csi,$(1)),$(patsubst $(O)/csi/%.c,$(O)/rel/pb/%.o,$(PB_SRC))) \
	$(patsubst %,$(O)/rel/lib%.a,$($(1)_LIBS))
	@echo '  LD      $(1)'
	$(Q)$(CC) $$(or $$($(1)_LDFLAGS),$$(REL_LDFLAGS)) -o $$@ $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $$(or $$($(1)_PKG_LIBS),$$(PKG_LIBS))
endef
$(foreach p,$(PROGS),$(eval $(call prog_rules,$(p))))

# linked the other way, it is another program
$(O)/liteioctl: $(O)/liteioctl.link
$(O)/liteioctl.link: FORCE
	$(Q)mkdir -p $(@D); way='$(or $(filter static dynamic,$(LITEIOCTL_LINK)),$(error LITEIOCTL_LINK is static or dynamic))'; \
		echo "$$way" | cmp -s - $@ || echo "$$way" >$@

# the agent under ASan and UBSan, for a guest (tests/vm/tests/agent-sanitized.sh)
sanitized: $(O)/san/liteio-agent
$(O)/san/liteio-agent: $(patsubst %.c,$(O)/san/%.o,$(wildcard daemon/agent/*.c)) \
	$(patsubst %,$(O)/san/lib%.a,$(liteio-agent_LIBS))
	@echo '  LD      san/liteio-agent'
	$(Q)$(CC) $(SAN_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(PKG_LIBS)

# ---- manual pages, completion: templates filled with what the programs say of themselves ----------
MANUALS := $(patsubst deploy/manual/%.in,%,$(wildcard deploy/manual/*.in))
manual: $(addprefix $(O)/manual/,$(MANUALS))
# agent.json belongs to the agent, every other page to the program of its name
manual_prog = $(if $(filter agent.json.%,$(1)),liteio-agent,$(basename $(1)))
define manual_rules
$(O)/manual/$(1): deploy/manual/$(1).in deploy/manual/build deploy/agent.json.sample $(O)/$(call manual_prog,$(1))
	@mkdir -p $$(@D)
	@echo '  MANUAL  $(1)'
	$(Q)deploy/manual/build $(O)/$(call manual_prog,$(1)) $$< >$$@
endef
$(foreach m,$(MANUALS),$(eval $(call manual_rules,$(m))))

# ---- unit tests -------------------------------------------------------------------------------
UNIT_ALL := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test-*.c))
UNIT ?= $(UNIT_ALL)
# the pure parts of programs that tests link directly: daemon/<program>/<file>.c listed by the test
# itself in a comment line "unit-src: daemon/controller/schedule.c ..."
unit_src = $(shell sed -n 's|^ \* unit-src: *||p' tests/unit/$(1).c)
define unit_rules
$(O)/unit/$(1): $(O)/san/tests/unit/$(1).o $(patsubst %.c,$(O)/san/%.o,$(call unit_src,$(1))) \
	$(if $(filter test-h2 test-grpc test-csi-%,$(1)),$(O)/san/libcsi.a) \
	$(patsubst %,$(O)/san/lib%.a,pool kube host model base)
	@mkdir -p $$(@D)
	@echo '  LD      unit/$(1)'
	$(Q)$(CC) $(SAN_LDFLAGS) -o $$@ $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) \
		-Wl,--end-group $$(PKG_LIBS) $$(shell $(PKG_CONFIG) --libs check)
endef
$(foreach t,$(UNIT_ALL),$(eval $(call unit_rules,$(t))))

unit: $(addprefix $(O)/unit/,$(UNIT))
	$(Q)tests/unit/run $(addprefix $(O)/unit/,$(UNIT))

# ---- fuzzers: clang + libFuzzer over the same sources, tests/fuzz/fuzz-<noun>.c --------------------
FUZZ_ALL := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz-*.c))
FUZZ ?= $(FUZZ_ALL)
FUZZ_SECONDS ?= 5
fuzz_src = $(shell sed -n 's|^ \* fuzz-src: *||p' tests/fuzz/$(1).c)
define fuzz_rules
$(O)/fuzz/$(1): $(patsubst %.c,$(O)/fuzzed/%.o,tests/fuzz/$(1).c $(call fuzz_src,$(1)))
	@mkdir -p $$(@D)
	@echo '  FUZZ    $(1)'
	$(Q)clang -pthread -fsanitize=fuzzer,address,undefined -o $$@ $$(filter %.o,$$^) $$(PKG_LIBS)
endef
$(foreach t,$(FUZZ_ALL),$(eval $(call fuzz_rules,$(t))))
fuzz: $(addprefix $(O)/fuzz/,$(FUZZ))
	$(Q)tests/fuzz/run $(FUZZ_SECONDS) $^

# ---- the module ---------------------------------------------------------------------------------
# built in a staged copy, so that several kernels can be built and the tree stays clean
MODSRC := Kbuild $(wildcard kmod/*.c kmod/*.h) $(wildcard include/uapi/linux/*.h)
MODKERNELS ?= 6.1 6.12 7
module: $(O)/kmod-$(if $(KDIR),custom,$(KVER))/liteio.ko
modules: $(foreach k,$(MODKERNELS),$(O)/kmod-$(k)/liteio.ko)
$(O)/kmod-%/liteio.ko: $(MODSRC)
	@mkdir -p $(@D)
	@echo '  MODULE  $*'
	$(Q)tests/vm/build-module $(if $(KDIR),--kdir $(KDIR),--kernel $*) --out $(@D) $(if $(MODCHECK),--check)

kunit:
	$(Q)tests/kunit/run

# ---- gates --------------------------------------------------------------------------------------
lint:
	$(Q)O=$(O) tests/lint/run $(if $(TAP),--tap)

check:
	$(Q)O=$(O) tests/check

soak:
	$(Q)O=$(O) tests/check long

demo:
	$(Q)O=$(O) tests/cluster/demo

demo-module demo-node: demo-%:
	$(Q)O=$(O) tests/vm/demo/run $*

bench:
	$(Q)O=$(O) BENCH_RECORD=$(BENCH_RECORD) tests/vm/bench/run

images: tools
	$(Q)O=$(O) deploy/images/build

bench-node:
	$(Q)O=$(O) tests/vm/bench/run node

deploy:
	$(Q)O=$(O) deploy/assemble

-include tests/vm/tools.mk

install: tools manual
	install -D -m 0755 $(O)/liteio-agent $(DESTDIR)$(SBINDIR)/liteio-agent
	install -D -m 0755 $(O)/liteio-controller $(DESTDIR)$(SBINDIR)/liteio-controller
	install -D -m 0755 $(O)/liteio-csi $(DESTDIR)$(SBINDIR)/liteio-csi
	install -D -m 0755 $(O)/liteioctl $(DESTDIR)$(BINDIR)/liteioctl
	ln -sfn liteioctl $(DESTDIR)$(BINDIR)/kubectl-liteio
	install -D -m 0644 -t $(DESTDIR)$(UNITDIR) deploy/systemd/liteio-agent.service \
		deploy/systemd/liteio-release.service
	install -D -m 0644 deploy/systemd/60-liteio.rules $(DESTDIR)$(UDEVDIR)/60-liteio.rules
	install -D -m 0644 -t $(DESTDIR)$(MANDIR)/man8 $(filter %.8,$(addprefix $(O)/manual/,$(MANUALS)))
	install -D -m 0644 -t $(DESTDIR)$(MANDIR)/man5 $(filter %.5,$(addprefix $(O)/manual/,$(MANUALS)))
	install -D -m 0644 $(O)/manual/liteioctl.bash $(DESTDIR)$(COMPDIR)/liteioctl
	ln -sfn liteioctl $(DESTDIR)$(COMPDIR)/kubectl-liteio
	install -D -m 0644 deploy/agent.json.sample $(DESTDIR)/etc/liteio/agent.json.sample

# for the running kernel, or for those of DKMS_KERNELS
dkms-install:
	$(Q)deploy/module install $(DKMS_KERNELS)

dkms-remove:
	$(Q)deploy/module remove

clean:
	rm -rf $(O)

-include $(shell find $(O)/rel $(O)/san $(O)/fuzzed -name '*.d' 2>/dev/null)
endif
