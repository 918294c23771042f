# `make test SUITES=rust` runs one suite.
# What each target needs is installed by the scripts themselves, from package registries alone.
.PHONY: run build test lint bench soak lab-up lab-down openapi clean

run: build
	scripts/setup-docker
	exec "$$(scripts/binary release)" serve

build:
	scripts/build

test:
	scripts/test $(SUITES)

lint:
	scripts/lint

bench:
	scripts/bench

# What takes too long for every change: many more seeds, power cuts and kills.
soak:
	scripts/soak $(PARTS)

lab-up:
	lab/up

lab-down:
	lab/down

openapi:
	scripts/openapi

clean:
	rm -rf target web/dist web/node_modules
