import { afterEach, describe, expect, it, vi } from "vitest";
import { noEndpointMetrics, silentLogger } from "../../../src/telemetry/index.ts";
import { answers, answersStatus, answersText } from "../../support/fake-scanner.ts";
import { freePort } from "../../support/free-port.ts";
import { entityOf } from "../../support/samples/entities.ts";
import { useVendor, within } from "./template-under-test.ts";

const simple = `
steps: [{ name: scan, request: { method: POST, path: /scan, body: { mode: Raw } } }]
result: { verdict: "res.json.infected ? 'blocked' : 'clean'" }`;
const entity = entityOf("some bytes");

describe("a vendor that misbehaves", () => {
  const { vendor, scannerOf } = useVendor();
  const scan = async (yaml = simple, changes = {}) => {
    const scanner = await scannerOf(yaml, {}, changes);
    return scanner.scan(entity, within(60_000));
  };

  it.each([
    ["an empty answer", ""],
    ["no JSON", "<html>"],
    ["half a JSON", '{"infected":'],
    ["a JSON of another form", "[]"],
    ["a JSON without the member", "{}"],
    ["a member of another type", '{"infected":"no"}'],
    ["null", "null"],
  ])("gives an error for %s", async (_name, text) => {
    vendor().script = answersText(text);
    expect(await scan()).toMatchObject({ kind: "error", reason: "engine-error" });
  });

  it("gives an error for 10 MB of JSON, and reads no more than it may", async () => {
    let sent = 0;
    vendor().script = (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const piece = Buffer.alloc(64 * 1024, " ");
      const write = (): void => {
        while (sent < 10_000_000 && response.write(piece)) sent += piece.length;
      };
      response.on("drain", write);
      response.write('{"infected":false,');
      write();
    };
    const verdict = await scan();
    expect(verdict.message).toBe("scan: the answer is over 1048576 bytes");
    expect(sent).toBeLessThan(10_000_000);
  });

  it("gives a verdict on JSON that is nested deep, where the member is there", async () => {
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    vendor().script = answersText(`{"infected":true,"deep":${deep}}`);
    expect((await scan()).kind).toBe("blocked");
  });

  it("gives an error for an answer that ends too early", async () => {
    vendor().script = (_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write('{"infected":false}', () => response.socket?.destroy());
    };
    expect(await scan()).toMatchObject({ kind: "error", reason: "engine-error" });
  });

  it("gives an error for a content coding that was not asked for", async () => {
    vendor().script = (_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end("{}");
    };
    expect((await scan()).message).toBe("scan: the answer has a content coding");
  });

  it("gives a timeout when no answer comes", async () => {
    vendor().script = () => {};
    const verdict = await scan(`limits: { requestTimeout: 100ms }${simple}`);
    expect(verdict).toMatchObject({ kind: "error", reason: "timeout" });
  });

  it("gives a timeout when an answer does not end", async () => {
    vendor().script = (_request, response) => {
      response.writeHead(200).write('{"infected":');
    };
    const verdict = await scan(`limits: { requestTimeout: 100ms }${simple}`);
    expect(verdict).toMatchObject({ kind: "error", reason: "timeout" });
  });

  it("is not followed elsewhere", async () => {
    vendor().script = (_request, response) => {
      response.writeHead(302, { location: `${vendor().url}/other` }).end();
    };
    expect(await scan()).toMatchObject({ kind: "error", message: "it answered 302" });
    expect(vendor().received).toHaveLength(1);
  });

  it("gives an error when nobody listens", async () => {
    const baseUrl = `http://127.0.0.1:${await freePort()}`;
    const scanner = await scannerOf(simple, { baseUrl });
    expect(await scanner.scan(entity, within(60_000))).toMatchObject({
      kind: "error",
      message: "scan: the exchange failed: ECONNREFUSED",
    });
  });

  it("is asked again where nothing was sent", async () => {
    await vendor().stop();
    const retry = { attempts: 2, budgetPercent: 100, backoffMs: 200 };
    const scanner = await scannerOf(simple, {}, { retry });
    vendor().script = answers({ infected: false });
    const verdict = scanner.scan(entity, within(60_000));
    await vendor().listen();
    expect((await verdict).kind).toBe("clean");
  });

  it("is not asked twice where something was sent", async () => {
    vendor().script = (request) => void request.socket.destroy();
    const retry = { attempts: 3, budgetPercent: 100, backoffMs: 0 };
    expect((await scan(simple, { retry })).kind).toBe("error");
    expect(vendor().received).toHaveLength(1);
  });

  it("is left alone as long as Retry-After says", async () => {
    vendor().script = answersStatus(429, { "retry-after": "30" });
    const scanner = await scannerOf(simple);
    const first = await scanner.scan(entity, within(60_000));
    const second = await scanner.scan(entity, within(60_000));
    expect([first.reason, second.reason]).toEqual(["overload", "overload"]);
    expect(vendor().received).toHaveLength(1);
  });

  it("is left alone when it keeps failing", async () => {
    vendor().script = answersStatus(500);
    const circuitBreaker = { failures: 2, openForMs: 60_000 };
    const scanner = await scannerOf(simple, {}, { circuitBreaker });
    const reasons: unknown[] = [];
    for (let count = 0; count < 3; count += 1) {
      reasons.push((await scanner.scan(entity, within(60_000))).reason);
    }
    expect(reasons).toEqual(["engine-error", "engine-error", "overload"]);
    expect(vendor().received).toHaveLength(2);
  });

  it("gives an error when the scanner is closed amid a scan, and after it", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    vendor().script = () => resolve();
    const scanner = await scannerOf(simple);
    const scanning = scanner.scan(entity, within(60_000));
    await asked;
    await scanner.close();
    expect((await scanning).kind).toBe("error");
    expect((await scanner.scan(entity, within(60_000))).kind).toBe("error");
  });

  it("cannot keep an expression running", async () => {
    const list = Array.from({ length: 300 }, (_, index) => index);
    vendor().script = answers({ list });
    const verdict = await scan(`
steps: [{ name: scan, request: { path: / } }]
result: { verdict: "res.json.list.all(a, res.json.list.all(b, a + b >= 0)) ? 'clean' : 'error'" }`);
    expect(verdict.message).toBe("result.verdict: the expression takes more than 20000 steps");
  });
});

describe("the epoch of a template", () => {
  const { vendor, scannerOf } = useVendor();
  const template = `
epoch: { request: { path: /version }, value: "res.json.engine + '/' + res.json.signatures", every: 10s }
${simple}`;
  const version = (signatures: string) => answers({ engine: "e1", signatures });
  afterEach(() => vi.useRealTimers());

  it("is what the engine says, behind the hash of the template", async () => {
    vendor().script = version("17");
    const { epoch } = await scannerOf(template);
    expect(epoch).toMatch(/^[0-9a-f]{12};e1\/17$/);
  });

  it("follows the engine", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    vendor().script = version("17");
    const log: unknown[] = [];
    const changes: string[] = [];
    const scanner = await scannerOf(
      template,
      {},
      {
        logger: { ...silentLogger, info: (line, fields) => void log.push({ line, ...fields }) },
        metrics: { ...noEndpointMetrics, epochChanged: (name) => void changes.push(name) },
      },
    );
    vendor().script = version("18");
    await vi.advanceTimersByTimeAsync(10_000);
    await expect.poll(() => scanner.epoch).toMatch(/;e1\/18$/);
    expect(log).toEqual([
      { line: "scanner shows a new epoch", scanner: "vendor", epoch: scanner.epoch },
    ]);
    expect(changes).toEqual(["vendor"]);
  });

  it("stays what it was when the engine does not answer", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    vendor().script = version("17");
    const scanner = await scannerOf(template);
    vendor().script = answersStatus(500);
    await vi.advanceTimersByTimeAsync(10_000);
    await expect.poll(() => vendor().received).toHaveLength(2);
    expect(scanner.epoch).toMatch(/;e1\/17$/);
  });

  it("is unknown when the engine never answered", async () => {
    vendor().script = answersStatus(500);
    expect((await scannerOf(template)).epoch).toMatch(/;unknown$/);
  });

  it("changes with a parameter", async () => {
    const yaml = `params: { n: { type: Integer } }${simple}`;
    const [one, same, other] = await Promise.all(
      [1, 1, 2].map((n) => scannerOf(yaml, { params: { n } })),
    );
    expect(one?.epoch).toBe(same?.epoch);
    expect(one?.epoch).not.toBe(other?.epoch);
  });
});
