import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Programs that tests start: each finds what the one before has compiled. */
const env = { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/compiled") };

/** How long a state is waited for: a test waits as long as it must, on a busy machine too. */
const expecting = { poll: { timeout: 15_000, interval: 20 } };

/** Answered from memory: no state outlives a test, so that the files of a worker share its modules. */
const inMemory = {
  pool: "forks",
  isolate: false,
  env,
  testTimeout: 60_000,
  expect: expecting,
  sequence: { groupOrder: 0 },
} as const;

/** Real sockets and files; still independent of each other, so files run side by side. */
const withSockets = {
  pool: "forks",
  env,
  testTimeout: 60_000,
  hookTimeout: 120_000,
  expect: expecting,
  sequence: { groupOrder: 0 },
} as const;

/** Whole programs, after everything else. */
const withPrograms = {
  pool: "forks",
  env,
  hookTimeout: 120_000,
  expect: expecting,
} as const;

export default defineConfig({
  test: {
    // A person watches names go by; a file or a pipe gets a dot a test, and every failure in full.
    reporters: [process.stdout.isTTY ? "default" : "dot", "json"],
    outputFile: { json: "artifacts/tests.json" },
    // Both cores of a small machine: a file waits for sockets and timers much of its time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], ...inMemory } },
      { test: { name: "conformance", include: ["test/conformance/**/*.test.ts"], ...withSockets } },
      {
        test: {
          name: "property",
          include: ["test/{property,fuzz}/**/*.test.ts"],
          ...inMemory,
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: "architecture",
          include: ["test/architecture/**/*.test.ts"],
          ...inMemory,
          testTimeout: 180_000,
        },
      },
      { test: { name: "integration", include: ["test/integration/**/*.test.ts"], ...withSockets } },
      { test: { name: "replay", include: ["test/replay/**/*.test.ts"], ...withSockets } },
      {
        test: {
          name: "interop",
          include: ["test/interop/**/*.test.ts"],
          ...withPrograms,
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "performance",
          include: ["test/performance/**/*.test.ts"],
          ...withPrograms,
          // Its bounds hold for a machine that does nothing else.
          maxWorkers: 1,
          testTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: ["src/main.ts"],
      reporter: ["text-summary", "html", "json-summary"],
      reportsDirectory: "coverage",
      thresholds: { lines: 95, branches: 90, "src/protocol/**": { lines: 100, branches: 100 } },
    },
  },
});
