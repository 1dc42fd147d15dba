import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.ts";

const repository = join(import.meta.dirname, "..", "..");
const loopback = ["--listen-icap=127.0.0.1:0", "--admin-address=127.0.0.1:0", "--workers=1"];
/** Long enough to fail the test if it were ever waited for. */
const slowDrain = ["--drain-delay=0", "--drain-idle-spread=0", "--drain-timeout=1h"];

function sluice(...argv: readonly string[]) {
  const options = { cwd: repository, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["src/main.ts", ...argv], options);
  return { status, stdout, stderr };
}

async function serve(...flags: readonly string[]) {
  const argv = ["src/main.ts", "serve", ...loopback, ...slowDrain, ...flags];
  const program = new ChildProgram(process.execPath, argv, { cwd: repository });
  const [, address = ""] = await program.waitForOutput(/icap:\/\/(127\.0\.0\.1:\d+)/);
  return { program, address, service: `icap://${address}/scan` };
}

describe("the sluice command", () => {
  it("blocks the EICAR test file, with the command that the banner names", async () => {
    const { program } = await serve();
    const [, command = ""] = await program.waitForOutput(/sluice -- (scan --eicar --service \S+)/);
    const { status, stdout } = sluice(...command.split(" "));
    await program.stop("SIGTERM", 15_000);
    expect([status, stdout]).toEqual([1, "blocked   eicar.com: EICAR-Test-File\n"]);
  });

  it("passes a harmless file", async () => {
    const { program, service } = await serve();
    const { status, stdout } = sluice("scan", "package.json", "--service", service);
    await program.stop("SIGTERM", 15_000);
    expect([status, stdout]).toEqual([0, "clean     package.json\n"]);
  });

  it("drains at once when the connections it had are gone", async () => {
    const { program, service } = await serve();
    sluice("probe", service);
    expect(await program.stop("SIGTERM", 15_000)).toEqual({ code: 0, signal: null });
  });

  it("says on one line that its port is taken", async () => {
    const { program, address } = await serve();
    const flags = [`--listen-icap=${address}`, "--admin-address=", "--log-level=silent"];
    const { status, stdout, stderr } = sluice("serve", ...flags);
    await program.stop("SIGTERM", 15_000);
    expect([status, stdout, stderr]).toEqual([
      1,
      "",
      `cannot listen on ${address}: another program has this port; stop it, or choose another port\n`,
    ]);
  });

  it("says on one line that the port of its workers is taken", async () => {
    const { program, address } = await serve();
    const flags = [`--listen-icap=${address}`, "--admin-address=", "--workers=2"];
    const { status, stderr } = sluice("serve", ...flags);
    await program.stop("SIGTERM", 15_000);
    expect([status, [...new Set(stderr.trim().split("\n"))]]).toEqual([
      1,
      [
        `cannot listen on ${address}: another program has this port; stop it, or choose another port`,
      ],
    ]);
  });

  it("says what is wrong with its settings before it starts anything", () => {
    const { status, stdout, stderr } = sluice("serve", "--workers=none");
    expect([status, stdout, stderr]).toEqual([
      2,
      "",
      '--workers: must be auto or a whole number from 1 to 1024, not "none"\n',
    ]);
  });
});
