import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createScanV1Scanner, type Scanner, Screening } from "../../../src/scanning/index.ts";
import {
  afterUpload,
  answers,
  FakeScanner,
  type ScannerScript,
} from "../../support/fake-scanner.ts";
import type { IcapConnection } from "../../support/icap-connection.ts";
import { chunks, icapHead, icapRequest } from "../../support/icap-request.ts";
import { startScanning } from "../../support/scan-service.ts";
import type { ServerUnderTest } from "../../support/server-under-test.ts";
import { chunk, lastChunk } from "../../support/wire-text.ts";
import { options } from "./scanner-under-test.ts";

/** Says one thing about beginnings of each stage, and `clean` of whole entities. */
function staged(said: { headers?: string; preview?: string; full?: string }): ScannerScript {
  return afterUpload((request, response) => {
    const stage = String(request.headers["scan-stage"]) as keyof typeof said;
    const verdict = said[stage] ?? (stage === "full" ? "clean" : "continue");
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ verdict }));
  });
}

const stagesOf = ({ received }: FakeScanner): string[] =>
  received.map(({ headers }) => String(headers["scan-stage"]));

let fake: FakeScanner;
let scanner: Scanner;
let under: ServerUnderTest;
beforeAll(async () => {
  fake = await FakeScanner.start();
  fake.info = { protocol: "scan/v1", stages: ["headers", "preview", "full"], previewBytes: 4 };
  scanner = await createScanV1Scanner({ ...options, urls: [fake.url] });
  const screening = new Screening(
    [{ scanner, judge: scanner, required: true, timeoutMs: 10_000, policy: undefined }],
    { strategy: { type: "AnyBlocks" }, settlesClean: true },
  );
  const sized = { name: "big", when: "entity.size > 100", action: "Block" } as const;
  under = await startScanning([
    { path: "/scan", scanner, screening },
    { path: "/brief", scanner, screening, transactionTimeoutMs: 50, on: { timeout: "Block" } },
    { path: "/ruled", scanner, screening, rules: [sized] },
    { path: "/content", scanner },
  ]);
});
afterAll(async () => {
  await under.close();
  await scanner.close();
  await fake.stop();
});
let connection: IcapConnection;
beforeEach(async () => {
  fake.received.length = 0;
  connection = await under.connect();
});
afterEach(() => connection.close());

const text = { method: "RESPMOD", path: "/scan", body: "" } as const;

function sendPreview(bytes = "preview", path = "/scan"): Promise<void> {
  const fields = [`Preview: ${bytes.length}`, "Allow: 204"];
  const body = (bytes === "" ? "" : chunk(bytes)) + lastChunk;
  return connection.send(icapHead({ ...text, path, fields }) + body);
}

describe("a scanner that decides on the beginning", () => {
  it("blocks on the heads, and the rest is never asked for", async () => {
    fake.script = staged({ headers: "blocked" });
    await sendPreview();
    const answer = await connection.readAnswer();
    expect(answer.responseHead).toMatch(/^HTTP\/1\.1 403 /);
    expect(stagesOf(fake)).toEqual(["headers"]);
    expect(fake.received[0]?.body).toHaveLength(0);
    expect(fake.received[0]?.headers["scan-url"]).toBe("http://files.example/up?secret=1");
  });

  it("blocks on the first bytes, as many as it wants", async () => {
    fake.script = staged({ preview: "blocked" });
    await sendPreview("MZ executable");
    expect((await connection.readAnswer()).responseHead).toMatch(/^HTTP\/1\.1 403 /);
    expect(stagesOf(fake)).toEqual(["headers", "preview"]);
    expect(fake.received[1]?.body.toString()).toBe("MZ e");
    expect(fake.received[1]?.headers).toMatchObject({
      "scan-total-length": "unknown",
      "content-type": "text/plain",
      "content-length": "4",
    });
    expect(fake.received[1]?.headers).not.toHaveProperty("content-digest");
  });

  it("lets pass without the rest: 204 where the preview ended", async () => {
    fake.script = staged({ preview: "clean" });
    await sendPreview();
    expect((await connection.readAnswer()).status).toBe(204);
    expect(stagesOf(fake)).toEqual(["headers", "preview"]);
  });

  it("is asked once more, with the whole, when it wants to go on", async () => {
    fake.script = staged({ full: "blocked" });
    await sendPreview("first ");
    await connection.readThrough("100 Continue\r\n\r\n");
    await connection.send(chunks("and last"));
    expect((await connection.readAnswer()).responseHead).toMatch(/^HTTP\/1\.1 403 /);
    expect(stagesOf(fake)).toEqual(["headers", "preview", "full"]);
    expect(fake.received[2]?.body.toString()).toBe("first and last");
  });

  it.each([
    ["suspicious", answers({ verdict: "suspicious" })],
    ["an error", answers({ verdict: "error" })],
    ["nonsense", answers({})],
    ["a promise", afterUpload((_request, response) => void response.writeHead(202).end())],
    ["nothing", afterUpload((request) => void request.socket.destroy())],
  ])("decides nothing with %s: the whole entity is asked for", async (_name, script) => {
    fake.script = script;
    await sendPreview();
    await connection.readThrough("100 Continue\r\n\r\n");
    fake.script = staged({ full: "clean" });
    await connection.send(chunks(""));
    expect((await connection.readAnswer()).status).toBe(204);
  });

  it("is told that nobody waits for a promise about a beginning", async () => {
    const { promise: cancelled, resolve } = Promise.withResolvers<void>();
    const left = new Set(["/v1/scans/headers", "/v1/scans/preview"]);
    fake.script = afterUpload((request, response) => {
      const { method, url = "", headers } = request;
      if (method === "DELETE" && left.delete(url) && left.size === 0) resolve();
      response.writeHead(202, { location: `/v1/scans/${headers["scan-stage"]}` }).end();
    });
    await sendPreview();
    await connection.readThrough("100 Continue\r\n\r\n");
    await cancelled;
    expect(left).toEqual(new Set());
  });

  it("is not asked about the beginning of what came whole", async () => {
    fake.script = staged({ headers: "blocked" });
    const fields = ["Preview: 100", "Allow: 204"];
    await connection.send(`${icapHead({ ...text, fields })}${chunk("all")}0; ieof\r\n\r\n`);
    expect((await connection.readAnswer()).status).toBe(204);
    expect(stagesOf(fake)).toEqual(["full"]);
  });

  it("has the heads where the client previews no bytes", async () => {
    fake.script = staged({ headers: "clean" });
    await sendPreview("");
    expect((await connection.readAnswer()).status).toBe(204);
    expect(stagesOf(fake)).toEqual(["headers"]);
  });

  it("does not overrule rules that want to know the whole entity", async () => {
    fake.script = staged({ preview: "clean" });
    await sendPreview("x".repeat(60), "/ruled");
    await connection.readThrough("100 Continue\r\n\r\n");
    await connection.send(chunks("x".repeat(60)));
    expect((await connection.readAnswer()).responseHead).toMatch(/^HTTP\/1\.1 403 /);
  });

  it("that hangs costs its time and no more: the whole entity is asked for", async () => {
    fake.script = afterUpload(() => {});
    await sendPreview("preview", "/brief");
    await connection.readThrough("100 Continue\r\n\r\n");
  });

  it("is told to stop when the client goes away meanwhile", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>();
    fake.script = (request) => {
      request.socket.once("close", () => resolve());
      isAsked();
    };
    const before = under.records.length;
    await sendPreview();
    await asked;
    connection.reset();
    await promise;
    expect(await under.record(before)).toMatchObject({ cause: "client-abort" });
  });

  it("serves the next request on the connection after it decided", async () => {
    fake.script = staged({ preview: "clean" });
    await sendPreview();
    expect((await connection.readAnswer()).status).toBe(204);
    fake.script = staged({ headers: "blocked" });
    await sendPreview();
    expect((await connection.readAnswer()).status).toBe(200);
  });
});

describe("a message without a body", () => {
  const get = { method: "REQMOD", fields: ["Allow: 204"] } as const;
  const send = (path = "/scan"): Promise<void> => connection.send(icapRequest({ ...get, path }));

  it("is blocked by those who judge by the heads, such as lists of URLs", async () => {
    fake.script = answers({ verdict: "blocked", reason: "category" });
    await send();
    const answer = await connection.readAnswer();
    expect(answer.responseHead).toMatch(/^HTTP\/1\.1 403 /);
    expect(fake.received).toHaveLength(1);
    expect(fake.received[0]?.body).toHaveLength(0);
    expect(fake.received[0]?.headers["scan-url"]).toMatch(/^http:/);
  });

  it("passes when they have nothing against it", async () => {
    fake.script = answers({ verdict: "clean" });
    await send();
    expect((await connection.readAnswer()).status).toBe(204);
    expect(fake.received).toHaveLength(1);
  });

  it.each(["error", "nonsense"])("is blocked when they fail: %s", async (verdict) => {
    fake.script = answers({ verdict });
    await send();
    expect((await connection.readAnswer()).responseHead).toMatch(/^HTTP\/1\.1 503 /);
  });

  it("is blocked when they are late", async () => {
    fake.script = () => {};
    await send("/brief");
    expect((await connection.readAnswer()).responseHead).toMatch(/^HTTP\/1\.1 503 /);
  });

  it("is blocked while nobody knows whether the scanner judges by heads, for it never answered", async () => {
    const gone = await FakeScanner.start();
    await gone.stop();
    const unknown = await createScanV1Scanner({ ...options, urls: [gone.url] });
    const members = [
      { scanner: unknown, judge: unknown, required: true, timeoutMs: 10_000, policy: undefined },
    ];
    const screening = new Screening(members, {
      strategy: { type: "AnyBlocks" },
      settlesClean: true,
    });
    const server = await startScanning([{ path: "/unknown", scanner: unknown, screening }]);
    try {
      using client = await server.connect();
      await client.send(icapRequest({ ...get, path: "/unknown" }));
      expect((await client.readAnswer()).responseHead).toMatch(/^HTTP\/1\.1 503 /);
    } finally {
      await server.close();
      await unknown.close();
    }
  });

  it("is nobody's business where all judge content", async () => {
    fake.script = answers({ verdict: "blocked" });
    await send("/content");
    expect((await connection.readAnswer()).status).toBe(204);
    expect(fake.received).toHaveLength(0);
  });
});
