import { afterEach, describe, expect, it, vi } from "vitest";
import type { Scanner, ScanV1Options, Verdict } from "../../../src/scanning/index.ts";
import { createScanV1Scanner } from "../../../src/scanning/index.ts";
import { type Logger, silentLogger } from "../../../src/telemetry/index.ts";
import { CertificateAuthority } from "../../support/certificate-authority.ts";
import { afterUpload, answers, answersStatus, FakeScanner } from "../../support/fake-scanner.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { clean, options, within } from "./scanner-under-test.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Scanners on one port of 127.0.0.1, 127.0.0.2 and so on. */
async function replicas(count: number): Promise<FakeScanner[]> {
  const first = await FakeScanner.start();
  const all = [first];
  for (let n = 2; n <= count; n += 1) {
    all.push(
      await FakeScanner.start(answers(clean), undefined, {
        host: `127.0.0.${n}`,
        port: first.port,
      }),
    );
  }
  cleanups.push(() => Promise.all(all.map((one) => one.stop())));
  return all;
}

/** DNS that says what the test says. */
class Names {
  #addresses: readonly string[];
  /** The code of a look-up that fails. */
  failure: string | undefined;
  lookups = 0;

  constructor(...addresses: readonly string[]) {
    this.#addresses = addresses;
  }

  change(...addresses: readonly string[]): void {
    this.#addresses = addresses;
  }

  readonly lookup = () => {
    this.lookups += 1;
    if (this.failure !== undefined) {
      return Promise.reject(Object.assign(new Error("no such name"), { code: this.failure }));
    }
    return Promise.resolve(this.#addresses.map((address) => ({ address, family: 4 })));
  };

  /** Until it was asked once more, and what it said has been taken up. */
  async askedAgain(): Promise<void> {
    const before = this.lookups;
    await expect.poll(() => this.lookups).toBeGreaterThan(before + 1);
  }
}

async function scannerOf(
  urls: readonly string[],
  names: Names,
  changes: Partial<ScanV1Options> = {},
): Promise<Scanner> {
  const { lookup } = names;
  const scanner = await createScanV1Scanner({
    ...options,
    urls,
    lookup,
    lookupEveryMs: 10,
    ...changes,
  });
  cleanups.push(() => scanner.close());
  return scanner;
}

const scan = (scanner: Scanner): Promise<Verdict> => scanner.scan(entityOf("x"), scanContext());

/** Holds every scan until it is released. */
function holding() {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: asked, resolve: told } = Promise.withResolvers<void>();
  const script = afterUpload(async (_request, response) => {
    told();
    await released;
    response.writeHead(200, { "content-type": "application/json" }).end('{"verdict":"clean"}');
  });
  return { script, asked, release };
}

describe("a scanner whose name stands for several addresses", () => {
  it("is asked at each of them, by its name", async () => {
    const [one, two] = (await replicas(2)) as [FakeScanner, FakeScanner];
    const holds = [holding(), holding()] as const;
    [one.script, two.script] = [holds[0].script, holds[1].script];
    const url = one.urlAt("scanner.test");
    const scanner = await scannerOf([url], new Names("127.0.0.1", "127.0.0.2"));
    const verdicts = Promise.all([scan(scanner), scan(scanner)]);
    await Promise.all([holds[0].asked, holds[1].asked]);
    for (const { release } of holds) release();
    expect((await verdicts).map(({ kind }) => kind)).toEqual(["clean", "clean"]);
    const hosts = [one, two].map(({ received }) => received.map(({ headers }) => headers.host));
    expect(hosts).toEqual([[new URL(url).host], [new URL(url).host]]);
  });

  it("may be one of a list", async () => {
    const [one, two] = (await replicas(2)) as [FakeScanner, FakeScanner];
    const holds = [holding(), holding()] as const;
    [one.script, two.script] = [holds[0].script, holds[1].script];
    const scanner = await scannerOf([one.urlAt("scanner.test"), two.url], new Names("127.0.0.1"));
    const verdicts = Promise.all([scan(scanner), scan(scanner)]);
    await Promise.all([holds[0].asked, holds[1].asked]);
    for (const { release } of holds) release();
    await verdicts;
    expect([one.received.length, two.received.length]).toEqual([1, 1]);
  });

  it("is asked at one that came", async () => {
    const [one, two] = (await replicas(2)) as [FakeScanner, FakeScanner];
    const names = new Names("127.0.0.1");
    const scanner = await scannerOf([one.urlAt("scanner.test")], names);
    names.change("127.0.0.2");
    await names.askedAgain();
    expect((await scan(scanner)).kind).toBe("clean");
    expect([one.received.length, two.received.length]).toEqual([0, 1]);
  });

  it("is left where it is gone, without the scans under way", async () => {
    const [one, two] = (await replicas(2)) as [FakeScanner, FakeScanner];
    const hold = holding();
    one.script = hold.script;
    const names = new Names("127.0.0.1");
    const scanner = await scannerOf([one.urlAt("scanner.test")], names);
    const underWay = scan(scanner);
    await hold.asked;
    names.change("127.0.0.2");
    await names.askedAgain();
    expect((await scan(scanner)).kind).toBe("clean");
    hold.release();
    expect((await underWay).kind).toBe("clean");
    expect([one.received.length, two.received.length]).toEqual([1, 1]);
  });

  it("is polled where it is gone, for a scan that was accepted there", async () => {
    const [one] = (await replicas(2)) as [FakeScanner];
    const names = new Names("127.0.0.1");
    const scanner = await scannerOf([one.urlAt("scanner.test")], names);
    one.script = afterUpload(async (request, response) => {
      if (request.method === "POST") {
        names.change("127.0.0.2");
        await names.askedAgain();
        response.writeHead(202, { location: "/v1/scans/1", "retry-after": "0" }).end();
      } else {
        response.writeHead(200, { "content-type": "application/json" }).end('{"verdict":"clean"}');
      }
    });
    expect((await scanner.scan(entityOf("x"), within(60_000))).kind).toBe("clean");
    expect(one.received.map(({ method }) => method)).toEqual(["POST", "GET"]);
  });

  it("is followed at the address that has the scan", async () => {
    const [one, two] = (await replicas(2)) as [FakeScanner, FakeScanner];
    const url = one.urlAt("scanner.test");
    two.script = answersStatus(202, { location: "/v1/scans/1", "retry-after": "0" });
    const first = await scannerOf([url], new Names("127.0.0.2"));
    const { job = "" } = await first.scan(entityOf("x"), {
      ...within(60_000),
      keepJob: true,
      jobAtOnce: true,
    });
    two.script = answers({ verdict: "blocked" });
    const other = await scannerOf([url], new Names("127.0.0.1", "127.0.0.2"));
    expect((await other.follow?.(job, within(60_000)))?.kind).toBe("blocked");
    expect(one.received).toEqual([]);
  });

  it("keeps its addresses while DNS is gone, and says so once", async () => {
    const [one] = (await replicas(1)) as [FakeScanner];
    const lines: string[] = [];
    const tell = (message: string): void => void lines.push(message);
    const logger: Logger = { ...silentLogger, warn: tell, info: tell };
    const names = new Names("127.0.0.1");
    const scanner = await scannerOf([one.urlAt("scanner.test")], names, { logger });
    names.failure = "EAI_AGAIN";
    await names.askedAgain();
    await names.askedAgain();
    expect((await scan(scanner)).kind).toBe("clean");
    names.failure = undefined;
    await names.askedAgain();
    expect(lines).toEqual([
      "scanner's name is not known, its last addresses stay",
      "scanner's name is known again",
    ]);
  });

  it("is an error while nobody knows it, and a verdict as soon as somebody does", async () => {
    const [one] = (await replicas(1)) as [FakeScanner];
    const names = new Names("127.0.0.1");
    names.failure = "ENOTFOUND";
    const scanner = await scannerOf([one.urlAt("scanner.invalid")], names);
    expect((await scan(scanner)).kind).toBe("error");
    names.failure = undefined;
    await names.askedAgain();
    expect((await scan(scanner)).kind).toBe("clean");
  });

  it("is looked up at once when it cannot be reached", async () => {
    const [one, two] = (await replicas(2)) as [FakeScanner, FakeScanner];
    const names = new Names("127.0.0.1");
    const changes = { lookupEveryMs: 3_600_000 };
    const scanner = await scannerOf([one.urlAt("scanner.test")], names, changes);
    await one.stop();
    names.change("127.0.0.2");
    await expect.poll(async () => (await scan(scanner)).kind).toBe("clean");
    expect(two.received).toHaveLength(1);
  });

  it("is vouched for by its name where TLS is used", async () => {
    const authority = await CertificateAuthority.create();
    cleanups.push(() => authority.remove());
    const server = await FakeScanner.start(
      answers(clean),
      await authority.issue("DNS:scanner.test"),
    );
    cleanups.push(() => server.stop());
    const tls = { ca: authority.cert, minVersion: "TLSv1.2" } as const;
    const scanner = await scannerOf([server.urlAt("scanner.test")], new Names("127.0.0.1"), {
      credentials: { tls },
    });
    expect((await scan(scanner)).kind).toBe("clean");
  });

  it("tells the metrics of each address", async () => {
    const [one] = (await replicas(2)) as [FakeScanner];
    const url = one.urlAt("scanner.test");
    const watchEndpoints = vi.fn(() => () => {});
    await scannerOf([url], new Names("127.0.0.1", "127.0.0.2"), {
      metrics: { ...options.metrics, watchEndpoints },
    });
    const [, read] = watchEndpoints.mock.calls[0] as unknown as [string, () => unknown];
    const up = { url, isUp: true, isEjected: false, requests: 0 };
    expect(read()).toEqual([
      { ...up, address: "127.0.0.1" },
      { ...up, address: "127.0.0.2" },
    ]);
  });
});

describe("a scanner on this very host", () => {
  it("is found by the name that /etc/hosts has for it", async () => {
    const [one] = (await replicas(1)) as [FakeScanner];
    const scanner = await createScanV1Scanner({ ...options, urls: [one.urlAt("localhost")] });
    cleanups.push(() => scanner.close());
    expect((await scan(scanner)).kind).toBe("clean");
  });

  it("is one endpoint where its name has an address of each family", async () => {
    const [one] = (await replicas(1)) as [FakeScanner];
    const both = [
      { address: "::1", family: 6 },
      { address: "127.0.0.1", family: 4 },
    ];
    const watchEndpoints = vi.fn(() => () => {});
    const scanner = await createScanV1Scanner({
      ...options,
      urls: [one.urlAt("both.test")],
      lookup: () => Promise.resolve(both),
      metrics: { ...options.metrics, watchEndpoints },
    });
    cleanups.push(() => scanner.close());
    expect((await scan(scanner)).kind).toBe("clean");
    const [, read] = watchEndpoints.mock.calls[0] as unknown as [string, () => unknown];
    expect(read()).toHaveLength(1);
  });
});
