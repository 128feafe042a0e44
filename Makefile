# Every target first brings what is missing, pinned (the toolchain: runner/toolchain), and is quick when it is there.
# The work is done by the scripts named here; run one of them directly and it does the same.

export PATH := $(CURDIR)/.tools/node/bin:$(CURDIR)/.tools/pulumi/bin:$(PATH)
export NODE_COMPILE_CACHE ?= $(CURDIR)/.tools/compile-cache
NODE := $(CURDIR)/.tools/node/bin/node
.DEFAULT_GOAL := help
.PHONY: help setup packages up test verify fix bench soak clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: packages ## bring what is missing: Node, npm dependencies, git, ssh, Pulumi, Docker; PARTS="git pulumi" only those
	@$(NODE) runner/toolchain/main.ts $(PARTS)

packages:
	@sh runner/toolchain/bootstrap.sh "$(CURDIR)"

up: setup ## raise the dev stack, a GPU training node, on the local cloud
	@./windlass up --stack dev --yes

test: packages ## bring what is missing, then run all suites; SUITES="unit engine" runs only those
	@$(NODE) tools/test/run.ts $(SUITES)

verify: packages ## types, format, lint, layers, documentation, unit tests; writes nothing
	@$(NODE) tools/checks/run.ts

fix: packages ## format, sort imports and apply what the linter can mend
	@$(NODE) node_modules/.bin/biome check --write .

bench: setup ## print the benchmark figures beside their targets; ONLY=name: one of them
	@$(NODE) bench/run.ts $(ONLY)

soak: packages ## 10,000 random lives of a node with kills and faults, at most 20 min; WINDLASS_SOAK_RUNS and WINDLASS_SOAK_SEED choose
	@$(NODE) tests/faults/lifecycle/soak.ts

clean: packages ## stop the local cloud and remove .windlass and .tools; FORCE=1 even if a stack still has something
	@FORCE=$(FORCE) $(NODE) tools/clean.ts
