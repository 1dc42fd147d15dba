import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ChildProgram, runProgram } from "../../support/child-program.ts";
import { eicar } from "../../support/eicar.ts";
import { icapField } from "../../support/icap-answer.ts";
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
  const clamd = useClamd(["StreamMaxLength 20K"]);
  const directory = new TempDirectory();
  let scanner: ChildProgram;
  let scannerUrl: string;
  let sluice: Sluice;

  beforeAll(async () => {
    scanner = new ChildProgram(
      process.execPath,
      ["src/main.ts", "scanner", "clamav", "--listen=127.0.0.1:0", "--drain-delay=0s"],
      {
        cwd: root,
        env: { SLUICE_SCANNER_CLAMD: clamd().flag, SLUICE_SCANNER_PROBE_INTERVAL: "100ms" },
      },
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

  const transactions = (): string[] =>
    sluice.log.split("\n").filter((line) => line.includes('"transaction"') && line.endsWith("}"));

  /** The answer to a message; its ISTag. */
  async function send(body: string) {
    const connection = await sluice.connect();
    await connection.send(
      icapRequest({ method: "RESPMOD", path: "/clamav", fields: ["Allow: 204"], body }),
    );
    const answer = await connection.readAnswer();
    connection.close();
    return { status: answer.status, istag: icapField(answer, "istag") };
  }

  /** The answers to messages that are sent at a time, and the lines of the log about them. */
  async function judgeAll(bodies: readonly string[]) {
    const before = transactions().length;
    const answers = await Promise.all(bodies.map(send));
    while (transactions().length < before + bodies.length) await pause(5);
    const lines = transactions().slice(before);
    return { answers, lines: lines.map((line) => JSON.parse(line)) };
  }

  async function judge(body: string) {
    const { answers, lines } = await judgeAll([body]);
    return { ...answers[0], line: lines[0] };
  }

  /** A value of a page of metrics; 0 for one that is not there. */
  async function metric(page: string, series: string): Promise<number> {
    const lines = (await (await fetch(`${page}/metrics`)).text()).split("\n");
    return Number(lines.find((line) => line.startsWith(`${series} `))?.split(" ")[1] ?? 0);
  }
  const verdicts = (verdict: string): Promise<number> =>
    metric(sluice.adminUrl, `sluice_scanner_verdicts_total{scanner="clamav",verdict="${verdict}"}`);

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

  it("loses nothing when a stream over the limit ends the session of others", async () => {
    const before = [await verdicts("unscannable"), await verdicts("blocked")] as const;
    const refused = 'sluice_scan_verdicts_total{verdict="unscannable"}';
    const refusedBefore = await metric(scannerUrl, refused);
    const bodies = Array.from({ length: 12 }, (_, index) =>
      index % 4 === 1 ? `${index}${"x".repeat(60_000)}` : eicar,
    );
    const { answers, lines } = await judgeAll(bodies);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const of = (cause: string) => lines.filter((line) => line.cause === cause);
    expect(of("unscannable")).toHaveLength(3);
    expect(of("verdict")).toHaveLength(9);
    expect(of("unscannable")[0]).toMatchObject({ outcome: "blocked", verdict: "unscannable" });
    expect(of("verdict")[0]).toMatchObject({ outcome: "blocked", threats: [name] });
    expect(await verdicts("unscannable")).toBe(before[0] + 3);
    expect(await verdicts("blocked")).toBe(before[1] + 9);
    expect(await metric(scannerUrl, refused)).toBe(refusedBefore + 3);
  });

  it("judges by new signatures once clamd has them, says so and has clients forget", async () => {
    const tomorrow = "content of tomorrow";
    const changes = 'sluice_scanner_epoch_changes_total{scanner="clamav"}';
    const before = await judge(tomorrow);
    expect(before.line).toMatchObject({ outcome: "unmodified", cause: "clean" });

    clamd().addDaily(27_501, tomorrow, "Test.Tomorrow");
    expect(await clamd().ask("zRELOAD\0")).toBe("RELOADING");
    await scanner.waitForOutput(/"epoch":"clamav [\d.]+;daily=27501".*"msg":"clamd has an engine"/);

    const after = await judge(tomorrow);
    expect(after.line).toMatchObject({ outcome: "blocked", threats: ["Test.Tomorrow.UNOFFICIAL"] });
    expect((await judge("nothing to see")).istag).not.toBe(before.istag);
    expect(sluice.log).toMatch(
      /"epoch":"clamav [\d.]+;daily=27501","msg":"scanner shows a new epoch"/,
    );
    expect(await metric(sluice.adminUrl, changes)).toBe(1);
  });

  it("blocks everything while clamd is gone, and goes on when it is back", async () => {
    const errors = await verdicts("error");
    await clamd().stop("SIGKILL");
    const { status, line } = await judge("nothing to see");
    expect(status).toBe(200);
    expect(line).toMatchObject({ outcome: "blocked", cause: "error" });
    expect(await verdicts("error")).toBe(errors + 1);
    await scanner.waitForOutput(/"msg":"clamd does not answer"/);
    expect(await metric(scannerUrl, `sluice_clamd_up{clamd="${clamd().flag}"}`)).toBe(0);

    await clamd().start();
    while ((await judge("nothing to see")).status !== 204) await pause(50);
    expect((await judge(eicar)).line).toMatchObject({ outcome: "blocked", threats: [name] });
  });

  it("ends with 0 when it is told to", async () => {
    expect(await scanner.stop()).toEqual({ code: 0, signal: null });
  });
});
