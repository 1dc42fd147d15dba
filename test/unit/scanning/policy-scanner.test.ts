import { expect, it } from "vitest";
import { PolicyScanner, type ScanContext, type Scanner } from "../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";

it("A PolicyScanner asks its scanner under the policy, and tells no other", async () => {
  const seen: (string | undefined)[] = [];
  const scanner: Scanner = {
    name: "inner",
    epoch: "1",
    maxBytes: 10,
    scan: async (_entity, { policy }: ScanContext) => {
      seen.push(policy);
      return { kind: "clean", threats: [] };
    },
    close: async () => {},
  };
  const context = scanContext();
  await new PolicyScanner(scanner, "strict").scan(entityOf("x"), context);
  await scanner.scan(entityOf("x"), context);
  expect(seen).toEqual(["strict", undefined]);
});
