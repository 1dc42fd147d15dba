import { describe, expect, it } from "vitest";
import { fieldValue, fieldValues, listHas } from "../../../src/protocol/index.ts";

const fields = ["Host", "h", "X-A", "1", "x-a", "2", "X-AB", "3"];

describe("the value of a field", () => {
  it("is found by name in any case [conformance 34]", () => {
    expect(fieldValue(fields, "hOST")).toBe("h");
  });

  it("is the first of several", () => {
    expect(fieldValue(fields, "x-A")).toBe("1");
  });

  it("is undefined where there is no such field, be its name part of another's", () => {
    expect(fieldValue(fields, "X-ABC")).toBeUndefined();
  });
});

describe("the values of a field", () => {
  it("come in their order", () => {
    expect(fieldValues(fields, "X-a")).toEqual(["1", "2"]);
  });

  it("are none where there is no such field", () => {
    expect(fieldValues(fields, "X-")).toEqual([]);
  });
});

describe("a list", () => {
  it.each(["204", "204, 206", "206,204", "\t204 ", "trailers ,204,", "x, 204,y"])(
    "%j has 204 [conformance 103]",
    (list) => {
      expect(listHas(list, "204")).toBe(true);
    },
  );

  it.each(["", "2041", "x204", "2 04", "20", "206", '"204"', "204;q=1"])(
    "%j has no 204 [conformance 104]",
    (list) => {
      expect(listHas(list, "204")).toBe(false);
    },
  );
});
