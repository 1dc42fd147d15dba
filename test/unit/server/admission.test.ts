import { expect, it } from "vitest";
import { Admission } from "../../../src/server/admission.ts";

it("counts each client's connections apart", () => {
  const admission = new Admission({ maxConnections: 3, maxConnectionsPerClient: 1 });
  expect(["a", "a", "b"].map((client) => admission.enter(client))).toEqual([
    undefined,
    "max-connections-per-client",
    undefined,
  ]);
  expect(admission.open).toBe(2);
});

it("refuses everybody when there are too many in all", () => {
  const admission = new Admission({ maxConnections: 1, maxConnectionsPerClient: 5 });
  admission.enter("a");
  expect(admission.enter("b")).toBe("max-connections");
});

it("has room again for a client that left", () => {
  const admission = new Admission({ maxConnections: 1, maxConnectionsPerClient: 1 });
  admission.enter("a");
  admission.leave("a");
  expect([admission.open, admission.enter("a")]).toEqual([0, undefined]);
});
