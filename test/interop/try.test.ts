/** `make try` does what it prints: its commands are run as they stand. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.ts";
import { freePort } from "../support/free-port.ts";
import { describeWith } from "../support/programs.ts";
import { squidPrograms } from "../support/squid.ts";

const root = join(import.meta.dirname, "..", "..");

describeWith([...squidPrograms, "/usr/bin/curl"], "make try", () => {
  let program: ChildProgram;

  beforeAll(async () => {
    const port = await freePort();
    program = new ChildProgram(process.execPath, ["scripts/try.ts", `--port=${port}`], {
      cwd: root,
    });
    await program.waitForOutput(/Ctrl-C ends all of this/, 60_000);
  });
  afterAll(() => program?.stop("SIGINT"));

  async function runPrinted(command: RegExp): Promise<string> {
    const [line = ""] = command.exec(program.output) ?? [];
    const shell = new ChildProgram("/bin/sh", ["-c", line.replace("curl ", "curl --silent ")]);
    await shell.exited;
    return shell.output;
  }

  it("prints a command that gets a harmless file", async () => {
    expect(await runPrinted(/curl .*harmless\.txt/)).toBe("This file is harmless.\n");
  });

  it("prints a command that shows how EICAR is blocked", async () => {
    expect(await runPrinted(/curl .*eicar\.com/)).toMatch(/^HTTP\/1\.1 403 Forbidden.*EICAR/s);
  });

  it("prints the address of its site for a browser", async () => {
    expect(program.output).toMatch(/chromium .*--proxy-server=(http:\S+) http:\/\/try\.test:\d+\//);
  });
});
