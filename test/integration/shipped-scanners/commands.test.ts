import { EventEmitter } from "node:events";
import { writeFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { loadYara } from "../../../src/scanners/yara/yara-native.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { run } from "../../unit/cli/fake-context.ts";

const directory = new TempDirectory();
afterAll(() => directory.remove());

function file(name: string, content: string): string {
  writeFileSync(directory.join(name), content);
  return directory.join(name);
}

const common = ["--listen=127.0.0.1:0", "--drain-delay=0s", "--log-level=silent"];

/** Runs a scanner until it listens for signals a second time, that is until it serves. */
async function served(argv: readonly string[]) {
  const signals = new EventEmitter();
  const ended = run(["scanner", ...argv, ...common], { signals });
  while (signals.listenerCount("SIGTERM") === 0) await nextTurn();
  signals.emit("SIGTERM");
  return await ended;
}

describe("sluice scanner exec", () => {
  it("serves the program of its configuration until a signal", async () => {
    const config = file(
      "exec.yaml",
      "name: mine\ncommand: /bin/true\nexitCodes: { 0: clean }\nepoch: { command: [/bin/echo, v1] }",
    );
    const { code, stderr } = await served(["exec", `--config=${config}`]);
    expect(stderr).toMatch(
      /scanner exec is serving http:\/\/127.0.0.1:\d+\/v1\/scan \(epoch mine v1;/,
    );
    expect(code).toBe(0);
  });

  it("ends with 2 without a configuration", async () => {
    const { code, stderr } = await run(["scanner", "exec", ...common]);
    expect([code, stderr]).toEqual([2, "--config <path> is missing\n"]);
  });

  it("ends with 2 for one that is wrong, and names file and line", async () => {
    const config = file("wrong.yaml", "command: /bin/true\nexitCodes: { 0: clean }\ninput: pipe\n");
    const { code, stderr } = await run(["scanner", "exec", `--config=${config}`, ...common]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/wrong\.yaml:3: input: /);
  });

  it("ends with 1 when there is no such program", async () => {
    const config = file("none.yaml", "command: /nonexistent/it\nexitCodes: { 0: clean }");
    const { code, stderr } = await run(["scanner", "exec", `--config=${config}`, ...common]);
    expect(code).toBe(1);
    expect(stderr).toContain("/nonexistent/it");
  });

  it("is not ready while the version of its program is not known", async () => {
    const config = file(
      "unknown.yaml",
      "command: /bin/true\nexitCodes: { 0: clean }\nepoch: { command: [/bin/false] }",
    );
    const { stderr } = await served(["exec", `--config=${config}`]);
    expect(stderr).toContain("(not ready yet: its version is not known)");
  });
});

describe.skipIf(!loadYara().available)("sluice scanner yara", { timeout: 60_000 }, () => {
  const work = `--work-directory=${directory.path}`;

  it("serves the rules that come with Sluice until a signal", async () => {
    const { code, stderr } = await served(["yara", work, "--threads=1"]);
    expect(stderr).toMatch(/scanner yara is serving \S+ \(epoch [0-9a-f]{32}\)/);
    expect(code).toBe(0);
  });

  it("ends with 2 for rules that are wrong, and names file and place", async () => {
    const rules = file("wrong.yar", "rule x { condition: y }");
    const { code, stderr } = await run(["scanner", "yara", work, `--rules=${rules}`, ...common]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot use the rules: 1\/wrong\.yar: /);
  });

  it("ends with 2 for a directory without rules", async () => {
    const { code, stderr } = await run([
      "scanner",
      "yara",
      work,
      "--rules=/proc/self/fd",
      ...common,
    ]);
    expect([code, stderr]).toEqual([
      2,
      "cannot use the rules: no .yar or .yara file in /proc/self/fd\n",
    ]);
  });
});
