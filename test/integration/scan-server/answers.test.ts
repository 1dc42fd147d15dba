import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import type { EngineReplacement } from "../../../src/scanners/serve/scan-engine.ts";
import type { Verdict } from "../../../src/scanning/index.ts";
import { clean, FakeEngine, readAll, serving } from "./fake-engine.ts";

const modified: Verdict = { kind: "modified", reason: "policy", threats: [] };

async function* pieces(...texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const piece of texts) yield Buffer.from(piece);
}

/** An engine that gives new content, and counts how often it was told that nobody reads it. */
function replacing(replacement: EngineReplacement, verdict: Verdict = modified) {
  const counts = { disposed: 0 };
  const dispose = (): void => {
    counts.disposed += 1;
  };
  const engine = new FakeEngine(
    async (subject) => {
      await readAll(subject);
      return { verdict, epoch: "fake-1", replacement: { dispose, ...replacement } };
    },
    { inputs: ["content"], replaces: true },
  );
  return { engine, counts };
}

/** By node:http, for fetch has no trailers. */
async function post(url: string, headers: Readonly<Record<string, string>> = {}) {
  const upload = request(url, { method: "POST", agent: false, headers });
  upload.end("old content");
  const [response] = (await once(upload, "response")) as [IncomingMessage];
  return { response, body: await text(response) };
}

const resultOf = (field: string | string[] | undefined): unknown =>
  JSON.parse(Buffer.from(String(field), "base64url").toString());

describe("new content", () => {
  it("is the body of the answer, and the verdict a field", async () => {
    const { engine } = replacing({ content: pieces("new", " text"), mediaType: "text/plain" });
    await using scanner = await serving(engine);
    const { response, body } = await post(scanner.url());
    expect(body).toBe("new text");
    expect(response.headers).toMatchObject({
      "scan-verdict": "modified",
      "scan-epoch": "fake-1",
      "content-type": "text/plain",
    });
    expect(resultOf(response.headers["scan-result"])).toMatchObject({
      verdict: "modified",
      reason: "policy",
    });
  });

  it("has the type of the old when the engine says nothing else", async () => {
    const { engine } = replacing({ content: pieces("new") });
    await using scanner = await serving(engine);
    const { response } = await post(scanner.url(), { "Content-Type": "image/png" });
    expect(response.headers["content-type"]).toBe("image/png");
  });

  it("has its verdict behind it when that is known only then", async () => {
    const conclusion = Promise.resolve<Verdict>({ ...modified, message: "two redacted" });
    const { engine } = replacing({ content: pieces("new"), conclusion });
    await using scanner = await serving(engine);
    const { response } = await post(scanner.url());
    expect(response.headers["scan-result"]).toBeUndefined();
    expect(response.headers.trailer).toBe("Scan-Result");
    expect(resultOf(response.trailers["scan-result"])).toMatchObject({ message: "two redacted" });
  });

  it.each(["application/json", "application/json, application/octet-stream;q=0", "text/html"])(
    "is an error for a client that takes none: Accept: %s",
    async (accept) => {
      const { engine, counts } = replacing({ content: pieces("new") });
      await using scanner = await serving(engine);
      const { response, body } = await post(scanner.url(), { Accept: accept });
      expect(response.headers["scan-verdict"]).toBe("error");
      expect(JSON.parse(body)).toMatchObject({ verdict: "error", reason: "engine-error" });
      expect(counts.disposed).toBe(1);
    },
  );

  it.each([undefined, "*/*", "application/json, application/octet-stream;q=0.9"])(
    "is sent to a client that takes it: Accept: %s",
    async (accept) => {
      const { engine, counts } = replacing({ content: pieces("new") });
      await using scanner = await serving(engine);
      const { body } = await post(scanner.url(), accept === undefined ? {} : { Accept: accept });
      expect([body, counts.disposed]).toEqual(["new", 1]);
    },
  );

  it.each([
    [
      "breaks off",
      async function* () {
        yield Buffer.from("ne");
        throw new Error("broken");
      },
    ],
    ["is shorter than it was said to be", () => pieces("ne")],
  ])("that %s breaks the connection, so that nobody takes it for whole", async (_, content) => {
    const { engine, counts } = replacing({ content: content(), size: 3 });
    await using scanner = await serving(engine);
    await expect(post(scanner.url())).rejects.toThrow(/aborted|hang up/);
    expect(counts.disposed).toBe(1);
  });

  it("that never comes to its end is given up at the deadline", async () => {
    const content = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from("ne");
      await new Promise(() => {});
    };
    const { engine } = replacing({ content: content() });
    await using scanner = await serving(engine);
    await expect(post(scanner.url(), { "Scan-Deadline-Ms": "100" })).rejects.toThrow();
  });

  it("is an error when the engine has none", async () => {
    const engine = new FakeEngine(async () => ({ verdict: modified, epoch: "" }));
    await using scanner = await serving(engine);
    expect((await post(scanner.url())).response.headers["scan-verdict"]).toBe("error");
  });

  it("has a field of bounded length, whatever the engine found", async () => {
    const threats = Array.from({ length: 100 }, (_, index) => ({
      name: `${"x".repeat(500)}${index}`,
    }));
    const { engine } = replacing({ content: pieces("new") }, { ...modified, threats });
    await using scanner = await serving(engine);
    const field = (await post(scanner.url())).response.headers["scan-result"];
    expect(String(field).length).toBeLessThanOrEqual(8192);
    expect(resultOf(field)).toMatchObject({ verdict: "modified", threats: [] });
  });
});

describe("how long a verdict may be kept", () => {
  it.each<[string | null, Partial<Verdict>]>([
    [null, {}],
    ["max-age=60", { cache: { ttlMs: 60_999, scope: "url" } }],
    ["no-store", { cache: { ttlMs: 0 } }],
    ["no-store", { cache: { ttlMs: 60_000, scope: "none" } }],
    ["no-store", { kind: "error", cache: { ttlMs: 60_000 } }],
  ])("is said as Cache-Control: %s for %j", async (expected, verdict) => {
    const engine = new FakeEngine(async () => ({
      verdict: { ...clean.verdict, ...verdict },
      epoch: "",
    }));
    await using scanner = await serving(engine);
    const response = await fetch(scanner.url(), { method: "POST" });
    expect(response.headers.get("cache-control")).toBe(expected);
  });

  it("is in the document, with the score", async () => {
    const engine = new FakeEngine(async () => ({
      verdict: { ...clean.verdict, score: 0.25, cache: { ttlMs: 60_000, scope: "url" } },
      epoch: "",
    }));
    await using scanner = await serving(engine);
    const response = await fetch(scanner.url(), { method: "POST" });
    expect(await response.json()).toMatchObject({ score: 0.25, cache: { ttl: 60, scope: "url" } });
  });
});

describe("a small body that comes after its time", () => {
  it("is given to no engine", async () => {
    const engine = new FakeEngine(readAll);
    await using scanner = await serving(engine);
    const { host, port } = scanner.server.address;
    const socket = connect(port, host).setEncoding("latin1");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    let answers = "";
    socket.on("data", (piece) => (answers += piece));
    const answered = async (status: number): Promise<void> => {
      while (!answers.includes(`HTTP/1.1 ${status} `)) await once(socket, "data");
    };
    const fields = "Host: scanner\r\nScan-Deadline-Ms: 50\r\nContent-Length: 8\r\n";
    socket.write(`POST /v1/scan HTTP/1.1\r\n${fields}\r\nhalf`);
    await answered(504);
    // When the second request is answered the first has been read to its end; or it is cut, being late.
    socket.write("half" + "GET /healthz HTTP/1.1\r\nHost: scanner\r\n\r\n");
    await Promise.race([answered(200).catch(() => {}), closed]);
    expect(engine.asked).toBeUndefined();
    socket.destroy();
  });
});

describe("what an engine can", () => {
  it("is told by the info document", async () => {
    const engine = new FakeEngine(readAll, {
      inputs: ["hash", "url"],
      stages: ["headers", "full"],
      replaces: true,
      cacheScope: "url",
      policies: ["strict"],
    });
    await using scanner = await serving(engine);
    expect(await (await fetch(scanner.url("/v1/info"))).json()).toMatchObject({
      inputs: ["hash", "url"],
      stages: ["headers", "full"],
      modes: { replace: true },
      cacheScope: "url",
      policies: ["strict"],
    });
  });
});
