# The two commands of this repository, and a third to see it work:
#   make run    start Sluice on port 1344
#   make test   install what the tests need, then run every check and test
#   make try    put Squid in front of Sluice and print what to type to see a download blocked
# They need make, Node.js 20 or newer and npm. Node.js 24, which Sluice itself runs on, comes from npm.

.DEFAULT_GOAL := help
.PHONY: help run test try bench

# npm writes this file at the end of an installation.
installed := node_modules/.package-lock.json

help:
	@sed -n 's/^#   //p' Makefile

run: $(installed)
	@npm start --silent

test: $(installed)
	@npm test --silent -- $(CHECK_FLAGS)

try: $(installed)
	@npm run --silent try

bench: $(installed)
	@npm run --silent bench

$(installed): package-lock.json
	@sh scripts/setup-packages.sh
	@touch $@
