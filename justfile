# Every task, one recipe each. `just` lists them; without `just`: `npx --yes rust-just RECIPE`.

set shell := ["bash", "-euo", "pipefail", "-c"]

# What tests build: everything, with the named places at which a test can hold, fail or kill the store.
build := "cargo build --workspace --features plenary-cli/faults"

_default:
    @just --list --unsorted

# Start the server with the demo group and its web page
demo:
    cargo run --release -- serve --demo

# Server and web client together: the page follows the sources. Open the links that it prints; Ctrl-C ends both
dev: _packages
    #!/usr/bin/env bash
    set -euo pipefail
    # The page is not built in, and comes from where its sources are watched; the server knows that address as its own.
    PLENARY_WEB=skip cargo build -p plenary-cli
    PLENARY_WEB=skip cargo run --quiet -- serve --demo --public-url http://127.0.0.1:5173 &
    server=$!
    trap 'kill "$server" 2>/dev/null || true; wait "$server" || true' EXIT
    npm run dev --prefix web-client

# Everything that must pass: the formatting, the lints, the tests
check: lint test

# Formatting and lints
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# All tests: Rust, the web client, stock clients from npm, a real browser. Installs what it needs
test: _packages _chromium _firefox test-rust web (no-word-lost "--rounds" "100") test-interop test-browser

# The Rust tests
test-rust:
    #!/usr/bin/env bash
    set -euo pipefail
    {{ build }}
    target=$(cargo metadata --no-deps --format-version 1 | node -p 'JSON.parse(require("fs").readFileSync(0)).target_directory')
    export PLENARY_BIN="$target/debug/plenary"
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --workspace --features plenary-cli/faults
    else
        cargo test --workspace --features plenary-cli/faults
    fi

# The web client: types, lints, its own tests, and how large it has become
web: _packages
    {{ build }}
    npm run check --prefix web-client
    npm run lint --prefix web-client
    npm test --prefix web-client
    npm run build --prefix web-client

# Unmodified clients from npm against the real server
test-interop: _interop
    {{ build }}
    npm test --prefix tests/interop

# The pages in a real browser, the server killed meanwhile; the store; the example with another editor
test-browser: _packages _chromium _firefox
    {{ build }}
    npm test --prefix tests/browser

# Simulate: `just simulate 4217` replays a seed, `just simulate --seeds 2000` runs that many, and yjs reads the ends
simulate *arguments: _interop
    #!/usr/bin/env bash
    set -euo pipefail
    states=$(mktemp -d)
    trap 'rm -rf "$states"' EXIT
    cargo run --release --quiet -p plenary-tests --bin simulate -- {{ arguments }} --states "$states"
    node tests/simulation/read-with-yjs.mjs "$states"

# Forged updates through gate and yrs, 100,000 of the accepted ones through yjs: `just adversarial --updates 10000000 --seed 1`
adversarial *arguments: _interop
    #!/usr/bin/env bash
    set -euo pipefail
    accepted=$(mktemp)
    trap 'rm -f "$accepted"' EXIT
    cargo run --release --quiet -p plenary-tests --bin adversarial -- {{ arguments }} --accepted "$accepted"
    node tests/simulation/compare-with-yjs.mjs "$accepted"

# Mutation fuzzing of gate, merge and reload: `just fuzz --minutes 10 --seed 1`
fuzz *arguments:
    cargo run --release -p plenary-gate --example fuzz -- {{ arguments }}

# Kill the server at random moments under load, many rounds
kill-loop rounds="200":
    cargo build --release --workspace --features plenary-cli/faults
    PLENARY_KILL_ROUNDS={{ rounds }} cargo test --release --workspace --features plenary-cli/faults --test e2e kill_loop -- --nocapture

# Remove a member who has 20 of 1,000 open sockets, all writing, again and again: what is accepted and written afterwards,
# and how long the call takes. A release build, on the store on disk
removal sockets="1000" removals="200":
    #!/usr/bin/env bash
    set -euo pipefail
    ulimit -n "$(ulimit -Hn)"
    export PLENARY_REMOVAL_SOCKETS={{ sockets }} PLENARY_REMOVAL_COUNTED=50 PLENARY_REMOVAL_TIMED={{ removals }}
    cargo test --release -p plenary-tests --test e2e removal:: -- --nocapture

# No word lost: three authors who work apart, through a real server: `just no-word-lost --rounds 10000 --seed 1`
no-word-lost *arguments: _packages
    #!/usr/bin/env bash
    set -euo pipefail
    {{ build }}
    cargo build -p plenary-text --example read_bodies
    target=$(cargo metadata --no-deps --format-version 1 | node -p 'JSON.parse(require("fs").readFileSync(0)).target_directory')
    export PLENARY_BIN="$target/debug/plenary"
    node web-client/tests/no-word-lost/run.mjs {{ arguments }}

# What a key costs in a long text, beside y-prosemirror
key-cost: _packages
    node web-client/tests/key-cost/run.mjs

# A processor six times slower, 5,600 words, two others typing: the pages and the editor beside plain y-prosemirror
old-laptop *arguments: _packages _chromium
    #!/usr/bin/env bash
    set -euo pipefail
    {{ build }}
    target=$(cargo metadata --no-deps --format-version 1 | node -p 'JSON.parse(require("fs").readFileSync(0)).target_directory')
    PLENARY_BIN="$target/debug/plenary" node tests/browser/old-laptop.mjs {{ arguments }}

# Side by side with Hocuspocus: the trace, and one room of 50 writers
bench *arguments:
    cargo run --release -p plenary-tests --bin bench -- {{ arguments }}

# Whether the time of an answer tells what the answer does not: 500 tries of each kind (five minutes), or as many as named
timing tries="500":
    #!/usr/bin/env bash
    set -euo pipefail
    # Together: built one after the other, each has its own choice of features and the other's dependencies are built anew.
    cargo build --release -p plenary-cli -p plenary-tests --bin plenary --bin timing
    target=$(cargo metadata --no-deps --format-version 1 | node -p 'JSON.parse(require("fs").readFileSync(0)).target_directory')
    "$target/release/timing" {{ tries }}

# Schemathesis against a real server, as nobody and as a drafter: `just schemathesis`, `just schemathesis --examples 50`
schemathesis *arguments:
    #!/usr/bin/env bash
    set -euo pipefail
    {{ build }}
    target=$(cargo metadata --no-deps --format-version 1 | node -p 'JSON.parse(require("fs").readFileSync(0)).target_directory')
    # Kept from one time to the next, apart from this folder and from what else there is in Python.
    venv="${XDG_CACHE_HOME:-$HOME/.cache}/plenary/schemathesis"
    test -x "$venv/bin/python" || python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement tests/schemathesis/requirements.txt
    PLENARY_BIN="$target/debug/plenary" node tests/schemathesis/run.mjs "$venv/bin/schemathesis" {{ arguments }}

_packages: _interop
    npm ci --prefix web-client
    npm ci --prefix tests/browser

_interop:
    npm ci --prefix tests/interop

# A browser for the tests: Debian's, installed when that can be done without asking
_chromium:
    #!/usr/bin/env bash
    set -euo pipefail
    if command -v chromium >/dev/null || [ -n "${PLENARY_CHROMIUM:-}" ]; then exit 0; fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium
    else
        echo "the browser tests need Chromium: install the package 'chromium', or name one in PLENARY_CHROMIUM" >&2
        exit 1
    fi

# The other browser, which keeps things another way
_firefox:
    #!/usr/bin/env bash
    set -euo pipefail
    if command -v firefox-esr >/dev/null || command -v firefox >/dev/null || [ -n "${PLENARY_FIREFOX:-}" ]; then exit 0; fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq firefox-esr
    else
        echo "the browser tests need Firefox: install the package 'firefox-esr', or name one in PLENARY_FIREFOX" >&2
        exit 1
    fi
