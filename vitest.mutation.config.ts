import { defineConfig } from "vitest/config";

/** The tests that mutants are run against: what is answered from memory. */
export default defineConfig({
  test: { include: ["test/{unit,conformance,property}/**/*.test.ts"], testTimeout: 60_000 },
});
