import { expect, it } from "vitest";
import { FailureKind, sqlFailure } from "../../../../src/scanners/sql/sql-failure.ts";

const unknown = () => undefined;

it("shows the code of the database, and nothing of what it says", () => {
  const error = { code: "22P02", message: 'invalid input syntax: "canary"' };
  expect(sqlFailure(error, unknown, []).message).toBe("the database answers 22P02");
});

it("cuts secrets and values out of what goes to the log, the longer first", () => {
  const error = { code: "X", message: "canary-1 and canary-12 of a user" };
  expect(sqlFailure(error, unknown, ["canary-1", "canary-12", ""]).detail).toBe(
    "X: *** and *** of a user",
  );
});

it.each(["ECONNREFUSED", "ENOTFOUND", "EPIPE", "PROTOCOL_CONNECTION_LOST", "CERT_HAS_EXPIRED"])(
  "takes %s for a database that is not to be had",
  (code) => {
    expect(sqlFailure({ code }, unknown, []).kind).toBe(FailureKind.Unreachable);
  },
);

it("takes what it does not know for a refusal", () => {
  expect(sqlFailure(new Error("what"), unknown, []).kind).toBe(FailureKind.Refused);
});

it("leaves a failure as it is", () => {
  const failure = sqlFailure({ code: "X" }, () => FailureKind.Timeout, []);
  expect(sqlFailure(failure, unknown, [])).toBe(failure);
});
