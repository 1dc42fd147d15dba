import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ChildProgram, runProgram } from "../../support/child-program.ts";
import { eicar } from "../../support/eicar.ts";
import { icapRequest } from "../../support/icap-request.ts";
import { describeWith } from "../../support/programs.ts";
import { Sluice } from "../../support/sluice.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { clamavPrograms, useClamd } from "./clamd-server.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const name = "Win.Test.EICAR_HDB-1.UNOFFICIAL";

/** The resources of docs/scanner-clamav.md, with the scanner where it is. */
function documentedResources(url: string): string {
  const guide = readFileSync(join(root, "docs", "scanner-clamav.md"), "utf8");
  const yaml = /^```yaml\n(?<yaml>[\s\S]*?)^```$/m.exec(guide)?.groups?.["yaml"] ?? "";
  expect(yaml).toContain('"http://127.0.0.1:8080"');
  return yaml.replace('"http://127.0.0.1:8080"', `"${url}"`);
}

describeWith(clamavPrograms, "ICAP through sluice scanner clamav to clamd", () => {
  const clamd = useClamd();
  const directory = new TempDirectory();
  let scanner: ChildProgram;
  let scannerUrl: string;
  let sluice: Sluice;

  beforeAll(async () => {
    scanner = new ChildProgram(
      process.execPath,
      ["src/main.ts", "scanner", "clamav", "--listen=127.0.0.1:0", "--drain-delay=0s"],
      { cwd: root, env: { SLUICE_SCANNER_CLAMD: clamd().flag } },
    );
    const serving = scanner.waitForOutput(
      /is serving (http:\S+)\/v1\/scan \(epoch clamav [\d.]+\)/,
    );
    await scanner.stopUnless(serving);
    scannerUrl = (await serving)[1] as string;
    const resources = directory.join("clamav.yaml");
    writeFileSync(resources, documentedResources(scannerUrl));
    sluice = await Sluice.start({
      flags: ["-f", resources, "--log-level=info", "--cache-enabled=false"],
    });
  });
  afterAll(async () => {
    await sluice?.stop();
    await scanner?.stop();
    directory.remove();
  });

  async function judge(body: string) {
    const transactions = () =>
      sluice.log.split("\n").filter((line) => line.includes('"transaction"'));
    const before = transactions().length;
    const connection = await sluice.connect();
    await connection.send(
      icapRequest({ method: "RESPMOD", path: "/clamav", fields: ["Allow: 204"], body }),
    );
    const { status } = await connection.readAnswer();
    connection.close();
    while (transactions().length === before) await pause(5);
    return { status, line: JSON.parse(transactions().at(-1) ?? "{}") };
  }

  it("keeps every rule of scan/v1", async () => {
    const program = ["src/main.ts", "scanner-conformance", scannerUrl];
    await expect(runProgram(process.execPath, program, { cwd: root })).resolves.toBeTypeOf(
      "string",
    );
  });

  it("blocks the EICAR file by clamd's name for it", async () => {
    const { status, line } = await judge(eicar);
    expect(status).toBe(200);
    expect(line).toMatchObject({ outcome: "blocked", cause: "verdict", threats: [name] });
  });

  it("lets pass what clamd knows nothing of", async () => {
    const { status, line } = await judge("nothing to see");
    expect(status).toBe(204);
    expect(line).toMatchObject({ outcome: "unmodified", cause: "clean" });
  });

  it("blocks everything while clamd is gone, and goes on when it is back", async () => {
    await clamd().stop("SIGKILL");
    const { status, line } = await judge("nothing to see");
    expect(status).toBe(200);
    expect(line).toMatchObject({ outcome: "blocked", cause: "error" });

    await clamd().start();
    while ((await judge("nothing to see")).status !== 204) await pause(50);
    expect((await judge(eicar)).line).toMatchObject({ outcome: "blocked", threats: [name] });
  });

  it("ends with 0 when it is told to", async () => {
    expect(await scanner.stop()).toEqual({ code: 0, signal: null });
  });
});
