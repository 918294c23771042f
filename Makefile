# `make test SUITES=rust` runs one suite.
# What each target needs is installed by the scripts themselves, from package registries alone.
.PHONY: run build install uninstall image test lint bench soak lab-up lab-down openapi clean

run: build
	scripts/setup-docker
	exec "$$(scripts/binary release)" serve

build:
	scripts/build

# As root, after `make build` as yourself. DESTDIR puts everything below another folder.
install:
	scripts/install

uninstall:
	scripts/install --remove

# The container image, for `docker load`.
image: build
	mkdir -p target
	scripts/image target/steward-image.tar

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
