import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { lateVerdictEvent } from "../../../src/events/index.ts";
import { verdictOf } from "../../support/job-scanner.ts";
import { lateVerdict } from "./late-verdict.ts";

const docs = join(import.meta.dirname, "../../../docs");
const schema = z.fromJSONSchema(JSON.parse(readFileSync(join(docs, "events.schema.json"), "utf8")));
const sent = (event: object): unknown => JSON.parse(JSON.stringify(event));

describe("the event of a late verdict", () => {
  it("has the attributes that CloudEvents 1.0 requires", () => {
    expect(lateVerdictEvent(lateVerdict())).toMatchObject({
      specversion: "1.0",
      id: "0f2b1a4e-8a56-4f4e-9a34-0f2dbb3e7d0e-blocked",
      source: "/icapservices/downloads",
      type: "dev.sluice.verdict.late",
      time: "2026-11-22T07:04:11.532Z",
    });
  });

  it("fits its schema, with all that can be told", () => {
    expect(schema.safeParse(sent(lateVerdictEvent(lateVerdict()))).error).toBeUndefined();
  });

  it.each(["clean", "suspicious", "unscannable", "unknown", "pending", "error"] as const)(
    "fits its schema with no more than the verdict %s",
    (kind) => {
      const late = lateVerdict({ verdict: verdictOf(kind), recipients: [] });
      expect(schema.safeParse(sent(lateVerdictEvent(late))).error).toBeUndefined();
    },
  );

  it("is the example of the document, but for what that leaves out", () => {
    const page = readFileSync(join(docs, "events.md"), "utf8");
    const example: unknown = JSON.parse(/```json\n([\s\S]+?)```/.exec(page)?.[1] ?? "");
    expect(schema.safeParse(example).error).toBeUndefined();
    expect(sent(lateVerdictEvent(lateVerdict()))).toMatchObject(example as object);
  });

  it("would be seen not to fit with a member that the schema does not have", () => {
    const event = { ...lateVerdictEvent(lateVerdict()), job: "7" };
    expect(schema.safeParse(sent(event)).success).toBe(false);
  });

  it("tells nothing of the job", () => {
    expect(JSON.stringify(lateVerdictEvent(lateVerdict()))).not.toContain("business");
  });

  it("says whether anybody has the entity", () => {
    const [recipient] = lateVerdict().recipients;
    const parked = recipient && { ...recipient, delivered: false };
    const data = (recipients: unknown[]) =>
      lateVerdictEvent(lateVerdict({ recipients: recipients as never })).data;
    expect([data([parked]), data([parked, recipient]), data([])]).toMatchObject([
      { delivered: false },
      { delivered: true },
      { delivered: false },
    ]);
  });

  it("names a service of any name in its source", () => {
    const { record } = lateVerdict();
    const late = lateVerdict({ record: { ...record, service: "a b/c" } });
    expect(lateVerdictEvent(late).source).toBe("/icapservices/a%20b%2Fc");
  });
});
