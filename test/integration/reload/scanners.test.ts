import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  EntityExtractor,
  EXTRACTION_DEFAULTS,
  SPOOL_DEFAULTS,
  SpoolStore,
} from "../../../src/entity/index.ts";
import type { ScannerEntry } from "../../../src/resources/index.ts";
import {
  compiledTable,
  Runtime,
  ScannerShelf,
  ServiceFactory,
} from "../../../src/runtime/index.ts";
import type { Router } from "../../../src/services/index.ts";
import { noCombiningMetrics, noMetrics, silentLogger } from "../../../src/telemetry/index.ts";
import { backgroundScans } from "../../support/background-scans.ts";
import { ScriptedScanner } from "../../support/samples/scripted-scanner.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { scannedBy, scanner, service } from "./reloading-server.ts";

/** The time that a transaction of the services here may take. */
const RETIREMENT_MS = 90_000;
const capabilities = {
  scannerProtocols: ["Embedded"],
  scannerModes: ["Hold"],
  combineStrategies: ["AnyBlocks"],
} as const;

/** A runtime whose scanners are made up, and what it did. */
class Bench {
  readonly made: { readonly name: string; readonly scanner: ScriptedScanner }[] = [];
  readonly routers: Router[] = [];
  readonly runtime: Runtime;
  /** Names of scanners that cannot be made. */
  readonly broken = new Set<string>();

  constructor(spools: SpoolStore) {
    this.runtime = new Runtime({
      shelf: new ScannerShelf((entry) => this.#make(entry), noMetrics),
      factory: new ServiceFactory({
        extractor: new EntityExtractor(spools, EXTRACTION_DEFAULTS),
        background: backgroundScans(),
        metrics: noCombiningMetrics,
        logger: silentLogger,
        optionsTtlMs: 1000,
        maxConnections: 1,
        maxPreviewBytes: 4096,
        via: "test",
        failureStatus: 503,
      }),
      metrics: noMetrics,
      logger: silentLogger,
      serve: (router) => this.routers.push(router),
    });
  }

  apply(...resources: readonly string[]): Promise<void> {
    const files = [{ name: "test.yaml", text: resources.join("") }];
    return this.runtime.apply(compiledTable(files, capabilities));
  }

  get names(): readonly string[] {
    return this.made.map(({ name }) => name);
  }

  /** How often each scanner was closed, in the order in which they were made. */
  get closed(): readonly number[] {
    return this.made.map(({ scanner: { closed } }) => closed);
  }

  #make(entry: ScannerEntry): Promise<ScriptedScanner> {
    if (this.broken.has(entry.name)) return Promise.reject(new Error(`${entry.name} is broken`));
    const scanner = new ScriptedScanner(entry.name);
    this.made.push({ name: entry.name, scanner });
    return Promise.resolve(scanner);
  }
}

const using = (name: string) =>
  service(`with-${name}`, `limits: { transactionTimeout: 90s }, ${scannedBy(name)}`);

describe("the scanners of a reload", () => {
  const directory = new TempDirectory();
  let spools: SpoolStore;
  let bench: Bench;

  beforeEach(async () => {
    spools = await SpoolStore.open({ ...SPOOL_DEFAULTS, directory: directory.path });
    bench = new Bench(spools);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await bench.runtime.close();
    await spools.close();
  });

  it("are kept where their configuration did not change, whatever else did", async () => {
    await bench.apply(using("a"), scanner("a"), using("b"), scanner("b"));
    await bench.apply(service("new"), using("a"), scanner("a"), using("b"), scanner("b", "/list"));
    vi.advanceTimersByTime(RETIREMENT_MS);
    expect([bench.names, bench.closed]).toEqual([
      ["a", "b", "b"],
      [0, 1, 0],
    ]);
  });

  it("that nobody needs any more are closed only when no transaction can use them", async () => {
    await bench.apply(using("a"), scanner("a"));
    await bench.apply(service("alone"));
    vi.advanceTimersByTime(RETIREMENT_MS - 1);
    const early = bench.closed;
    vi.advanceTimersByTime(1);
    expect([early, bench.closed]).toEqual([[0], [1]]);
  });

  it("are not closed twice when the end comes before their time", async () => {
    await bench.apply(using("a"), scanner("a"));
    await bench.apply(using("b"), scanner("b"));
    await bench.runtime.close();
    vi.advanceTimersByTime(RETIREMENT_MS);
    expect(bench.closed).toEqual([1, 1]);
  });

  it("that cannot be made leave everything as it was", async () => {
    await bench.apply(using("a"), scanner("a"));
    const before = bench.runtime.revision;
    bench.broken.add("c");
    const reload = bench.apply(using("b"), scanner("b"), using("c"), scanner("c"));
    await expect(reload).rejects.toThrow("c is broken");
    vi.advanceTimersByTime(RETIREMENT_MS);
    expect([bench.runtime.revision, bench.routers.length, bench.names, bench.closed]).toEqual([
      before,
      1,
      ["a", "b"],
      [0, 1],
    ]);
  });

  it("that were made for services which cannot be made are closed again", async () => {
    await bench.apply(using("a"), scanner("a"));
    const page = 'block: { page: { inline: "<p>{{nonsense}}</p>" } }';
    const reload = bench.apply(
      service("broken", `${page}, ${scannedBy("b")}`),
      using("a"),
      scanner("a"),
      scanner("b"),
    );
    await expect(reload).rejects.toThrow("block page template");
    expect([bench.names, bench.closed]).toEqual([
      ["a", "b"],
      [0, 1],
    ]);
  });

  it("are made again after they were gone", async () => {
    await bench.apply(using("a"), scanner("a"));
    await bench.apply(service("alone"));
    await bench.apply(using("a"), scanner("a"));
    vi.advanceTimersByTime(RETIREMENT_MS);
    expect(bench.closed).toEqual([1, 0]);
  });

  it("come and go one reload after the other, however fast they are asked for", async () => {
    await Promise.all(["a", "b", "c"].map((name) => bench.apply(using(name), scanner(name))));
    const paths = bench.routers.map((router) =>
      ["a", "b", "c"].filter((name) => router.find(`/with-${name}`) !== undefined).join(),
    );
    expect(paths).toEqual(["a", "b", "c"]);
  });
});
