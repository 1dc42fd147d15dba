import { beforeEach, describe, expect, it } from "vitest";
import { Circuit, type ScanEnd } from "../../../src/scanning/circuit.ts";
import { noEndpointMetrics } from "../../../src/telemetry/index.ts";

const outOfTime = AbortSignal.abort(new DOMException("time is up", "TimeoutError"));

describe("Circuit", () => {
  let now: number;
  let told: string[];
  let circuit: Circuit;
  const build = (silentAfterMs?: number): Circuit => {
    const tell = (message: string, { why = "" } = {}) => told.push(`${message}: ${why}`);
    return new Circuit({
      failures: 2,
      openForMs: 100,
      ...(silentAfterMs !== undefined && { silentAfterMs }),
      now: () => now,
      scanner: "fake",
      subject: "scanner",
      names: () => ({ url: "http://fake" }),
      metrics: {
        ...noEndpointMetrics,
        endpointEjected: (scanner, reason) => told.push(`${scanner} ${reason}`),
      },
      logger: { debug: () => {}, info: tell, warn: tell, error: tell },
    });
  };
  beforeEach(() => {
    now = 0;
    told = [];
    circuit = build();
  });
  const end = (changes: Partial<ScanEnd> = {}): void => {
    circuit.admit();
    const { signal } = new AbortController();
    circuit.ended({ failed: true, signal, dueSince: now, why: "it broke", ...changes });
  };
  const silence = (waitedMs: number): void => {
    end({ signal: outOfTime, dueSince: now - waitedMs, why: "aborted" });
  };

  it("tells metrics and log when it opens, and why, once", () => {
    end();
    end();
    end();
    expect(told).toEqual(["fake failures", "scanner keeps failing, left alone: it broke"]);
  });

  it("tells the log when it closes", () => {
    end();
    end();
    now = 100;
    end({ failed: false, why: undefined });
    expect(told.at(-1)).toBe("scanner works again: ");
  });

  it("opens when scans were out of time", () => {
    silence(1000);
    silence(1000);
    expect(circuit.admits).toBe(false);
    expect(told.at(-1)).toBe("scanner keeps failing, left alone: no answer in time");
  });

  it("stays closed when their time was short", () => {
    silence(999);
    silence(999);
    expect(circuit.admits).toBe(true);
  });

  it("takes another time for short where it is told so", () => {
    circuit = build(5000);
    silence(4999);
    silence(4999);
    expect(circuit.admits).toBe(true);
    silence(5000);
    silence(5000);
    expect(circuit.admits).toBe(false);
  });

  it("counts neither way a scan that was given up for another reason", () => {
    end();
    end({ signal: AbortSignal.abort(), dueSince: now - 60_000 });
    expect(circuit.admits).toBe(true);
    end();
    expect(circuit.admits).toBe(false);
  });

  it("counts neither way an answer that came when nobody waited any more", () => {
    end();
    end({ signal: outOfTime, dueSince: now - 60_000, failed: false });
    end();
    expect(circuit.admits).toBe(false);
  });

  it("counts neither way what ended for reasons of ours", () => {
    end();
    circuit.admit();
    circuit.abandoned();
    end();
    expect(circuit.admits).toBe(false);
  });
});
