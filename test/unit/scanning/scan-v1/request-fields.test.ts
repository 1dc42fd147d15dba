import { validateHeaderValue } from "node:http";
import { describe, expect, it } from "vitest";
import type { ClientIdentity, ScanContext } from "../../../../src/scanning/index.ts";
import { requestFields } from "../../../../src/scanning/scan-v1/request-fields.ts";
import { entityOf, scanContext } from "../../../support/samples/entities.ts";

function fieldsOf(facts: Partial<ScanContext>): Readonly<Record<string, string>> {
  const context = { ...scanContext(), ...facts };
  const fields = requestFields({
    entity: entityOf("x"),
    context,
    sendsContent: true,
    takesContent: false,
    leftMs: 5,
  });
  // As Node's own HTTP client would refuse them.
  for (const [name, value] of Object.entries(fields)) validateHeaderValue(name, value);
  return fields;
}

const identity = (facts: ClientIdentity) => fieldsOf({ identity: facts });
const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe("a request to a scanner", () => {
  it("tells the facts of the transaction", () => {
    const facts = { host: "files.example", httpMethod: "GET", httpStatus: 404, policy: "strict" };
    expect(fieldsOf(facts)).toMatchObject({
      "scan-host": "files.example",
      "scan-method": "GET",
      "scan-http-status": "404",
      "scan-policy": "strict",
    });
  });

  it("leaves out what is not known", () => {
    const names = Object.keys(fieldsOf({}));
    expect(
      names.filter((name) => /host|method|status|policy|client|user|group/.test(name)),
    ).toEqual([]);
  });

  it("tells who the user is where the context does", () => {
    const fields = identity({ address: "2001:db8::1", user: "anna", groups: ["staff", "it"] });
    expect(fields).toMatchObject({
      "scan-client-ip": "2001:db8::1",
      "scan-user": "anna",
      "scan-groups": "staff, it",
    });
  });

  it.each([
    ["a plain name", "Anna B. (it)", "Anna B. (it)"],
    ["a letter beyond ASCII", "Zoë", "UTF-8''Zo%C3%AB"],
    ["the end of a line", "a\r\nScan-Policy: none", "UTF-8''a%0D%0AScan-Policy%3A%20none"],
    ["a comma", "Doe, Jo", "UTF-8''Doe%2C%20Jo"],
    ["a quotation mark", '"Jo"', "UTF-8''%22Jo%22"],
    ["blanks around it", " jo ", "UTF-8''%20jo%20"],
    ["what looks encoded", "utf-8''jo", "UTF-8''utf-8%27%27jo"],
    ["signs that RFC 8187 does not have", "é(*)", "UTF-8''%C3%A9%28%2A%29"],
    ["half of a surrogate pair", "a\ud800", "UTF-8''a%EF%BF%BD"],
  ])("has a user with %s in one unmistakable form", (_name, user, value) => {
    expect(identity({ user })["scan-user"]).toBe(value);
  });

  it("keeps a group with a comma apart from two groups", () => {
    expect(identity({ groups: ["a,b", "c"] })["scan-groups"]).toBe("UTF-8''a%2Cb, c");
  });

  it("leaves out no group of many, for one might decide", () => {
    const groups = Array.from({ length: 512 }, (_, index) => `group-${index}`);
    expect(identity({ groups })["scan-groups"]?.split(", ")).toEqual(groups);
  });

  it.each([
    ["the URL", { url: "http://a/\r\nX: y" }, "scan-url"],
    ["the host", { host: "a\r\nX: y" }, "scan-host"],
    ["the method", { httpMethod: "GET\r\nX: y" }, "scan-method"],
    ["the policy", { policy: "a\r\nX: y" }, "scan-policy"],
    ["the trace state", { traceparent: trace, tracestate: "a=1\r\nX: y" }, "tracestate"],
    ["the address", { identity: { address: "a\r\nX: y" } }, "scan-client-ip"],
  ])("has no line more when %s brings a line end", (_name, facts, name) => {
    expect(fieldsOf(facts)[name]).not.toMatch(/[\r\n]/);
  });

  it("stays in the trace of the transaction, as a span of its own", () => {
    const { traceparent = "" } = fieldsOf({ traceparent: trace });
    expect(traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
    expect(traceparent).not.toContain("b7ad6b7169203331");
  });

  it.each([
    ["in no trace", undefined],
    ["in a trace that is none", "00-x-y\r\n-01"],
  ])("of a transaction %s begins one that is not sampled", (_name, traceparent) => {
    const begun = fieldsOf(traceparent === undefined ? {} : { traceparent })["traceparent"];
    expect(begun).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  });

  it("is in the same trace as the others of its transaction, and in no other", () => {
    const traceOf = (transactionId: string) =>
      fieldsOf({ transactionId })["traceparent"]?.split("-")[1];
    expect(traceOf("A")).toBe(traceOf("A"));
    expect(traceOf("A")).not.toBe(traceOf("B"));
  });
});
