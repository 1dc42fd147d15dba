import { readdirSync, writeFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { scannerServer } from "../../../src/app/scanners/scanner-server.ts";
import { describeShippedScanner } from "../../contracts/shipped-scanner.contract.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const directory = new TempDirectory();
const work = new TempDirectory();
const configFile = directory.join("exec.yaml");
writeFileSync(
  configFile,
  "name: grep\ncommand: /usr/bin/grep\nargs: [-q, -a, needle]\nexitCodes: { 0: blocked, 1: clean }\n",
);
afterAll(() => {
  directory.remove();
  work.remove();
});

describeShippedScanner({
  name: "grep",
  metric: "sluice_exec_runs_total",
  start: (server) => scannerServer.exec({ configFile, workDirectory: work.path }, server),
});

it("leaves nothing in its directory", () => {
  expect(readdirSync(work.path)).toEqual([]);
});
