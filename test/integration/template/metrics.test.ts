import { describe, expect, it } from "vitest";
import type { EndpointMetrics, EndpointState } from "../../../src/telemetry/index.ts";
import { answersStatus } from "../../support/fake-scanner.ts";
import { entityOf } from "../../support/samples/entities.ts";
import { useVendor, within } from "./template-under-test.ts";

const simple = `
steps: [{ name: scan, request: { method: POST, path: /scan, body: { mode: Raw } } }]
result: { verdict: "'clean'" }`;

describe("what a scanner with a template counts", () => {
  const { vendor, scannerOf } = useVendor();

  const counted = async (yaml: string, changes = {}) => {
    const told: string[] = [];
    let read: () => readonly EndpointState[] = () => [];
    const metrics: EndpointMetrics = {
      probeEnded: (scanner, isOk) => void told.push(`${scanner} probe ${isOk}`),
      retryWanted: (scanner, result) => void told.push(`${scanner} retry ${result}`),
      endpointEjected: (scanner, reason) => void told.push(`${scanner} ejected ${reason}`),
      epochChanged: (scanner) => void told.push(`${scanner} epoch`),
      watchEndpoints: (_scanner, watched) => {
        read = watched;
        return () => void told.push("unwatched");
      },
    };
    const scanner = await scannerOf(yaml, {}, { metrics, ...changes });
    return { scanner, told, state: () => read()[0] };
  };

  it("is a vendor that is left alone for its failures", async () => {
    vendor().script = answersStatus(500);
    const circuitBreaker = { failures: 1, openForMs: 60_000 };
    const { scanner, told, state } = await counted(simple, { circuitBreaker });
    expect(state()).toMatchObject({ url: vendor().url, isUp: true, isEjected: false });
    await scanner.scan(entityOf("x"), within(60_000));
    expect(told).toEqual(["vendor ejected failures"]);
    expect(state()).toMatchObject({ isEjected: true, requests: 0 });
  });

  it("is a vendor that is left alone at its own wish", async () => {
    vendor().script = answersStatus(429, { "retry-after": "30" });
    const { scanner, told, state } = await counted(simple);
    await scanner.scan(entityOf("x"), within(60_000));
    expect(told).toEqual(["vendor ejected busy"]);
    expect(state()).toMatchObject({ isEjected: true });
  });

  it("is a retry", async () => {
    await vendor().stop();
    const retry = { attempts: 2, budgetPercent: 100, backoffMs: 0 };
    const { scanner, told } = await counted(simple, { retry });
    await scanner.scan(entityOf("x"), within(60_000));
    expect(told).toEqual(["vendor retry made"]);
  });

  it("is whether the engine tells its version", async () => {
    vendor().script = answersStatus(500);
    const epoch = "epoch: { request: { path: /version }, value: res.json.v }";
    const { told, state } = await counted(`${epoch}${simple}`);
    expect(told).toEqual(["vendor probe false"]);
    expect(state()).toMatchObject({ isUp: false });
  });

  it("ends with the scanner", async () => {
    const { scanner, told } = await counted(simple);
    await scanner.close();
    expect(told).toEqual(["unwatched"]);
  });
});
