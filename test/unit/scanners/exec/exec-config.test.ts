import { writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { cacheScopeOf } from "../../../../src/scanners/exec/exec-config.ts";
import { readExecConfig } from "../../../../src/scanners/index.ts";
import { TempDirectory } from "../../../support/temp-directory.ts";

const directory = new TempDirectory();
afterAll(() => directory.remove());

let files = 0;
function read(yaml: string) {
  files += 1;
  const path = directory.join(`${files}.yaml`);
  writeFileSync(path, yaml);
  return readExecConfig(path);
}

/** What is wrong with a configuration that has all it needs, and more. */
async function problemsOf(more: string): Promise<string[]> {
  const yaml = `command: /bin/true\nexitCodes: { 0: clean }\n${more}`;
  const { problems } = await read(yaml).then(
    () => ({ problems: [] }),
    (error: { problems: string[] }) => error,
  );
  return problems.map((line) => line.replace(/^.*\.yaml(:\d+)?: /, ""));
}

describe("the configuration of sluice scanner exec", () => {
  it("needs a program and what its end means", async () => {
    expect(await read("command: /bin/true\nexitCodes: { 0: clean }")).toMatchObject({
      name: "exec",
      mode: "process",
      input: "stdin",
      args: [],
      environment: {},
      timeout: 30_000,
      limits: { stdout: 65_536, stderr: 16_384, content: 104_857_600 },
    });
  });

  it("takes sizes and durations as they are written elsewhere", async () => {
    const yaml = "command: /bin/true\nverdict: '\"clean\"'\ntimeout: 2m\nlimits: { stdout: 1Mi }";
    expect(await read(yaml)).toMatchObject({ timeout: 120_000, limits: { stdout: 1_048_576 } });
  });

  it.each([
    ["name: Two Words", /^name: must be a lower-case name/],
    ["timeout: 0s", /^timeout: must be more than 0/],
    ["limits: { stdout: lots }", /^limits\.stdout: must be a size/],
    ["surprise: 1", /surprise/],
    ["args: ['{fil}']", /^args\[0\]: \{fil\} is none of \{file\}/],
    ["args: ['{filename}']", /\{filename\} comes from outside and could be taken for an option/],
    ["args: ['{url}']", /\{url\} comes from outside/],
    ["args: ['{file}']", /^args: \{file\} needs input: file/],
    ["args: ['x={sha256}']", /^args: \{sha256\} needs input: file/],
    ["args: ['{output}']", /^args: \{output\} needs output/],
    ["extensions: [.pdf]", /^extensions\[0\]: must be an extension such as pdf/],
    ["verdict: exitCode + 1", /^verdict: the expression gives int, and must give string/],
    ["verdict: stdout.matches('x')", /^verdict: matches\(\) can run for minutes/],
    ["verdict: nothing", /^verdict: /],
    ["threats: stdout", /^threats: the expression gives string, and must give list/],
    ["mode: server", /^verdict: a server gives verdicts of its own/],
    ["environment: { 'A B': x }", /environment/],
    ["epoch: { command: [version] }", /^epoch\.command\[0\]: must be an absolute path/],
  ])("is refused for %s, in words", async (more, message) => {
    expect(await problemsOf(more)).toEqual([expect.stringMatching(message)]);
  });

  it.each([
    ["command: sluice\nexitCodes: { 0: clean }", "command: must be an absolute path"],
    ["command: /bin/true", "exitCodes: is needed, or verdict is"],
    ["command: /bin/true\nexitCodes: { 1: infected }", "exitCodes.1: "],
    ["command: [", "no YAML"],
  ])("is refused for %j, in words", async (yaml, message) => {
    await expect(read(yaml)).rejects.toThrow(message);
  });
});

describe("what a program's verdicts depend on", () => {
  it.each([
    ["content", "args: [-x]"],
    ["content+name", "args: ['--n={filename}']"],
    ["content+name", "extensions: [pdf]"],
    ["content+url", "args: ['--u={url}']"],
    ["url", "args: ['--u={url}']\ninput: none"],
    ["none", "args: ['--u={url}', '--t={type}']"],
    ["user", "cache: { scope: user }"],
  ])("is %s for %j", async (scope, more) => {
    const config = await read(`command: /bin/true\nexitCodes: { 0: clean }\n${more}`);
    expect(cacheScopeOf(config)).toBe(scope);
  });

  it("is this one transaction for a server, which is told all of it", async () => {
    expect(cacheScopeOf(await read("command: /bin/true\nmode: server"))).toBe("none");
  });
});
