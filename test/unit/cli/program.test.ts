import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { version } from "../../../src/cli/index.ts";
import { settingEntries } from "../../../src/config/index.ts";
import { builtinResources } from "../../../src/resources/index.ts";
import { run } from "./fake-context.ts";

const packageJson = JSON.parse(
  readFileSync(new URL("../../../package.json", import.meta.url), "utf8"),
);

describe("sluice", () => {
  it("has the version of its package", () => {
    expect(version).toBe(packageJson.version);
  });

  it("prints its version", async () => {
    const { code, stdout } = await run(["version"]);
    expect([code, stdout]).toEqual([0, `sluice ${version} (node ${process.versions.node})\n`]);
  });

  it("lists its commands in its help", async () => {
    const { code, stdout } = await run(["--help"]);
    const commands = [...stdout.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name);
    expect([code, commands.join(" ")]).toEqual([
      0,
      "serve scan probe check convert scanner scanner-conformance cache config version",
    ]);
  });

  it("says what is wrong with an unknown command, and means 2", async () => {
    const { code, stderr } = await run(["scna"]);
    expect([code, stderr]).toEqual([2, "error: unknown command 'scna'\n(Did you mean scan?)\n"]);
  });

  it("prints its help on standard error when no command is given", async () => {
    const { code, stdout, stderr } = await run([]);
    expect([code, stdout, stderr.startsWith("Usage: sluice")]).toEqual([2, "", true]);
  });

  it("says on one line what an option lacks", async () => {
    const { code, stderr } = await run(["scan", "--timeout", "soon", "x"]);
    expect([code, stderr]).toEqual([
      2,
      "error: option '--timeout <time>' argument 'soon' is invalid. It must be a time such as 500ms, 30s or 2m.\n",
    ]);
  });

  it("says on one line what an address lacks", async () => {
    const { code, stderr } = await run(["probe", "http://localhost"]);
    expect([code, stderr.split("\n").length]).toEqual([2, 2]);
  });

  it("names every setting in the help of serve", async () => {
    const { stdout } = await run(["serve", "--help"]);
    const missing = settingEntries.filter(
      ({ flag }) => !stdout.includes(`  --${flag} `) && !stdout.includes(`  --[no-]${flag} `),
    );
    expect(missing).toEqual([]);
  });

  it("keeps its help within 96 columns", async () => {
    const pages = ["serve", "scan", "probe", "check", "convert icapeg", "convert c-icap", "config"];
    const texts = await Promise.all(
      ["", ...pages].map((page) => run(`${page} --help`.trim().split(" "))),
    );
    const long = texts.flatMap(({ stdout }) => stdout.split("\n").filter((l) => l.length > 96));
    expect(long).toEqual([]);
  });
});

describe("sluice config", () => {
  it("prints the built-in resources", async () => {
    const { code, stdout } = await run(["config", "default"]);
    expect([code, stdout]).toEqual([0, builtinResources().text]);
  });

  it("prints a file that changes nothing", async () => {
    const { stdout } = await run(["config", "settings"]);
    const check = await run(["config", "check", "--config", "s.yaml"], {
      files: { "s.yaml": stdout },
    });
    expect([check.code, check.stderr]).toEqual([0, ""]);
  });

  it("prints what is in force and where it comes from", async () => {
    const { code, stdout } = await run(["config", "check", "--workers", "3"], {
      env: { SLUICE_DRAIN_DELAY: "9s" },
    });
    expect([code, /# --workers\nworkers: "3"/.test(stdout), stdout.includes("delay: 9s")]).toEqual([
      0,
      true,
      true,
    ]);
  });

  it("prints every problem, and means 2", async () => {
    const { code, stdout, stderr } = await run([
      "config",
      "check",
      "--worker",
      "3",
      "-c",
      "no.yaml",
    ]);
    expect([code, stdout, stderr.split("\n")]).toEqual([
      2,
      "",
      [
        '-c: cannot read "no.yaml": no such file or directory',
        '--worker: unknown flag, did you mean "--workers"?',
        "",
      ],
    ]);
  });
});
