import { describe, expect, it } from "vitest";
import { EpochChanges, noEndpointMetrics, silentLogger } from "../../../src/telemetry/index.ts";

function observed() {
  const seen = { now: 0, counted: [] as string[], lines: [] as unknown[] };
  const changes = new EpochChanges({
    scanner: "clamav",
    metrics: { ...noEndpointMetrics, epochChanged: (name) => void seen.counted.push(name) },
    logger: { ...silentLogger, info: (_line, fields) => void seen.lines.push(fields) },
    now: () => seen.now,
  });
  return { seen, changes };
}

describe("epochs that were not known", () => {
  it("are counted and logged", () => {
    const { seen, changes } = observed();
    changes.tell("one");
    expect(seen.counted).toEqual(["clamav"]);
    expect(seen.lines).toEqual([{ scanner: "clamav", epoch: "one" }]);
  });

  it("do not fill the log where every answer shows another, and are all counted", () => {
    const { seen, changes } = observed();
    for (let answer = 0; answer < 1000; answer += 1) changes.tell(`epoch ${answer}`);
    expect([seen.counted.length, seen.lines.length]).toEqual([1000, 10]);
  });

  it("are logged again after a while, with how many were not", () => {
    const { seen, changes } = observed();
    for (let answer = 0; answer < 12; answer += 1) changes.tell(`epoch ${answer}`);
    seen.now += 60_000;
    changes.tell("later");
    expect(seen.lines.at(-1)).toEqual({ scanner: "clamav", epoch: "later", notLogged: 2 });
  });
});
