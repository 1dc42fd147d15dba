import { describe, expect, it } from "vitest";
import { type Beginning, ScanStage } from "../../../src/scanning/index.ts";
import { answers, answersStatus } from "../../support/fake-scanner.ts";
import { entityOf } from "../../support/samples/entities.ts";
import { useVendor, within } from "./template-under-test.ts";

const byUrl = `
steps: [{ name: look, request: { path: /look, query: { url: "\${req.url}" } } }]
result: { verdict: res.json.verdict }`;

const beginning: Beginning = {
  stage: ScanStage.Headers,
  bytes: Buffer.alloc(0),
  totalBytes: undefined,
  fileName: undefined,
  declaredType: undefined,
  detectedType: undefined,
};

describe("a template that reads nothing of an entity", () => {
  const { vendor, scannerOf } = useVendor();

  it.each(["clean", "blocked"])("judges by the heads: %s", async (verdict) => {
    vendor().script = answers({ verdict });
    const scanner = await scannerOf(byUrl);
    expect(scanner.stages).toEqual(["headers"]);
    expect((await scanner.screen?.(beginning, within(60_000)))?.kind).toBe(verdict);
    expect(vendor().received[0]?.path).toBe("/look?url=http%3A%2F%2Ffiles.example%2Freport");
  });

  it.each(["suspicious", "unknown"])("leaves to the end what is %s", async (verdict) => {
    vendor().script = answers({ verdict });
    const scanner = await scannerOf(byUrl);
    expect(await scanner.screen?.(beginning, within(60_000))).toBeUndefined();
  });

  it.each(["clean", "unknown"])("asks once about one transaction: %s", async (verdict) => {
    vendor().script = answers({ verdict });
    const scanner = await scannerOf(byUrl);
    const context = within(60_000);
    await scanner.screen?.(beginning, context);
    expect((await scanner.scan(entityOf("x"), context)).kind).toBe(verdict);
    await scanner.scan(entityOf("x"), { ...context, transactionId: "another" });
    expect(vendor().received).toHaveLength(2);
  });

  it("asks again after a failure", async () => {
    vendor().script = answersStatus(500);
    const scanner = await scannerOf(byUrl);
    const context = within(60_000);
    expect(await scanner.screen?.(beginning, context)).toBeUndefined();
    vendor().script = answers({ verdict: "clean" });
    expect((await scanner.scan(entityOf("x"), context)).kind).toBe("clean");
  });

  it.each(["sha256", "size", "fileName", "declaredType", "detectedType"])(
    "is not one that reads %s",
    async (member) => {
      const scanner = await scannerOf(byUrl.replace("req.url", `req.${member}`));
      expect(scanner.stages).toEqual([]);
    },
  );
});
