import { describe, expect, it } from "vitest";
import type { IcapRequest } from "../../../../src/protocol/index.ts";
import type { ScanContext } from "../../../../src/scanning/index.ts";
import { scanContextOf } from "../../../../src/services/facts/scan-context.ts";
import { Message } from "../../../../src/services/index.ts";
import { head } from "../../../support/wire-text.ts";

interface Told {
  readonly method?: "REQMOD" | "RESPMOD";
  readonly icap?: readonly string[];
  readonly http?: readonly string[];
  readonly target?: string;
  readonly sharesIdentity?: boolean;
  readonly recordsIdentity?: boolean;
}

function contextOf(told: Told): ScanContext {
  const { method = "RESPMOD", icap = [], http = [], target = "http://Files.Example.:80/a" } = told;
  const isRequest = method === "REQMOD";
  const request: IcapRequest = {
    method,
    uri: { path: "/scan", query: "" },
    fields: icap,
    encapsulated: { requestHeadBytes: 1, responseHeadBytes: 1, body: "res-body" },
    previewBytes: -1,
    allows204: true,
    allows206: false,
    closes: false,
  };
  return scanContextOf(
    new Message(
      request,
      head(`PUT ${target} HTTP/1.1`, ...http),
      isRequest ? "" : head("HTTP/1.1 404"),
    ),
    { peer: "192.0.2.1", incidentId: "ID" },
    {
      service: "tested",
      sharesIdentity: told.sharesIdentity ?? false,
      recordsIdentity: told.recordsIdentity ?? false,
    },
    new AbortController().signal,
  );
}

const user = ["X-Client-IP", "192.0.2.9", "X-Authenticated-User", "Local://anna"];
const groups = ["X-Authenticated-Groups", "staff, it"];
const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const other = "00-11111111111111111111111111111111-2222222222222222-00";

describe("what scanners are told", () => {
  it("is what the heads say", () => {
    expect(contextOf({})).toMatchObject({
      transactionId: "ID",
      service: "tested",
      direction: "respmod",
      url: "http://Files.Example.:80/a",
      httpMethod: "PUT",
      httpStatus: 404,
    });
  });

  it("has a host that is spelled in one way", () => {
    expect(contextOf({}).host).toBe("files.example");
  });

  it("has no status of a response that is not there yet", () => {
    expect(contextOf({ method: "REQMOD" }).httpStatus).toBeUndefined();
  });

  it("is nothing about the user, unless the service shares it", () => {
    const context = contextOf({ icap: [...user, ...groups] });
    expect(context.identity).toBeUndefined();
    expect(JSON.stringify(context)).not.toMatch(/anna|192\.0\.2\.9|staff/);
  });

  it("is who the user is where the service shares it", () => {
    const context = contextOf({ icap: [...user, ...groups], sharesIdentity: true });
    expect(context.identity).toEqual({
      address: "192.0.2.9",
      user: "anna",
      groups: ["staff", "it"],
    });
  });

  it("is who gets the message where the service records that, and no scanner is told", () => {
    const context = contextOf({ icap: [...user, ...groups], recordsIdentity: true });
    expect(context.recipient).toMatchObject({ address: "192.0.2.9", user: "anna" });
    expect(context.identity).toBeUndefined();
  });

  it("is an empty identity where the ICAP client tells nothing", () => {
    expect(contextOf({ sharesIdentity: true }).identity).toEqual({});
  });
});

describe("the trace of a transaction", () => {
  it.each([
    ["the ICAP client's", { icap: ["Traceparent", trace] }, trace],
    ["its client's", { http: [`traceparent: ${trace}`] }, trace],
    [
      "the ICAP client's before its client's",
      { icap: ["traceparent", trace], http: [`traceparent: ${other}`] },
      trace,
    ],
    [
      "one of a later version",
      { icap: ["traceparent", `01${trace.slice(2)}-more`] },
      `01${trace.slice(2)}-more`,
    ],
  ])("is %s", (_name, told, traceparent) => {
    expect(contextOf(told).traceparent).toBe(traceparent);
  });

  it.each([
    ["upper case", trace.toUpperCase()],
    ["an id of zeros", `00-${"0".repeat(32)}-b7ad6b7169203331-01`],
    ["a span of zeros", `00-0af7651916cd43dd8448eb211c80319c-${"0".repeat(16)}-01`],
    ["version ff", `ff${trace.slice(2)}`],
    ["more than version 00 has", `${trace}-more`],
    ["less", trace.slice(0, -3)],
    ["nonsense", "x"],
  ])("is none with %s", (_name, traceparent) => {
    expect(contextOf({ icap: ["traceparent", traceparent] }).traceparent).toBeUndefined();
  });

  it("is none when it is told twice", () => {
    const icap = ["traceparent", trace, "traceparent", other];
    expect(contextOf({ icap }).traceparent).toBeUndefined();
  });

  it("comes with its state", () => {
    const icap = ["traceparent", trace, "tracestate", "a=1", "tracestate", "b=2"];
    expect(contextOf({ icap }).tracestate).toBe("a=1,b=2");
  });

  it.each([
    ["without a trace", ["tracestate", "a=1"]],
    [
      "that is longer than it has to be",
      ["traceparent", trace, "tracestate", `a=${"1".repeat(512)}`],
    ],
    ["with other characters", ["traceparent", trace, "tracestate", "a=\xe9"]],
  ])("has no state %s", (_name, icap) => {
    expect(contextOf({ icap }).tracestate).toBeUndefined();
  });
});
