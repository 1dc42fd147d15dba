import { describe, expect, it } from "vitest";
import { createIcapScanner } from "../../../src/chain/index.ts";
import { SPOOL_DEFAULTS, SpoolStore } from "../../../src/entity/index.ts";
import type { ArrivingEntity, CircuitSettings } from "../../../src/scanning/index.ts";
import { createScanV1Scanner } from "../../../src/scanning/index.ts";
import { createTemplateScanner } from "../../../src/scanning/template/index.ts";
import { noEndpointMetrics, silentLogger } from "../../../src/telemetry/index.ts";
import {
  describeSilence,
  type HangingScanner,
  Happenings,
} from "../../contracts/silence.contract.ts";
import { afterUpload, answers, FakeScanner } from "../../support/fake-scanner.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { type Script, ScriptedServer } from "../../unit/client/scripted-server.ts";
import { templateOf } from "../template/template-under-test.ts";

const common = {
  name: "hanging",
  connections: 4,
  retry: { attempts: 1, budgetPercent: 0, backoffMs: 0 },
  logger: silentLogger,
  metrics: noEndpointMetrics,
};

/** Answers probes, hangs on scans, and tells of them. */
async function hangingFake(): Promise<{ fake: FakeScanner; scans: Happenings }> {
  const scans = new Happenings();
  const fake = await FakeScanner.start(afterUpload(() => scans.happened()));
  return { fake, scans };
}

async function scanV1(circuitBreaker: CircuitSettings): Promise<HangingScanner> {
  const { fake, scans } = await hangingFake();
  const scanner = await createScanV1Scanner({
    ...common,
    urls: [fake.url],
    circuitBreaker,
    credentials: {},
  });
  return {
    scanner,
    asked: () => scans.next(),
    recover: () => {
      fake.script = answers({ verdict: "clean" });
    },
    [Symbol.asyncDispose]: async () => {
      await scanner.close();
      await fake.stop();
    },
  };
}

/** Its first step is always answered: the second one hangs. */
const twoSteps = `
steps:
- { name: begin, request: { path: /begin } }
- { name: scan, request: { method: POST, path: /scan, body: { mode: Raw } } }
result: { verdict: "res.json.verdict" }`;

async function template(circuitBreaker: CircuitSettings): Promise<HangingScanner> {
  const scans = new Happenings();
  const clean = answers({ verdict: "clean" });
  let hangs = true;
  const fake = await FakeScanner.start(
    afterUpload((request, response) => {
      if (request.url === "/begin" || !hangs) return clean(request, response);
      scans.happened();
    }),
  );
  const scanner = await createTemplateScanner({
    ...common,
    template: templateOf(twoSteps, { baseUrl: fake.url }),
    circuitBreaker,
    credentials: { secrets: {} },
  });
  return {
    scanner,
    asked: () => scans.next(),
    recover: () => {
      hangs = false;
    },
    [Symbol.asyncDispose]: async () => {
      await scanner.close();
      await fake.stop();
    },
  };
}

const OPTIONS =
  'ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\nISTag: "a"\r\nEncapsulated: null-body=0\r\n\r\n';
const NO_CONTENT = 'ICAP/1.0 204 No Content\r\nISTag: "a"\r\nEncapsulated: null-body=0\r\n\r\n';

async function icap(circuitBreaker: CircuitSettings): Promise<HangingScanner> {
  const scans = new Happenings();
  let hangs = true;
  const script: Script = async (peer) => {
    for (;;) {
      const request = await peer.receiveRequest();
      if (request.startsWith("OPTIONS")) peer.send(OPTIONS);
      else if (hangs) scans.happened();
      else peer.send(NO_CONTENT);
    }
  };
  // Each scan that was given up takes its connection with it.
  const server = await ScriptedServer.start(script, script, script, script);
  const directory = new TempDirectory();
  const spools = await SpoolStore.open({ ...SPOOL_DEFAULTS, directory: directory.path });
  const scanner = await createIcapScanner({
    ...common,
    urls: [server.url.uri],
    method: "RESPMOD",
    replaced: "Blocked",
    shares: [],
    maxBytes: Number.POSITIVE_INFINITY,
    circuitBreaker,
    credentials: {},
    newSpool: (maxBytes) => spools.create(maxBytes),
  });
  return {
    scanner,
    asked: () => scans.next(),
    recover: () => {
      hangs = false;
    },
    [Symbol.asyncDispose]: async () => {
      await scanner.close();
      await server[Symbol.asyncDispose]();
      await spools.close();
      directory.remove();
    },
  };
}

describeSilence("a scanner of scan/v1", scanV1);
describeSilence("a vendor with a template", template);
describeSilence("an ICAP server", icap);

describe("a scan of bytes that still arrive", () => {
  it("waits for the scanner only from the last of them on", async () => {
    let now = 0;
    const { fake, scans } = await hangingFake();
    const scanner = await createScanV1Scanner({
      ...common,
      urls: [fake.url],
      circuitBreaker: { failures: 1, openForMs: 10_000, now: () => now },
      credentials: {},
    });
    const last = Promise.withResolvers<void>();
    const arriving: ArrivingEntity = {
      async *read() {
        yield Buffer.from("first");
        await last.promise;
        yield Buffer.from("last");
      },
      retain: () => () => {},
      fileName: undefined,
      declaredType: undefined,
      detectedType: undefined,
    };
    const stop = new AbortController();
    const context = { ...scanContext(stop.signal), arriving };
    const verdict = scanner.scan(entityOf(""), context);
    now += 60_000;
    last.resolve();
    await scans.next();
    now += 500;
    stop.abort(new DOMException("the time is up", "TimeoutError"));
    expect((await verdict).reason).toBe("timeout");
    fake.script = answers({ verdict: "clean" });
    expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("clean");
    await scanner.close();
    await fake.stop();
  });
});

describe("a scan of several steps", () => {
  it.each([
    ["a step", "steps: [{ name: begin, request: { path: /begin } },"],
    ["a poll", "steps: [{ name: begin, request: { path: /begin }, poll: { until: 'true' } },"],
  ])("waits for the vendor only from its last answer on, be it to %s", async (_, begin) => {
    let now = 0;
    const scans = new Happenings();
    const clean = answers({ verdict: "clean" });
    let hangs = true;
    await using fake = await FakeScanner.start(
      afterUpload((request, response) => {
        if (request.url === "/begin") now += 60_000;
        if (request.url === "/begin" || !hangs) return clean(request, response);
        scans.happened();
      }),
    );
    const scanner = await createTemplateScanner({
      ...common,
      template: templateOf(
        `${begin} { name: scan, request: { path: /scan } }]\nresult: { verdict: "res.json.verdict" }`,
        { baseUrl: fake.url },
      ),
      circuitBreaker: { failures: 1, openForMs: 10_000, now: () => now },
      credentials: { secrets: {} },
    });
    const stop = new AbortController();
    const verdict = scanner.scan(entityOf("x"), scanContext(stop.signal));
    await scans.next();
    now += 500;
    stop.abort(new DOMException("the time is up", "TimeoutError"));
    expect((await verdict).reason).toBe("timeout");
    hangs = false;
    expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("clean");
    await scanner.close();
  });
});
