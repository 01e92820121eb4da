# DDIL Lab: one Makefile, sources globbed, one object folder per variant.
#   make            builds ./ddil                make run     the workbench with quickstart running
#   make test       every test                   make lint    layering, sizes, warnings
#   make deps       installs what is missing     make SAN=address,undefined test
#   make test ONLY=base  runs the tests whose names hold "base"; make V=1 shows whole commands
VERSION := 0.1.0
CC      ?= cc
PKG_CONFIG ?= pkg-config
SAN     ?=
MPI     ?=
PREFIX  ?= /usr/local
DESTDIR ?=
ONLY    ?=
JOBS    ?= $(shell nproc 2>/dev/null || echo 2)
# On all cores unless told otherwise; several goals (clean all) in their order.
MAKEFLAGS += $(if $(filter-out 0,$(MAKELEVEL))$(word 2,$(MAKECMDGOALS)),,-j$(JOBS))

V       ?=
say      = @$(if $(V),:,echo "  $(1)")
quiet    = $(if $(V),,@)
comma   := ,
VARIANT := $(if $(SAN),san-$(subst $(comma),-,$(SAN)),release)
BUILD   := build/$(VARIANT)
PROGRAM := $(if $(SAN),$(BUILD)/ddil,ddil)

# The folder's name may hold blanks: none of make's own functions for paths.
HERE    = $(if $(filter /%,$(PROGRAM)),,$(CURDIR)/)$(PROGRAM)

PKGS    := cairo openblas ncursesw libsixel inih zlib libpng libjpeg jansson
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
# -g1: functions and lines, for backtraces and profiles. A debugger wants more: CFLAGS='-O1 -g'.
CFLAGS  ?= -O3 -g1
# CPPFLAGS, LDFLAGS, AR and PKG_CONFIG are the builder's own. What costs no time is guarded; sanitizers guard more.
HARDEN  ?= $(if $(SAN)$(filter -O0,$(CFLAGS)),,-fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDEN_LINK ?= $(if $(filter Darwin,$(shell uname -s)),,-Wl,-z,relro,-z,now)
# ncursesw asks for an older POSIX than ours.
PKG_CFLAGS := $(filter-out -D_%,$(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null))
# No -march: the program must run on any CPU of its kind; wider vectors are chosen at run time.
ALL_CFLAGS := -std=c11 -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700 -I. $(WARN) -fno-math-errno -fno-trapping-math \
              -pthread -DDDIL_VERSION='"$(VERSION)"' \
              $(PKG_CFLAGS) $(HARDEN) $(CPPFLAGS) $(CFLAGS)
# Where the installed data are: known to one file only.
PLACE   := -DDDIL_DATA='"$(PREFIX)/share/ddil"'
ALL_LDFLAGS := $(HARDEN_LINK) $(LDFLAGS)
ALL_LDLIBS := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) -lm -pthread
# MPI=1: one run in several processes. One object more; nothing else is compiled anew. The system's usual MPI, else
# whichever there is; MPI_PKG names another.
ifneq ($(MPI),)
MPI_PKG ?= $(firstword $(foreach pkg,mpi-c ompi-c mpich,$(shell $(PKG_CONFIG) --exists $(pkg) && echo $(pkg))))
$(if $(MPI_PKG),,$(error MPI=1: pkg-config knows neither mpi-c, ompi-c nor mpich; install libopenmpi-dev or libmpich-dev))
MPI_OBJECT := $(BUILD)/$(MPI_PKG)/ranks_mpi.o
MPI_FLAGS  := -DDDIL_MPI $(shell $(PKG_CONFIG) --cflags $(MPI_PKG))
MPI_LIBS   := $(shell $(PKG_CONFIG) --libs $(MPI_PKG))
endif
# gcc 12 for aarch64 dies of an internal error where it vectorises fmax over floats; kernels avoid that and are
# the only ones to gain.
ifneq ($(findstring aarch64,$(shell $(CC) -dumpmachine)),)
ALL_CFLAGS += -fno-tree-vectorize
VECTORISE  := -ftree-vectorize
endif
ifneq ($(SAN),)
ALL_CFLAGS += -O1 -fsanitize=$(SAN) -fno-sanitize-recover=undefined -fno-omit-frame-pointer
ALL_LDLIBS += -fsanitize=$(SAN)
endif

SOURCES := $(sort $(shell find app views engine -name '*.c'))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
LIBRARY := $(BUILD)/libddil.a
MEMBERS := $(filter-out $(BUILD)/app/main.o,$(OBJECTS))
SUITES  := $(sort $(wildcard tests/test_*.c))
HELPERS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(SUITES),$(sort $(wildcard tests/*.c))))
# Those whose names hold ONLY: what is not to run is not linked.
named    = $(foreach test,$(1),$(if $(ONLY),$(if $(findstring $(ONLY),$(notdir $(test))),$(test)),$(test)))
TESTS   := $(call named,$(SUITES:%.c=$(BUILD)/%))
SCRIPTS := $(call named,$(sort $(wildcard tests/test_*.sh)))
ASSETS  := $(wildcard assets/*.safetensors assets/*.csv)

# Makes a target again in a fresh make, on all cores unless told otherwise: flags are read anew after an
# installation.
AGAIN    = +@$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

.PHONY: all tests objects run test deps deps-test lint format house bench onnx install uninstall clean teachers features soak test-web test-slurm test-mpi fuzz fuzzers \
        need-libraries FORCE
.SECONDARY:
.DELETE_ON_ERROR:

all: $(PROGRAM)
tests: $(PROGRAM) $(TESTS)
objects: $(OBJECTS) $(SUITES:%.c=$(BUILD)/%.o) $(HELPERS)

# ---- building ----

# An object of MPI's stands before the library, whose single process then stays inside.
LINKED := $(BUILD)/app/main.o $(MPI_OBJECT) $(LIBRARY)
$(PROGRAM): $(LINKED) $(BUILD)/linked.list
	$(call say,link $@)
	$(quiet)$(CC) $(ALL_LDFLAGS) -o $@ $(LINKED) $(MPI_LIBS) $(ALL_LDLIBS)

$(MPI_OBJECT): engine/ranks/ranks_mpi.c engine/ranks/ranks.h $(BUILD)/flags.list
	@mkdir -p $(@D)
	$(call say,cc $<)
	$(quiet)$(CC) $(ALL_CFLAGS) $(MPI_FLAGS) -c -o $@ $<

# From nothing, so that a deleted source does not live on inside.
$(LIBRARY): $(MEMBERS) $(BUILD)/sources.list
	@rm -f $@
	@$(AR) rcs $@ $(MEMBERS)

# More flags for one file: EXTRA, by pattern. Kernels are pure loops over floats. Threads of some C libraries have
# 128 KiB of stack: no frame of the program may take much of it. Probing the stack costs the samplers 60 %.
ifeq ($(SAN),)
$(BUILD)/app/%.o $(BUILD)/views/%.o $(BUILD)/engine/%.o: EXTRA += -Wframe-larger-than=32768
$(BUILD)/engine/diffusion/%.o: EXTRA += -fno-stack-clash-protection
endif
$(BUILD)/engine/distill/params.o: EXTRA += $(PLACE)
$(BUILD)/engine/distill/params.o: $(BUILD)/place.list
$(BUILD)/engine/tensor/kernel_%.o: EXTRA += $(VECTORISE) $(KERNEL_FLAGS)
KERNEL_FLAGS ?=

$(BUILD)/%.o: %.c $(BUILD)/flags.list | need-libraries
	@mkdir -p $(@D)
	$(call say,cc $<)
	$(quiet)$(CC) $(ALL_CFLAGS) $(EXTRA) -MMD -MP -c -o $@ $<

# A test links everything but main.
$(BUILD)/tests/test_%: $(BUILD)/tests/test_%.o $(HELPERS) $(LIBRARY)
	$(call say,link $@)
	$(quiet)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LDLIBS) -lcmocka -lvterm

# Counts the calls of these.
$(BUILD)/tests/test_cost: ALL_LDLIBS += -Wl,--wrap=net_forward_more,--wrap=mixture_x0s

# Makes each of these fail in turn.
ifeq ($(SAN),) # sanitizers have wraps of their own there
$(BUILD)/tests/test_nth: ALL_LDLIBS += $(patsubst %,-Wl$(comma)--wrap=%,open __open_2 write fsync rename close mmap)
endif

# Has a clock and a line of its own.
$(BUILD)/tests/test_stale: ALL_LDLIBS += -Wl,--wrap=clock_s,--wrap=write,--wrap=wire_push

# Has a clock of its own.
$(BUILD)/tests/test_outside: ALL_LDLIBS += -Wl,--wrap=clock_s

# Written anew only when their text changes: other flags or other files rebuild what they must.
$(BUILD)/flags.list: TEXT = $(CC) $(ALL_CFLAGS) $(KERNEL_FLAGS) $(ALL_LDFLAGS)
$(BUILD)/sources.list: TEXT = $(SOURCES)
$(BUILD)/place.list: TEXT = $(PLACE)
$(BUILD)/linked.list: TEXT = $(PROGRAM) $(LINKED) $(MPI_LIBS)
$(BUILD)/flags.list $(BUILD)/sources.list $(BUILD)/place.list $(BUILD)/linked.list: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(TEXT))' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

need-libraries:
	@sh .ci/deps check build

-include $(OBJECTS:.o=.d) $(SUITES:%.c=$(BUILD)/%.d) $(HELPERS:.o=.d)

# ---- fuzzing: every reader of what others wrote, a minute each or FUZZ_SECONDS (clang, libFuzzer) ----

FUZZED       := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SECONDS ?= 60
FUZZ_FLAGS   := -fsanitize=address,undefined -fno-sanitize-recover=undefined

# Exported samplers in ONNX Runtime beside ours: fetches onnxruntime-node from npm (190 MB); needs PyTorch and node.
onnx: all
	mkdir -p build/onnx
	cd build/onnx && ONNXRUNTIME_NODE_INSTALL_CUDA=skip npm install --silent --no-audit --no-fund onnxruntime-node@1.20.1
	PYTHONDONTWRITEBYTECODE=1 DDIL="$(HERE)" /usr/bin/python3 tests/onnx.py build/onnx

fuzz:
	@sh .ci/deps install build fuzz
	$(AGAIN) CC=clang BUILD=build/fuzz HARDEN= HARDEN_LINK= CFLAGS='-O1 -g -fsanitize=fuzzer-no-link $(FUZZ_FLAGS)' \
	LDFLAGS='-fsanitize=fuzzer $(FUZZ_FLAGS)' KERNEL_FLAGS=-fno-sanitize=all fuzzers
	@BUILD=build/fuzz SECONDS_EACH=$(FUZZ_SECONDS) bash tests/fuzz/run.sh $(call named,$(FUZZED))

fuzzers: $(FUZZED:%=$(BUILD)/tests/fuzz/%)

# One program a target, whose entry fuzz.c makes of TARGET.
$(BUILD)/tests/fuzz/entry_%.o: tests/fuzz/fuzz.c $(BUILD)/flags.list | need-libraries
	@mkdir -p $(@D)
	$(quiet)$(CC) $(ALL_CFLAGS) -DTARGET=fuzz_$* -c -o $@ $<

$(FUZZED:%=$(BUILD)/tests/fuzz/%): $(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/entry_%.o $(BUILD)/tests/fuzz/fuzz_%.o \
                             $(BUILD)/tests/fake_snapshot.o $(LIBRARY)
	$(call say,link $@)
	$(quiet)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LDLIBS)

# Without a fuzzer the kept inputs are a test.
FUZZ_TARGETS := $(FUZZED:%=$(BUILD)/tests/fuzz/fuzz_%.o) $(BUILD)/tests/fuzz/fuzz.o
$(BUILD)/tests/test_corpora: $(FUZZ_TARGETS)
$(BUILD)/tests/test_corpora: ALL_LDLIBS := $(LIBRARY) $(ALL_LDLIBS)

# ---- using ----

run:
	@sh .ci/deps install build data
	$(AGAIN) all
	@if [ -t 0 ] && [ -t 1 ]; then exec "$(HERE)" quickstart; \
	 else exec "$(HERE)" run quickstart; fi

test:
	@sh .ci/deps install build data test
	$(AGAIN) -k tests; BUILT=$$? DDIL="$(HERE)" \
	bash tests/run.sh $(TESTS) $(SCRIPTS)

deps:
	@sh .ci/deps install build data

deps-test:
	@sh .ci/deps install build data test

lint:
	@sh .ci/deps check build test
	$(AGAIN) -k BUILD=build/lint CFLAGS='-O2 -g -Werror' objects >/dev/null; warned=$$?; \
	bash tests/lint.sh build/lint && exit $$warned

format:
	@bash tests/dialect.sh write

# Draws the include graph of folders and files for assets/doc/architecture.md.
house:
	@bash tests/house.sh draw

# For clangd and clang-tidy.
UNITS := $(SOURCES) $(SUITES) $(HELPERS:$(BUILD)/%.o=%.c)
compile_commands.json: Makefile $(BUILD)/flags.list $(BUILD)/sources.list
	$(call say,write $@)
	$(file >$@,[)$(foreach unit,$(UNITS),$(file >>$@,$(if $(filter $(firstword $(UNITS)),$(unit)),,$(comma)){"directory": \
	"$(CURDIR)"$(comma) "file": "$(unit)"$(comma) "command": "$(subst ",\",$(CC) $(ALL_CFLAGS) $(PLACE)) -c $(unit)"}))$(file >>$@,])

# Speed of whole steps beside the machine's limits, then beside PyTorch's where that is installed.
# Then the bars it was built to, threads, a busy neighbour, what the workbench costs the engine, and the screen's budgets.
bench: $(PROGRAM) $(BUILD)/tests/bench/bench_steps $(BUILD)/tests/bench/bench_shares
	@"$(HERE)" bench
	@echo; $(BUILD)/tests/bench/bench_shares 10 $(SHARES)
	@if command -v python3 >/dev/null; then export DDIL="$(HERE)"; \
	echo; python3 tests/bench/compare.py $(COMPARE); \
	echo; python3 tests/bench/bars.py --steps $(BUILD)/tests/bench/bench_steps; \
	echo; python3 tests/bench/workbench.py; \
	echo; python3 tests/bench/screen.py; fi

SHARES  ?= quickstart ring-lcm-ddil ring-dmd2 moons-pd-ddil fashion-pd-ddil
$(BUILD)/tests/bench/bench_coverage: $(BUILD)/tests/labs.o $(BUILD)/tests/vectors.o
$(BUILD)/tests/bench/bench_%: $(BUILD)/tests/bench/bench_%.o $(BUILD)/tests/runs.o $(LIBRARY)
	$(call say,link $@)
	$(quiet)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LDLIBS) -lcmocka

# The workbench in xterm.js with its image addon, as in VS Code, ttyd and JupyterLab: minutes. Needs node, npm, python3 and a
# Chromium ($CHROMIUM); the three packages, of fixed versions, lie in build/web.
WEB := @xterm/xterm@6.0.0 @xterm/addon-image@0.9.0 playwright-core@1.56.1
test-web: $(PROGRAM)
	@mkdir -p build/web && npm install --prefix build/web --no-save --no-package-lock --no-audit --no-fund --silent $(WEB) && \
	node tests/web/terminals.mjs "$(HERE)" "$(CURDIR)/build/web/node_modules" \
	"$${CHROMIUM:-$$(command -v chromium || command -v chromium-browser || command -v google-chrome)}"

# munge, slurmctld and slurmd of its own: a run preempted twice, a sweep half cancelled. Minutes.
test-slurm: $(PROGRAM)
	@DDIL="$(HERE)" bash tests/slurm.sh

# Pictures, MPICH, two hosts as two network namespaces are. Minutes.
test-mpi: $(PROGRAM)
	@DDIL="$(HERE)" bash tests/mpi.sh

# soak_host.sh: an owner among hundreds of forks and viewers, minutes (SECONDS_ALL=3600: an hour). soak_numbers.sh: five
# seeds of every preset of points at a fifth of its length, 300 steps of every preset of pictures, hours. ONLY names one.
soak: $(PROGRAM)
	@for script in $(call named,tests/soak_host.sh tests/soak_numbers.sh); do DDIL="$(HERE)" bash $$script || exit 1; done

# Trains the picture teachers from nothing and puts them where the picture presets look for them.
teachers: $(PROGRAM)
	@mkdir -p assets && runs=$$(mktemp -d) && trap 'rm -rf "$$runs"' EXIT && for data in fashion emoji; do \
	"$(HERE)" run $$data-teacher --runs "$$runs" && \
	"$(HERE)" export $$data-teacher --runs "$$runs" --weights assets/$$data-teacher.safetensors || exit 1; done

# The classifier whose features pictures are judged by.
features: $(PROGRAM)
	@mkdir -p assets && "$(HERE)" features fashion -o assets/fashion-features.safetensors

# Folders' names may hold blanks here, too. The manual and the completions are the program's own words.
SHARE = $(DESTDIR)$(PREFIX)/share
COMPLETIONS := bash:bash-completion/completions/ddil zsh:zsh/site-functions/_ddil fish:fish/vendor_completions.d/ddil.fish
install: $(PROGRAM)
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(SHARE)/ddil/presets/studies" "$(SHARE)/ddil/presets/sweeps" \
	"$(SHARE)/ddil/assets/lessons" "$(SHARE)/ddil/assets/python" "$(SHARE)/doc/ddil/results" "$(SHARE)/man/man1"
	install -m 755 $(PROGRAM) "$(DESTDIR)$(PREFIX)/bin/ddil"
	install -m 644 presets/*.ini "$(SHARE)/ddil/presets"
	install -m 644 presets/studies/*.ini "$(SHARE)/ddil/presets/studies"
	install -m 644 presets/sweeps/*.ini "$(SHARE)/ddil/presets/sweeps"
	$(if $(ASSETS),install -m 644 $(ASSETS) "$(SHARE)/ddil/assets")
	install -m 644 assets/lessons/*.ini "$(SHARE)/ddil/assets/lessons"
	install -m 644 assets/python/*.py "$(SHARE)/ddil/assets/python"
	install -m 644 LICENSE assets/doc/*.* "$(SHARE)/doc/ddil"
	install -m 644 assets/doc/results/* "$(SHARE)/doc/ddil/results"
	"$(HERE)" manual >"$(SHARE)/man/man1/ddil.1"
	for shell in $(COMPLETIONS); do file="$(SHARE)/$${shell#*:}"; \
	install -d "$${file%/*}" && "$(HERE)" completion $${shell%%:*} >"$$file" || exit 1; done

uninstall:
	rm -f "$(DESTDIR)$(PREFIX)/bin/ddil" "$(SHARE)/man/man1/ddil.1"
	for shell in $(COMPLETIONS); do rm -f "$(SHARE)/$${shell#*:}"; done
	rm -rf "$(SHARE)/ddil" "$(SHARE)/doc/ddil"

clean:
	rm -rf build ddil
