import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  afterUpload,
  answersStatus,
  FakeScanner,
  type ScannerScript,
} from "../../support/fake-scanner.ts";
import type { IcapAnswer } from "../../support/icap-answer.ts";
import { icapRequest } from "../../support/icap-request.ts";
import { Sluice } from "../../support/sluice.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { Receiver } from "../events/receiver.ts";

const scanner = (name: string, url: string): string => `
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapScanner
metadata: { name: ${name} }
spec: { protocol: { type: ScanV1 }, endpoint: { url: "${url}" } }
---`;
const service = (name: string, scanners: string, more: string): string => `
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: ${name} }
spec:
  path: /${name}
  scanners: ${scanners}
  ${more}
---`;
const sandbox = "[{ name: sandbox, ref: { name: sandbox }, mode: Background, timeout: 2h }]";
const blocked = {
  verdict: "blocked",
  reason: "sandbox",
  threats: [{ name: "Trojan.Late" }],
};

describe("a service with a scanner in the background", () => {
  let fake: FakeScanner;
  let receiver: Receiver;
  let sluice: Sluice;
  let directory: TempDirectory;
  /** By path: what a poll is answered, once it is known. */
  const verdicts = new Map<string, object>();
  const waiting = new Set<() => void>();
  let scans = 0;
  /** Seconds to the first poll. */
  let firstPause = "0";

  /** Accepts everything, and answers polls when the test has concluded. */
  const patient: ScannerScript = afterUpload((request, response) => {
    const { method, url = "" } = request;
    if (method === "POST") {
      scans += 1;
      const location = `/v1/scans/${scans}`;
      response.writeHead(202, { location, "retry-after": firstPause }).end();
      return;
    }
    const answer = (): void => {
      const verdict = verdicts.get(url);
      if (verdict === undefined) return;
      waiting.delete(answer);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(verdict));
    };
    waiting.add(answer);
    answer();
  });
  const conclude = (verdict: object, scan = scans): void => {
    verdicts.set(`/v1/scans/${scan}`, verdict);
    for (const answer of [...waiting]) answer();
  };

  beforeAll(async () => {
    directory = new TempDirectory();
    receiver = await Receiver.start();
    fake = await FakeScanner.start(patient);
    const resources = directory.join("services.yaml");
    const held = "[{ name: slow, ref: { name: sandbox }, timeout: 20s }]";
    writeFileSync(
      resources,
      [
        scanner("sandbox", fake.url),
        service("passes", sandbox, "outcomes: { pending: Allow }\n  shareIdentity: [Logs]"),
        service("parks", sandbox, ""),
        service("holds", held, "outcomes: { timeout: Allow, error: Allow }"),
      ].join("\n"),
    );
    sluice = await Sluice.start({
      flags: ["-f", resources, `--events-webhook-url=${receiver.url}`, "--drain-timeout=1s"],
    });
  });
  afterAll(async () => {
    await sluice?.stop();
    await fake?.stop();
    await receiver?.stop();
    directory?.remove();
  });

  let sent = 0;
  const send = async (name: string, body: string): Promise<IcapAnswer> => {
    const connection = await sluice.connect();
    const fields = ["Allow: 204", "X-Client-IP: 10.1.2.3", "X-Authenticated-User: Local://anna"];
    await connection.send(icapRequest({ method: "RESPMOD", path: `/${name}`, fields, body }));
    const answer = await connection.readAnswer();
    connection.close();
    sent += 1;
    return answer;
  };
  const statusOf = async (name: string, body: string): Promise<number> =>
    (await send(name, body)).status;
  const lines = (msg: string): Record<string, unknown>[] =>
    sluice.log
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line["msg"] === msg);
  /** The log line of the last message, which is written behind its answer. */
  const lastLine = async (): Promise<Record<string, unknown> | undefined> => {
    await expect.poll(() => lines("transaction").length).toBe(sent);
    return lines("transaction").at(-1);
  };
  const lateVerdicts = async (count: number): Promise<Record<string, unknown>[]> => {
    await expect.poll(() => lines("late verdict").length).toBe(count);
    return lines("late verdict");
  };
  const told = (count: number) => expect.poll(() => receiver.received.length).toBe(count);

  it("lets the first request pass, blocks the next, and tells who has it", async () => {
    const body = "a trojan that sleeps";
    expect(await statusOf("passes", body)).toBe(204);
    expect(await statusOf("passes", body)).toBe(204);
    await expect.poll(() => waiting.size).toBe(1);
    conclude(blocked);
    await told(1);
    expect(scans).toBe(1);
    const recipient = { service: "passes", delivered: true, clientIp: "10.1.2.3", user: "anna" };
    expect(receiver.received[0]?.event).toMatchObject({
      type: "dev.sluice.verdict.late",
      data: {
        verdict: "blocked",
        threats: [{ name: "Trojan.Late" }],
        delivered: true,
        recipients: [recipient, recipient],
      },
    });
    expect(await lateVerdicts(1)).toMatchObject([{ level: "warn", delivered: true }]);
    // Blocked in a service of the same scanner too: it is the content that is known.
    expect([await statusOf("passes", body), await statusOf("parks", body)]).toEqual([200, 200]);
    expect(await lastLine()).toMatchObject({ outcome: "blocked", cause: "verdict", cached: true });
    expect(scans).toBe(1);
  });

  it("parks a message until its verdict is known", async () => {
    const body = "a report that is awaited";
    await send("parks", body);
    expect(await lastLine()).toMatchObject({ outcome: "blocked", cause: "pending" });
    await expect.poll(() => waiting.size).toBe(1);
    conclude({ verdict: "clean" });
    const [, late] = await lateVerdicts(2);
    expect(late).toMatchObject({ verdict: "clean", delivered: false });
    expect(await statusOf("parks", body)).toBe(204);
  });

  it("waits with mode Hold, and says pending when the scanner wants more time", async () => {
    firstPause = "86400";
    await send("holds", "a file that takes longer");
    firstPause = "0";
    expect(await lastLine()).toMatchObject({ outcome: "blocked", cause: "pending" });
    // Nobody follows it: the scanner is told.
    await expect.poll(() => fake.received.at(-1)?.method).toBe("DELETE");
  });

  it("waits with mode Hold for a verdict that comes in time", async () => {
    const polled = waiting.size + 1;
    const answer = send("holds", "a file that takes a moment");
    await expect.poll(() => waiting.size).toBe(polled);
    conclude(blocked);
    expect((await answer).status).toBe(200);
    expect(await lastLine()).toMatchObject({ outcome: "blocked", cause: "verdict" });
  });

  it("shows what goes on in its metrics", async () => {
    const metrics = await (await fetch(`${sluice.adminUrl}/metrics`)).text();
    const asked = 'sluice_background_scans_total{service="passes",scanner="sandbox"';
    expect(metrics).toContain(`${asked},result="started"} 1`);
    expect(metrics).toContain(`${asked},result="joined"} 1`);
    expect(metrics).toContain('sluice_events_total{result="sent"} 1');
    expect(metrics).toContain("sluice_background_bytes 0");
  });

  it("tells at the end of the process what nobody follows any more", async () => {
    fake.script = answersStatus(202, { location: "/v1/scans/none", "retry-after": "0" });
    await send("passes", "a file of the last minute");
    await sluice.stop();
    const [, , lost] = await lateVerdicts(3);
    expect(lost).toMatchObject({ verdict: "error", delivered: true, service: "passes" });
  });
});
