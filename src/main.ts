#!/usr/bin/env node
import "./app/heap.ts";
import { basename } from "node:path";
import { runCli } from "./cli/index.ts";
import { processSources } from "./config/index.ts";

/** In a checkout `sluice` is not in the path, and the Node there may be too old: npm knows the right one. */
const isCheckout = basename(import.meta.filename) === "main.ts";

// `sluice scan … | head`: the reader has seen enough. A greeting that nobody can see is no fault.
process.stdout.on("error", () => process.exit(0));
process.stderr.on("error", () => {});

const exitCode = await runCli({
  argv: process.argv.slice(2),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  programName: isCheckout ? "npm run -s sluice --" : "sluice",
  sourcesFor: processSources,
  signals: process,
  startApp: async (settings, { log, version }) => {
    // Only now: the other commands have no need of a server's parts.
    const { startApp } = await import("./app/index.ts");
    const droppedLogLines = (): number => log.droppedLines;
    return await startApp(settings, { log, version, droppedLogLines });
  },
  scannerServer: async () => (await import("./app/scanners/scanner-server.ts")).scannerServer,
  scannerTools: async () => (await import("./app/scanner-tools.ts")).scannerTools,
  resourceTools: async () => (await import("./app/resources.ts")).resourceTools,
});
// After a crash, or an abort, something may still hold the process.
process.exit(exitCode);
