import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readContent, SPOOL_DEFAULTS, SpoolStore } from "../../../src/entity/index.ts";
import type { ScanContext, Verdict } from "../../../src/scanning/index.ts";
import { afterUpload, answers, inTurn, type ScannerScript } from "../../support/fake-scanner.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { useFakeScanner } from "./scanner-under-test.ts";

const directory = new TempDirectory();
let spools: SpoolStore;
let freeBytes: number;
/** Spools keep memory for their next ones: what counts is what the others cannot have. */
const held = (): number => spools.budget.diskBytes + (spools.budget.memoryBytes - freeBytes);

beforeAll(async () => {
  spools = await SpoolStore.open({
    ...SPOOL_DEFAULTS,
    memoryBytes: 1024,
    directory: directory.path,
  });
});
afterAll(async () => {
  await spools.close();
  directory.remove();
});

const resultOf = (document: object): string =>
  Buffer.from(JSON.stringify(document)).toString("base64url");
const digestOf = (content: string): string =>
  `sha-256=:${createHash("sha256").update(content).digest("base64")}:`;
const modified = resultOf({ verdict: "modified" });

interface Said {
  readonly headers?: Record<string, string>;
  readonly trailers?: Record<string, string>;
  readonly content?: string;
}

/** Reads the request and gives content in place of it. */
function replaces({ headers = {}, trailers, content = "new content" }: Said): ScannerScript {
  return afterUpload((_request, response) => {
    response.writeHead(200, {
      "scan-verdict": "modified",
      ...(trailers !== undefined && { trailer: "Scan-Result" }),
      ...headers,
    });
    response.write(content);
    if (trailers !== undefined) response.addTrailers(trailers);
    response.end();
  });
}

/** Promises more than it sends. */
const breaksOff = afterUpload((_request: IncomingMessage, response: ServerResponse) => {
  const headers = { "scan-verdict": "modified", "scan-result": modified, "content-length": "99" };
  response.writeHead(200, headers);
  response.write("new", () => response.destroy());
});

/** As a server of HTTP/1.0: whoever reads cannot tell the end from a loss. */
const endsWithConnection = afterUpload((request: IncomingMessage) => {
  const head = `HTTP/1.1 200 OK\r\nScan-Verdict: modified\r\nScan-Result: ${modified}\r\n\r\n`;
  request.socket.end(`${head}new con`);
});

async function textOf({ replacement }: Verdict): Promise<string | undefined> {
  if (replacement === undefined) return undefined;
  const pieces: Buffer[] = [];
  for await (const piece of readContent(replacement.body.content)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

describe("a scanner that replaces content", () => {
  const { running, scannerOf } = useFakeScanner();
  beforeEach(() => {
    freeBytes = spools.budget.memoryBytes;
  });

  async function scan(
    script: ScannerScript,
    { maxBytes = 1_000_000, ...facts }: Partial<ScanContext> & { maxBytes?: number } = {},
  ): Promise<Verdict> {
    running().script = script;
    const scanner = await scannerOf({ replacements: { spools, maxBytes } });
    const context = { ...scanContext(), takesReplacement: true, ...facts };
    return scanner.scan(entityOf("old"), context);
  }

  it.each([
    ["in memory", "new content"],
    ["in a file", "new content ".repeat(10_000)],
    ["of no bytes", ""],
  ])(
    "gives it with its verdict, %s, and it is gone when it is disposed",
    async (_name, content) => {
      const headers = { "scan-result": modified, "content-type": "application/pdf" };
      const verdict = await scan(replaces({ headers, content }));
      expect(verdict).toMatchObject({
        kind: "modified",
        replacement: { body: { size: content.length } },
      });
      expect(verdict.replacement?.mediaType).toBe("application/pdf");
      expect(await textOf(verdict)).toBe(content);
      verdict.replacement?.dispose();
      await expect.poll(held, { timeout: 15_000 }).toBe(0);
    },
  );

  it("may tell the digest of it", async () => {
    const digest = `md5=:AAAA:, ${digestOf("new content")}`;
    const headers = { "scan-result": modified, "content-digest": digest };
    const verdict = await scan(replaces({ headers }));
    expect(await textOf(verdict)).toBe("new content");
    verdict.replacement?.dispose();
  });

  it("may tell its verdict and the digest behind the content", async () => {
    const verdict = await scan(
      replaces({
        headers: { trailer: "Scan-Result, Content-Digest" },
        trailers: { "Scan-Result": modified, "Content-Digest": digestOf("new content") },
      }),
    );
    expect(await textOf(verdict)).toBe("new content");
    verdict.replacement?.dispose();
  });

  it("may tell its verdict behind the content", async () => {
    const result = resultOf({ verdict: "modified", threats: [{ name: "Macro" }] });
    const verdict = await scan(replaces({ trailers: { "Scan-Result": result } }));
    expect(verdict).toMatchObject({ kind: "modified", threats: [{ name: "Macro" }] });
    expect(await textOf(verdict)).toBe("new content");
    verdict.replacement?.dispose();
  });

  it.each([
    ["blocked", "blocked"],
    ["clean", "clean"],
    ["suspicious", "suspicious"],
    ["pending", "error"],
    ["continue", "error"],
  ])("may say %s behind the content, which is gone then: %s", async (word, kind) => {
    const trailers = { "Scan-Result": resultOf({ verdict: word }) };
    const verdict = await scan(replaces({ headers: { "scan-result": modified }, trailers }));
    expect(verdict).toMatchObject({ kind });
    expect(verdict.replacement).toBeUndefined();
    await expect.poll(held, { timeout: 15_000 }).toBe(0);
  });

  it.each([
    ["no result", replaces({})],
    [
      "a result that contradicts it",
      replaces({ headers: { "scan-result": resultOf({ verdict: "clean" }) } }),
    ],
    ["a result that is none", replaces({ headers: { "scan-result": "e30" } })],
    [
      "a result of 9 KiB",
      replaces({
        headers: { "scan-result": resultOf({ verdict: "modified", message: "x".repeat(8192) }) },
      }),
    ],
    [
      "a content coding",
      replaces({ headers: { "scan-result": modified, "content-encoding": "gzip" } }),
    ],
    ["content that breaks off", breaksOff],
    [
      "a trailer that is promised and does not come",
      replaces({ headers: { "scan-result": modified, trailer: "X-Sum, Scan-Result" } }),
    ],
    [
      "the digest of other content",
      replaces({ headers: { "scan-result": modified, "content-digest": digestOf("old content") } }),
    ],
    [
      "the digest of other content behind it",
      replaces({
        headers: { trailer: "Scan-Result, Repr-Digest" },
        trailers: { "Scan-Result": modified, "Repr-Digest": digestOf("old content") },
      }),
    ],
    [
      "a digest that is promised behind it and does not come",
      replaces({
        headers: { trailer: "Scan-Result, Content-Digest" },
        trailers: { "Scan-Result": modified },
      }),
    ],
    [
      "a digest that is none",
      replaces({ headers: { "scan-result": modified, "content-digest": "sha-256=:AAAA" } }),
    ],
    ["an end that is the one of its connection", endsWithConnection],
    ["the word alone, in a document", answers({ verdict: "modified" })],
    [
      "the word alone, in both places",
      answers({ verdict: "modified" }, { "scan-verdict": "modified" }),
    ],
  ])("is an error with %s, and nothing is kept", async (_name, script) => {
    const verdict = await scan(script);
    expect(verdict).toMatchObject({ kind: "error", reason: "engine-error" });
    expect(verdict.replacement).toBeUndefined();
    await expect.poll(held, { timeout: 15_000 }).toBe(0);
  });

  it("is an error with more than may be kept, and nothing is", async () => {
    const headers = { "scan-result": modified };
    const verdict = await scan(replaces({ headers, content: "x".repeat(5000) }), {
      maxBytes: 4999,
    });
    expect(verdict).toMatchObject({ kind: "error" });
    expect(verdict.message).toContain("oversize");
    await expect.poll(held, { timeout: 15_000 }).toBe(0);
  });

  it("keeps nothing when nobody waits any more in the middle of it", async () => {
    const aborter = new AbortController();
    const hangs = afterUpload((_request, response) => {
      response.writeHead(200, { "scan-verdict": "modified", "scan-result": modified });
      response.write("x".repeat(5000), () => aborter.abort());
    });
    const verdict = await scan(hangs, { signal: aborter.signal });
    expect(verdict).toMatchObject({ kind: "error", reason: "timeout" });
    await expect.poll(held, { timeout: 15_000 }).toBe(0);
  });

  it("may take its time for it", async () => {
    const accepted = afterUpload((_request, response) => {
      response.writeHead(202, { location: "/v1/scans/1", "retry-after": "0" }).end();
    });
    const script = inTurn(accepted, replaces({ headers: { "scan-result": modified } }));
    const verdict = await scan(script, { deadlineAt: performance.now() + 10_000 });
    expect(await textOf(verdict)).toBe("new content");
    verdict.replacement?.dispose();
  });

  it("is told by Accept whether it may", async () => {
    await scan(answers({ verdict: "clean" }));
    await scan(answers({ verdict: "clean" }), { takesReplacement: false });
    expect(running().received.map(({ headers }) => headers.accept)).toEqual([
      "application/json, application/octet-stream;q=0.9",
      "application/json",
    ]);
  });

  it("is an error where it was told that it may not", async () => {
    const headers = { "scan-result": modified };
    const verdict = await scan(replaces({ headers }), { takesReplacement: false });
    expect(verdict).toMatchObject({ kind: "error" });
    await expect.poll(held, { timeout: 15_000 }).toBe(0);
  });
});
