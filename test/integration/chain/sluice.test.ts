/** Sluice behind Sluice. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Scanner, Verdict } from "../../../src/scanning/index.ts";
import { describeScannerContract } from "../../contracts/scanner.contract.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { startScanning } from "../../support/scan-service.ts";
import type { ServerUnderTest } from "../../support/server-under-test.ts";
import { useIcapScanners } from "./other-server.ts";

const BAD = Buffer.from("something bad");

/** Looks at the first bytes. */
const judge: Scanner = {
  name: "judge",
  epoch: "7",
  maxBytes: Number.POSITIVE_INFINITY,
  scan: async ({ content, sha256 }): Promise<Verdict> => {
    const bad = entityOf(BAD).sha256 === sha256;
    return content.kind === "memory" && bad
      ? { kind: "blocked", reason: "malware", threats: [{ name: "Bad.Thing" }] }
      : { kind: "clean", threats: [] };
  },
  close: async () => {},
};

describe("Sluice behind Sluice", () => {
  const { create } = useIcapScanners();
  let behind: ServerUnderTest;
  beforeAll(async () => {
    behind = await startScanning([{ path: "/scan", scanner: judge, previewBytes: 4 }]);
  });
  afterAll(() => behind.close());

  const make = () => create([`icap://127.0.0.1:${behind.port}/scan`]);

  describeScannerContract("a chain of two", {
    create: make,
    blocked: BAD,
    harmless: Buffer.from("nothing bad at all"),
    harmlessVerdict: "clean",
  });

  it("passes the name of the threat on", async () => {
    const scanner = await make();
    const verdict = await scanner.scan(entityOf(BAD), scanContext());
    expect(verdict).toMatchObject({ reason: "malware", threats: [{ name: "Bad.Thing" }] });
  });

  it("keeps its connection for the next scan", async () => {
    const scanner = await make();
    const before = behind.metrics.opened;
    for (let i = 0; i < 3; i += 1) {
      expect((await scanner.scan(entityOf("fine"), scanContext())).kind).toBe("clean");
    }
    expect(behind.metrics.opened).toBe(before);
  });

  it("uploads more than fits into memory", async () => {
    const scanner = await create([`icap://127.0.0.1:${behind.port}/scan`]);
    const large = entityOf(Buffer.alloc(900_000, "x"));
    expect((await scanner.scan(large, scanContext())).kind).toBe("clean");
  });
});
