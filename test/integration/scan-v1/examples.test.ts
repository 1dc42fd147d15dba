import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ConformanceResult,
  checkConformance,
  createScanV1Scanner,
} from "../../../src/scanning/index.ts";
import { ChildProgram, runProgram } from "../../support/child-program.ts";
import { eicar } from "../../support/eicar.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { options } from "./scanner-under-test.ts";

const examples = join(import.meta.dirname, "..", "..", "..", "examples", "scanners");
const anyPort = "127.0.0.1:0";

interface Example {
  readonly language: string;
  /** What must be in the path. */
  readonly program: string;
  readonly version: string;
  readonly start: (directory: TempDirectory) => Promise<ChildProgram>;
}

const all: readonly Example[] = [
  {
    language: "Python",
    program: "python3",
    version: "--version",
    start: async () => new ChildProgram("python3", [join(examples, "python/scanner.py"), anyPort]),
  },
  {
    language: "Go",
    program: "go",
    version: "version",
    start: async (directory) => {
      const binary = directory.join("scanner");
      await runProgram("go", ["build", "-o", binary, "."], { cwd: join(examples, "go") });
      return new ChildProgram(binary, [anyPort]);
    },
  },
];

describe.each(all)("the example in $language", ({ program, version, start }) => {
  const isMissing = spawnSync(program, [version]).status !== 0;
  let directory: TempDirectory;
  let example: ChildProgram;
  let url = "";
  beforeAll(async () => {
    if (isMissing) return;
    directory = new TempDirectory();
    example = await start(directory);
    [, url = ""] = await example.waitForOutput(/listening on (\S+)/);
  });
  afterAll(async () => {
    await example?.stop();
    directory?.remove();
  });

  it.skipIf(isMissing)(`breaks no rule of scan/v1 (needs ${program})`, async () => {
    const results: ConformanceResult[] = [];
    for await (const result of checkConformance(url, { heldMs: 10 })) results.push(result);
    expect(results.filter(({ result }) => result === "failed")).toEqual([]);
    expect(results.filter(({ result }) => result === "ok").length).toBeGreaterThan(10);
  });

  it.skipIf(isMissing)(`finds what it is there to find (needs ${program})`, async () => {
    const scanner = await createScanV1Scanner({ ...options, urls: [url] });
    const verdict = await scanner.scan(entityOf(`..${eicar}..`), scanContext());
    expect(verdict).toMatchObject({ kind: "blocked", threats: [{ name: "EICAR-Test-File" }] });
    expect(scanner.epoch).toBe("eicar-1");
    await scanner.close();
  });
});
