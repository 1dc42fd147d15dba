import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { beforeEach, describe, expect, it } from "vitest";
import {
  afterUpload,
  answers,
  answersStatus,
  type FakeScanner,
  type ScannerScript,
} from "../../support/fake-scanner.ts";
import { icapHead } from "../../support/icap-request.ts";
import { chunk, lastChunk } from "../../support/wire-text.ts";
import { OVERLAP_BYTES, piece, useOverlap, watched } from "./overlapping-service.ts";
import { clean } from "./scanner-under-test.ts";

const blocked = { verdict: "blocked", threats: [{ name: "Test-Threat" }] };

/** Reads all there is, then says that it is clean. */
const readsAndPasses: ScannerScript = async (request, response) => {
  for await (const _piece of request);
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(clean));
};

describe("a body that is scanned while it arrives", () => {
  const { running, scannerOf, serve, begin } = useOverlap();
  let fake: FakeScanner;
  beforeEach(() => {
    fake = running();
  });

  it("is sent before its end, and is scanned once", async () => {
    const { asked, script } = watched(afterUpload(() => {}));
    fake.script = script;
    const server = await serve(await scannerOf(fake));
    const connection = await begin(server, piece(OVERLAP_BYTES));
    const request = await asked;
    fake.script = answers(clean);
    expect(request.headers).toMatchObject({
      "transfer-encoding": "chunked",
      "scan-stage": "full",
      "scan-total-length": "unknown",
      "content-type": "text/plain",
    });
    expect(request.headers).not.toHaveProperty("content-digest");
    connection.close();
  });

  it("passes when the scanner has seen all of it, and not before", async () => {
    const { asked, script } = watched(() => {});
    let bytes = "";
    fake.script = script;
    const server = await serve(await scannerOf(fake));
    const connection = await begin(server, piece(OVERLAP_BYTES, "a"));
    const request = await asked;
    const response = Promise.withResolvers<void>();
    request.on("data", (data) => {
      bytes += data;
    });
    request.on("end", () => response.resolve());
    await connection.send(chunk(piece(3_145_728, "b")), lastChunk);
    await response.promise;
    expect(bytes).toBe(piece(OVERLAP_BYTES, "a") + piece(3_145_728, "b"));
    expect(server.records).toEqual([]);
    connection.close();
  });

  it.each([
    ["byte by byte", 1, 300],
    ["in pieces that go to a file", 100_000, 40],
  ])("comes to the scanner whole: %s", async (_name, bytes, count) => {
    const hash = createHash("sha256");
    fake.script = async (request, response) => {
      for await (const part of request) hash.update(part as Buffer);
      await answers(clean)(request, response);
    };
    const server = await serve(await scannerOf(fake), {}, { spool: { memoryBytes: 65_536 } });
    const connection = await begin(server, piece(OVERLAP_BYTES));
    const sent = createHash("sha256").update(piece(OVERLAP_BYTES));
    for (let n = 0; n < count; n += 1) {
      const part = piece(bytes, String(n % 10));
      sent.update(part);
      await connection.send(chunk(part));
    }
    await connection.send(lastChunk);
    expect((await connection.readAnswer()).status).toBe(204);
    expect(hash.digest("hex")).toBe(sent.digest("hex"));
    expect(fake.received).toHaveLength(1);
    connection.close();
  });

  it("is refused before its end when the scanner blocks it", async () => {
    fake.script = (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(blocked));
    };
    const server = await serve(await scannerOf(fake));
    const connection = await begin(server, piece(OVERLAP_BYTES));
    const answer = await connection.readAnswer();
    expect(answer.status).toBe(200);
    expect(String(answer.body)).toContain("Test-Threat");
    await connection.send(chunk(piece(1000)), lastChunk);
    const record = await server.record(0);
    expect(record).toMatchObject({ outcome: "blocked", cause: "verdict", verdict: "blocked" });
    expect(fake.received).toHaveLength(1);
    connection.close();
  });

  it("begins with its preview, once its client was asked for the rest", async () => {
    let bytes = "";
    const { asked, script } = watched(async (request, response) => {
      for await (const part of request) bytes += part;
      await answers(clean)(request, response);
    });
    fake.script = script;
    const server = await serve(await scannerOf(fake));
    const connection = await server.connect();
    const fields = ["Allow: 204", "Preview: 4"];
    const head = icapHead({ method: "RESPMOD", path: "/scan", fields, body: "" });
    await connection.send(head, chunk("prev"), lastChunk);
    expect((await connection.readAnswer()).status).toBe(100);
    await connection.send(chunk(piece(OVERLAP_BYTES)));
    await asked;
    await connection.send(lastChunk);
    expect((await connection.readAnswer()).status).toBe(204);
    expect(bytes).toBe(`prev${piece(OVERLAP_BYTES)}`);
    connection.close();
  });

  it("goes on to its end where a block is only watched", async () => {
    const { asked, script } = watched((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(blocked));
    });
    fake.script = script;
    const server = await serve(await scannerOf(fake), { mode: "Monitor" });
    const connection = await begin(server, piece(OVERLAP_BYTES));
    await asked;
    await connection.send(chunk(piece(1000)), lastChunk);
    expect((await connection.readAnswer()).status).toBe(204);
    connection.close();
  });

  it("waits for its end when the scanner calls it clean early", async () => {
    const { asked, script } = watched((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(clean));
    });
    fake.script = script;
    const server = await serve(await scannerOf(fake));
    const connection = await begin(server, piece(OVERLAP_BYTES));
    await asked;
    await connection.send(chunk(piece(1000)));
    expect(server.records).toEqual([]);
    await connection.send(lastChunk);
    expect((await connection.readAnswer()).status).toBe(204);
    expect(fake.received).toHaveLength(1);
    connection.close();
  });

  it.each([
    ["dies amid the upload", (request: IncomingMessage) => void request.socket.destroy()],
    ["fails", answersStatus(500)],
    ["wants to take its time", answersStatus(202, { location: "/v1/scans/1" })],
  ] as [string, ScannerScript][])(
    "is scanned anew, whole, when the scanner %s",
    async (_n, bad) => {
      let first = true;
      fake.script = (request, response) => {
        const script = first ? bad : answers(clean);
        first = false;
        return script(request, response);
      };
      const server = await serve(await scannerOf(fake));
      const connection = await begin(server, piece(OVERLAP_BYTES));
      await connection.send(chunk(piece(1000)), lastChunk);
      expect((await connection.readAnswer()).status).toBe(204);
      const last = fake.received.findLast(({ method }) => method === "POST");
      expect(last?.headers["content-length"]).toBe(String(OVERLAP_BYTES + 1000));
      expect(last?.headers["content-digest"]).toMatch(/^sha-256=:/);
      connection.close();
    },
  );

  it("is sent again from its first byte when a connection broke", async () => {
    const { promise: again, resolve } = Promise.withResolvers<IncomingMessage>();
    let requests = 0;
    fake.script = async (request, response) => {
      requests += 1;
      if (requests === 1) return void request.socket.destroy();
      resolve(request);
      await readsAndPasses(request, response);
    };
    const server = await serve(await scannerOf(fake, { attempts: 2 }));
    const connection = await begin(server, piece(OVERLAP_BYTES));
    expect((await again).headers["transfer-encoding"]).toBe("chunked");
    await connection.send(chunk(piece(1000)), lastChunk);
    expect((await connection.readAnswer()).status).toBe(204);
    expect(requests).toBe(2);
    connection.close();
  });
});
