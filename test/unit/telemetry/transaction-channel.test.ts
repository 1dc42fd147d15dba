import { describe, expect, it } from "vitest";
import {
  type Logger,
  noMetrics,
  silentLogger,
  TransactionChannel,
  type TransactionRecord,
} from "../../../src/telemetry/index.ts";
import { fullRecord } from "./transaction-record.ts";

describe("the channel of transactions", () => {
  it("hands a record to all subscribers in their order", () => {
    const channel = new TransactionChannel(silentLogger);
    const seen: [string, TransactionRecord][] = [];
    channel.subscribe((record) => seen.push(["first", record]));
    channel.subscribe((record) => seen.push(["second", record]));
    channel.publish(fullRecord);
    expect(seen).toEqual([
      ["first", fullRecord],
      ["second", fullRecord],
    ]);
  });

  it("forgets who has left", () => {
    const channel = new TransactionChannel(silentLogger);
    let calls = 0;
    const leave = channel.subscribe(() => {
      calls += 1;
    });
    leave();
    channel.publish(fullRecord);
    expect(calls).toBe(0);
  });

  it("logs a subscriber that throws and goes on with the next", () => {
    const events: unknown[] = [];
    const logger: Logger = {
      ...silentLogger,
      error: (message, fields) => events.push([message, fields]),
    };
    const channel = new TransactionChannel(logger);
    const err = new Error("broken");
    channel.subscribe(() => {
      throw err;
    });
    channel.subscribe(() => events.push("next"));
    channel.publish(fullRecord);
    expect(events).toEqual([["transaction subscriber failed", { err }], "next"]);
  });
});

describe("ports that lead nowhere", () => {
  it("take every log call", () => {
    for (const write of Object.values(silentLogger)) expect(write("message")).toBeUndefined();
  });

  it("take every count", () => {
    expect(noMetrics.scanEnded("yara", "clean", 1)).toBeUndefined();
  });
});
