import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.ts";
import { TempDirectory } from "../support/temp-directory.ts";

const repository = join(import.meta.dirname, "..", "..");
const loopback = ["--listen-icap=127.0.0.1:0", "--admin-address=127.0.0.1:0", "--workers=1"];
/** Long enough to fail the test if it were ever waited for. */
const slowDrain = ["--drain-delay=0", "--drain-idle-spread=0", "--drain-timeout=1h"];

const brokenServices = `apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: a }
spec: { path: /a, outcomes: { timout: Allow } }
---
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: b }
spec: { path: /b, scanners: [{ name: none, ref: { kind: IcapScanner, name: none } }] }
`;
const echoService = `apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: echo }
spec: { path: /echo }
`;

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
    expect([status, stderr]).toEqual([
      1,
      `cannot listen on ${address}: another program has this port; stop it, or choose another port\n`,
    ]);
  });

  it.each(["1", "2"])("names each problem of its resources once, with %s processes", (workers) => {
    using directory = new TempDirectory();
    const file = directory.join("services.yaml");
    writeFileSync(file, brokenServices);
    const { status, stdout, stderr } = sluice("serve", "-f", file, `--workers=${workers}`);
    expect([status, stdout, stderr]).toEqual([
      2,
      "",
      `${file}:4: spec.outcomes.timout: unknown field, did you mean "timeout"?\n` +
        `${file}:9: spec.scanners[0].ref: IcapScanner/default/none is not there\n`,
    ]);
  });

  it("warns of settings that resource files make void", async () => {
    using directory = new TempDirectory();
    const file = directory.join("services.yaml");
    writeFileSync(file, echoService);
    const { program } = await serve("-f", file, "--services-preview=1024", "--drain-timeout=1s");
    const [line] = await program.waitForOutput(/\{[^\n]*setting ignored[^\n]*\n/);
    await program.stop("SIGTERM", 15_000);
    expect(JSON.parse(line)).toMatchObject({
      path: "services.preview",
      origin: "--services-preview",
    });
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
