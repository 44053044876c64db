# SPDX-License-Identifier: GPL-2.0-or-later
# Small programs that the tests in guests use: tests/vm/tools/NAME.c becomes $(O)/vm-tools/NAME.

VM_TOOLS := $(patsubst tests/vm/tools/%.c,$(O)/vm-tools/%,$(wildcard tests/vm/tools/*.c)) \
	$(O)/vm-tools/kmodctl $(O)/vm-tools/poolctl

.PHONY: vm-tools
vm-tools: $(VM_TOOLS)

$(O)/vm-tools/%: tests/vm/tools/%.c $(wildcard tests/vm/tools/*.h include/uapi/linux/*.h)
	@mkdir -p $(@D)
	@echo '  VMTOOL  $*'
	$(Q)$(CC) $(COMMON) -O2 -pthread -o $@ $<

# one without a library
$(O)/vm-tools/nodecost-exit: tests/vm/tools/nodecost-exit.c
	@mkdir -p $(@D)
	@echo '  VMTOOL  nodecost-exit'
	$(Q)$(CC) $(COMMON) -O2 -static -nostdlib -o $@ $<

$(O)/vm-tools/kmodctl: $(wildcard tests/vm/tools/kmodctl/*.[ch] tests/vm/tools/*.h include/uapi/linux/*.h)
	@mkdir -p $(@D)
	@echo '  VMTOOL  kmodctl'
	$(Q)$(CC) $(COMMON) -O2 -o $@ $(filter %.c,$^)

# Plugins of the emulator: tests/vm/plugins/NAME.c becomes $(O)/vm-plugins/NAME.so
.PHONY: vm-plugins
vm-plugins: $(patsubst tests/vm/plugins/%.c,$(O)/vm-plugins/%.so,$(wildcard tests/vm/plugins/*.c))

$(O)/vm-plugins/%.so: tests/vm/plugins/%.c tests/vm/plugins/emulator.h
	@mkdir -p $(@D)
	@echo '  PLUGIN  $*'
	$(Q)$(CC) $(COMMON) -O2 -fPIC -shared -fvisibility=hidden -o $@ $<

# what looks over the agent's shoulder
.PHONY: vm-valgrind
vm-valgrind: vm-tools
	$(Q)tests/lib/valgrind $(O)/vm-tools/valgrind

.PHONY: vm-thin-tools
vm-thin-tools: vm-tools
	$(Q)tests/lib/thin-tools $(O)/vm-tools/thin-tools

# Modules that tests load beside ours, for one kernel
.PHONY: vm-modules
vm-modules:
	@mkdir -p $(O)/vm-modules-$(KVER)
	@cp -u tests/vm/modules/* $(O)/vm-modules-$(KVER)
	@echo '  MODULES $(KVER)'
	$(Q)env -u MAKEFLAGS -u MAKEOVERRIDES -u O -u V $(MAKE) -s -C $$(tests/vm/kernels headers $(KVER)) \
		M=$(abspath $(O)/vm-modules-$(KVER)) modules

# poolctl is the agent's pool engine without the agent
$(O)/vm-tools/poolctl: $(wildcard tests/vm/tools/poolctl/*.[ch]) $(patsubst %,$(O)/rel/lib%.a,pool host base)
	@mkdir -p $(@D)
	@echo '  VMTOOL  poolctl'
	$(Q)$(CC) $(COMMON) -O2 -pthread -o $@ $(filter %.c,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(PKG_LIBS)
