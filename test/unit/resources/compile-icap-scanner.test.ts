import { describe, expect, it } from "vitest";
import { compile, readTable, type ScannerEntry } from "../../../src/resources/index.ts";
import { options, scanner, service, uses } from "./builders.ts";

function tableOf(icap: object, more: object = {}) {
  const spec = { endpoint: undefined, protocol: { type: "Icap", icap }, ...more };
  return compile([service({ scanners: [uses("av")] }), scanner(spec)], options).table;
}

function protocolOf(icap: object, more: object = {}): ScannerEntry["protocol"] | undefined {
  return tableOf(icap, more).scanners[0]?.protocol;
}

const urls = ["icaps://b.example/avscan", "icap://a.example:1345/avscan?mode=strict"];

describe("another ICAP server as a scanner", () => {
  it("gets the documented defaults", () => {
    expect(protocolOf({ urls })).toEqual({
      type: "Icap",
      urls: urls.toReversed(),
      method: "Auto",
      replaced: "Blocked",
      shares: [],
      limits: { concurrency: 32, queue: 256 },
      retry: { attempts: 2, budgetPercent: 20, backoffMs: 50 },
      circuitBreaker: { failures: 5, openForMs: 10_000, silentAfterMs: 1000 },
    });
  });

  it("has what it sets", () => {
    const icap = {
      urls,
      method: "RESPMOD",
      replaced: "Modified",
      share: ["Url", "Identity"],
      maxBytes: "5Mi",
    };
    expect(protocolOf(icap, { retry: { attempts: 1 } })).toMatchObject({
      method: "RESPMOD",
      replaced: "Modified",
      shares: ["Identity", "Url"],
      maxBytes: 5 * 1024 * 1024,
      retry: { attempts: 1 },
    });
  });

  it("may have credentials and TLS", () => {
    const auth = { type: "Bearer", bearer: { tokenRef: { name: "s", key: "t" } } };
    const more = { auth, tls: { serverName: "icap.example" } };
    expect(protocolOf({ urls }, more)).toMatchObject({
      auth: { type: "Bearer", token: { namespace: "team", name: "s", key: "t" } },
      tls: { serverName: "icap.example", minVersion: "TLSv1.2" },
    });
  });

  it("is read again as it was written", () => {
    const table = tableOf({ urls, maxBytes: 100 });
    expect(readTable(JSON.stringify(table))).toEqual({ table });
  });
});
