import { describe, expect, it } from "vitest";
import { failureOf } from "../../../../src/entity/spool/spool-failure.ts";

const systemError = (code: string): Error => Object.assign(new Error(code), { code });

describe("what a system error means", () => {
  it.each([
    ["ENOSPC", "spool-full"],
    ["EDQUOT", "spool-full"],
    ["EIO", "disk-error"],
    ["EROFS", "disk-error"],
    ["ENOENT", "disk-error"],
  ])("%s: %s", (code, kind) => {
    const error = systemError(code);
    expect(failureOf(error)).toEqual({ kind, cause: error });
  });

  it("is an error even when something else was thrown", () => {
    expect(failureOf("odd")).toMatchObject({ kind: "disk-error", cause: { message: "odd" } });
  });
});
