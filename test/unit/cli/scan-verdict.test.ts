import { describe, expect, it } from "vitest";
import { scanVerdict } from "../../../src/cli/scan-verdict.ts";
import type { IcapAnswer } from "../../../src/client/index.ts";

const answer = (status: number, more: Partial<IcapAnswer> = {}): IcapAnswer => ({
  status,
  reason: "OK",
  fields: [],
  requestHead: Buffer.alloc(0),
  responseHead: Buffer.alloc(0),
  body: "null-body",
  bodyBytes: 0,
  originalFrom: undefined,
  ...more,
});

const verdict = (given: IcapAnswer, isSameBody = false) => {
  const { result, detail } = scanVerdict(given, { isSameBody });
  return detail === undefined ? result : `${result}: ${detail}`;
};

describe("the verdict in an answer", () => {
  const cases: readonly [string, IcapAnswer, string][] = [
    ["204 is clean", answer(204), "clean"],
    [
      "204 found clean is clean",
      answer(204, { fields: ["X-Response-Info", "Allowed", "X-Response-Desc", "x; cause=clean"] }),
      "clean",
    ],
    [
      "204 without a judgement is unjudged",
      answer(204, { fields: ["X-Response-Desc", "allowed; cause=oversize"] }),
      "unjudged: allowed; cause: oversize",
    ],
    [
      "an infection is blocked, by name",
      answer(200, { fields: ["x-infection-found", "Type=0; Resolution=2; Threat=EICAR Test;"] }),
      "blocked: EICAR Test",
    ],
    [
      "a repaired infection is modified",
      answer(200, { fields: ["X-Infection-Found", "Type=0; Resolution=1; Threat=Macro;"] }),
      "modified: Macro",
    ],
    [
      "c-icap's virus id is blocked",
      answer(200, { fields: ["X-Virus-ID", "EICAR"] }),
      "blocked: EICAR",
    ],
    [
      "a policy block is blocked",
      answer(200, { fields: ["X-Response-Info", "Blocked", "X-Response-Desc", "category"] }),
      "blocked: category",
    ],
    [
      "an ICAP error that blocks is blocked",
      answer(500, { fields: ["X-Response-Info", "Blocked"] }),
      "blocked",
    ],
    [
      "another vendor's reason is blocked",
      answer(200, { fields: ["X-Block-Reason", "dlp"] }),
      "blocked: dlp",
    ],
    [
      "a page with an error status is blocked",
      answer(200, { responseHead: Buffer.from("HTTP/1.1 403 Forbidden\r\n\r\n") }),
      "blocked: the answer is a page with HTTP status 403",
    ],
    [
      "another body is modified",
      answer(200, { responseHead: Buffer.from("HTTP/1.1 200 OK\r\n\r\n"), bodyBytes: 5 }),
      "modified",
    ],
    ["206 with the whole original is clean", answer(206, { originalFrom: 0 }), "clean"],
    [
      "206 with a new beginning is modified",
      answer(206, { originalFrom: 0, bodyBytes: 3 }),
      "modified",
    ],
    [
      "an ICAP error is an error",
      answer(503, { reason: "Service Overloaded" }),
      "error: the server answered ICAP 503 Service Overloaded",
    ],
    [
      "an error without a phrase is an error",
      answer(500, { reason: "" }),
      "error: the server answered ICAP 500",
    ],
  ];
  it.each(cases)("%s", (_name, given, expected) => {
    expect(verdict(given)).toBe(expected);
  });

  it("the same body is clean", () => {
    const given = answer(200, { responseHead: Buffer.from("HTTP/1.1 200 OK\r\n\r\n") });
    expect(verdict(given, true)).toBe("clean");
  });
});
