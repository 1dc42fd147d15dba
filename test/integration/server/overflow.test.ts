import { createHash } from "node:crypto";
import { readdirSync, readlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Outcome, ReceivedBody } from "../../../src/services/index.ts";
import { Cause } from "../../../src/telemetry/index.ts";
import type { IcapConnection } from "../../support/icap-connection.ts";
import {
  chunks,
  icapHead,
  icapRequest,
  optionsRequest,
  ownHead,
} from "../../support/icap-request.ts";
import {
  blockedOutcome,
  scriptedService,
  unmodifiedOutcome,
} from "../../support/scripted-service.ts";
import { ServerUnderTest } from "../../support/server-under-test.ts";
import { chunk, lastChunk } from "../../support/wire-text.ts";

const path = "/scripted";
const method = "RESPMOD";

/** Bytes that show where they belong. */
function bodyOf(length: number): string {
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
  return Buffer.from(bytes).toString("latin1");
}

function failureOf(body: ReceivedBody): string {
  return body.kind === "failed" ? body.failure.kind : body.kind;
}

interface Overflow {
  readonly outcome: Outcome;
  readonly maxEntityBytes: number;
  readonly spool?: { memoryBytes?: number; totalDiskBytes?: number };
  readonly seen?: string[];
}

function start({ outcome, maxEntityBytes, spool = {}, seen = [] }: Overflow) {
  return ServerUnderTest.start({
    spool,
    services: [
      scriptedService({
        maxEntityBytes,
        judge: (body) => {
          seen.push(failureOf(body));
          return Promise.resolve(outcome);
        },
      }),
    ],
  });
}

async function inStep(connection: IcapConnection): Promise<boolean> {
  await connection.send(optionsRequest(path));
  return (await connection.readAnswer()).status === 200;
}

const inMemory = { maxEntityBytes: 100_000 };
const inFile = { maxEntityBytes: 1_000_000, spool: { memoryBytes: 64 * 1024 } };
const diskFull = {
  maxEntityBytes: 10_000_000,
  spool: { memoryBytes: 64 * 1024, totalDiskBytes: 1_000_000 },
};

describe.each([
  ["in memory", inMemory, "oversize"],
  ["in a file", inFile, "oversize"],
  ["on a full disk", diskFull, "spool-full"],
] as const)("a body that overflows %s", (_where, where, failure) => {
  const body = bodyOf(3_000_000);

  it("comes back whole when it is passed and the client does not allow 204", async () => {
    const seen: string[] = [];
    await using under = await start({ ...where, outcome: unmodifiedOutcome, seen });
    using connection = await under.connect();
    void connection.send(icapRequest({ method, path, body }));
    const answer = await connection.readAnswer();
    expect(answer.responseHead).toBe(ownHead(method));
    expect(answer.body?.equals(Buffer.from(body, "latin1"))).toBe(true);
    expect(seen).toEqual([failure]);
    expect(await inStep(connection)).toBe(true);
  });

  it("is read to its end and answered with 204 where the client allows it", async () => {
    await using under = await start({ ...where, outcome: unmodifiedOutcome });
    using connection = await under.connect();
    await connection.send(icapRequest({ method, path, body, fields: ["Allow: 204"] }));
    expect((await connection.readAnswer()).status).toBe(204);
    expect(await inStep(connection)).toBe(true);
  });

  it("is blocked before it has ended, and the rest read away", async () => {
    await using under = await start({ ...where, outcome: blockedOutcome });
    using connection = await under.connect();
    const half = body.length / 2;
    await connection.send(icapHead({ method, path, body }) + chunk(body.slice(0, half)));
    expect((await connection.readAnswer()).responseHead).toMatch(/^HTTP\/1\.1 403/);
    await connection.send(chunks(body.slice(half)));
    expect(await inStep(connection)).toBe(true);
    expect(under.records[0]).toMatchObject({ outcome: "blocked", entitySize: body.length });
  });

  it("comes back whole behind a new beginning", async () => {
    const outcome: Outcome = {
      kind: "modified",
      head: "HTTP/1.1 200 Changed\r\n\r\n",
      body: { kind: "original", prefix: Buffer.from("new "), offset: 7 },
      report: { cause: Cause.Oversize, fields: "" },
    };
    await using under = await start({ ...where, outcome });
    using connection = await under.connect();
    void connection.send(icapRequest({ method, path, body }));
    const answer = await connection.readAnswer();
    expect(answer.body?.toString("latin1")).toBe(`new ${body.slice(7)}`);
    expect(await inStep(connection)).toBe(true);
  });

  it("leaves nothing held when it is over", async () => {
    await using under = await start({ ...where, outcome: unmodifiedOutcome });
    using connection = await under.connect();
    void connection.send(icapRequest({ method, path, body }));
    await connection.readAnswer();
    expect(await inStep(connection)).toBe(true);
    expect(under.spools.budget.memoryBytes).toBe(0);
  });
});

it.each(["Allow: 204", "Allow: 206", "X-Nothing: 0"])(
  "decides on a preview that is larger than the service takes (%s)",
  async (field) => {
    await using under = await start({ outcome: unmodifiedOutcome, maxEntityBytes: 10 });
    using connection = await under.connect();
    const body = bodyOf(3000);
    await connection.send(
      icapHead({ method, path, body, fields: ["Preview: 3000", field] }) + chunks(body),
    );
    expect((await connection.readAnswer()).status).toBe(204);
    expect(await inStep(connection)).toBe(true);
  },
);

it("asks for the rest when a new beginning is put before a preview that overflowed", async () => {
  const outcome: Outcome = {
    kind: "modified",
    head: "HTTP/1.1 200 Changed\r\n\r\n",
    body: { kind: "original", prefix: Buffer.from("new "), offset: 5 },
    report: { cause: Cause.Oversize, fields: "" },
  };
  await using under = await start({ outcome, maxEntityBytes: 10 });
  using connection = await under.connect();
  const body = bodyOf(3000);
  const preview = body.slice(0, 1000);
  const request = icapHead({ method, path, body, fields: ["Preview: 1000"] }) + chunks(preview);
  for (const byte of request) await connection.send(byte);
  expect((await connection.readAnswer()).status).toBe(100);
  await connection.send(chunks(body.slice(1000)));
  expect((await connection.readAnswer()).body?.toString("latin1")).toBe(`new ${body.slice(5)}`);
  expect(await inStep(connection)).toBe(true);
});

it("keeps a body beyond the memory bound in a file, and its hash right", async () => {
  const body = bodyOf(2_000_000);
  const received = Promise.withResolvers<ReceivedBody>();
  await using under = await ServerUnderTest.start({
    services: [
      scriptedService({
        judge: (kept) => {
          received.resolve(kept);
          return Promise.resolve(unmodifiedOutcome);
        },
      }),
    ],
  });
  using connection = await under.connect();
  void connection.send(icapRequest({ method, path, body }));
  expect((await connection.readAnswer()).body?.toString("latin1")).toBe(body);
  const kept = await received.promise;
  const sha256 = createHash("sha256").update(body, "latin1").digest("hex");
  expect(kept).toMatchObject({ kind: "complete", body: { sha256, content: { kind: "file" } } });
});

it("closes and removes the file when the client goes away while it is sent back", async () => {
  const body = bodyOf(20_000_000);
  await using under = await ServerUnderTest.start({ services: [scriptedService()] });
  using connection = await under.connect();
  await connection.send(icapRequest({ method, path, body }).slice(0, -lastChunk.length));
  connection.pauseReading();
  await connection.send(lastChunk);
  await under.until(() => under.metrics.sent > 0, "the beginning of the answer");
  expect(openSpoolFiles()).toBe(1);
  connection.reset();
  expect(await under.record(0)).toMatchObject({ cause: "client-abort", icapStatus: 200 });
  await expect.poll(openSpoolFiles).toBe(0);
  await expect.poll(() => under.spools.budget.diskBytes).toBe(0);
});

/** Files of spools that this process has open, removed ones included. */
function openSpoolFiles(): number {
  return readdirSync("/proc/self/fd").filter((fd) => linkOf(fd).includes("sluice-test-")).length;
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
}
