import { expect, it } from "vitest";
import { makeIncidentId } from "../../../src/transaction/incident-id.ts";

it("gives every transaction an id of its own that can be read out", () => {
  const ids = Array.from({ length: 2000 }, makeIncidentId);
  expect(new Set(ids).size).toBe(2000);
  expect(
    ids.filter((id) => !/^(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/.test(id)),
  ).toEqual([]);
});
