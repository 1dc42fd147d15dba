import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readAnswer } from "../../../src/chain/adapted-answer.ts";
import type { OutgoingMessage } from "../../../src/chain/outgoing-message.ts";
import type { IcapAnswer } from "../../../src/client/index.ts";
import type { KeptBody } from "../../../src/entity/index.ts";

interface Answer {
  readonly status?: number;
  readonly fields?: readonly string[];
  readonly requestHead?: string;
  readonly responseHead?: string;
  readonly body?: string;
  readonly originalFrom?: number;
}

const SENT = "content";
const target = "http://files.example/report";
const same = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
const infected = ["X-Infection-Found", "Type=0; Resolution=2; Threat=EICAR;"];
const repaired = ["X-Infection-Found", "Type=0; Resolution=1; Threat=Macro;"];

function bodyOf(text: string): KeptBody {
  const data = Buffer.from(text);
  return {
    content: { kind: "memory", data },
    size: data.length,
    sha256: createHash("sha256").update(data).digest("hex"),
    head: data,
  };
}

function read(answer: Answer, method: OutgoingMessage["method"], replaced: "Blocked" | "Modified") {
  const { status = 200, fields = [], requestHead = "", responseHead = "", body = "" } = answer;
  const whole: IcapAnswer = {
    status,
    reason: "Reason",
    fields,
    requestHead: Buffer.from(requestHead, "latin1"),
    responseHead: Buffer.from(responseHead, "latin1"),
    body: "res-body",
    bodyBytes: body.length,
    originalFrom: answer.originalFrom,
  };
  const sent = { method, target, heads: { requestHead: "", fields: [] } };
  return readAnswer(whole, bodyOf(body), { sent, sentSha256: bodyOf(SENT).sha256, replaced });
}

const verdict = (kind: string, more: object = {}): object => ({
  verdict: expect.objectContaining({ kind, ...more }),
});

type Case = readonly [name: string, answer: Answer, says: object];

const responses: readonly Case[] = [
  ["204", { status: 204 }, verdict("clean")],
  ["204 that names a threat", { status: 204, fields: infected }, verdict("blocked")],
  ["204 that repaired something", { status: 204, fields: repaired }, verdict("blocked")],
  [
    "204 of a Sluice that ran out of time",
    { status: 204, fields: ["X-Response-Desc", "allowed; cause=timeout"] },
    verdict("unknown", { message: "allowed without a judgement: timeout" }),
  ],
  ["the message as it was sent", { responseHead: same, body: SENT }, verdict("clean")],
  ["a body without heads, as it was sent", { body: SENT }, verdict("clean")],
  [
    "a block page that names a threat",
    { responseHead: "HTTP/1.1 403 Forbidden\r\n\r\n", body: "no", fields: infected },
    verdict("blocked", { reason: "malware", threats: [{ name: "EICAR" }] }),
  ],
  [
    "a block page that names nothing",
    { responseHead: "HTTP/1.1 403 Forbidden\r\n\r\n", body: "no" },
    verdict("blocked", { message: "the server put HTTP 403 in place of it" }),
  ],
  [
    "a way elsewhere",
    { responseHead: "HTTP/1.1 302 Found\r\nLocation: http://block.example/\r\n\r\n" },
    verdict("blocked", { reason: "policy" }),
  ],
  ["other content", { responseHead: same, body: "other" }, verdict("blocked")],
  [
    "content that was repaired",
    { responseHead: same, body: "other", fields: repaired },
    { mediaType: "text/plain", threats: [{ name: "Macro" }] },
  ],
  [
    "content that was repaired, but is what was sent",
    { responseHead: same, body: SENT, fields: repaired },
    verdict("blocked"),
  ],
  ["200 with nothing", { body: "" }, verdict("blocked")],
  [
    "200 with a body that goes on with the original",
    { responseHead: same, body: "new", originalFrom: 3 },
    verdict("error"),
  ],
  ["206", { status: 206, responseHead: same }, verdict("error")],
  ["403", { status: 403 }, verdict("error", { message: "answered ICAP 403 Reason" })],
  ["404", { status: 404 }, verdict("error", { reason: "engine-error" })],
  ["413", { status: 413 }, verdict("unscannable", { reason: "size" })],
  ["500", { status: 500 }, verdict("error", { reason: "engine-error" })],
  ["503", { status: 503 }, verdict("error", { reason: "overload" })],
  ["539, no licence", { status: 539 }, verdict("error")],
  [
    "500 of what is encrypted",
    { status: 500, fields: ["X-Error-Code", "password_protected"] },
    verdict("unscannable", { reason: "encrypted" }),
  ],
  [
    "500 with a code nobody knows",
    { status: 500, fields: ["X-Error-Code", "constructor"] },
    verdict("error"),
  ],
  ["500 that names a threat", { status: 500, fields: infected }, verdict("blocked")],
];

const requests: readonly Case[] = [
  [
    "the request as it was sent",
    { requestHead: `POST ${target} HTTP/1.1\r\n\r\n`, body: SENT },
    verdict("clean"),
  ],
  [
    "a response in its place",
    { responseHead: "HTTP/1.1 200 OK\r\n\r\n", body: "no" },
    verdict("blocked", { message: "the server answered the request itself, HTTP 200" }),
  ],
  [
    "a request for something else",
    { requestHead: "GET http://block.example/ HTTP/1.1\r\n\r\n", body: SENT },
    verdict("blocked", { message: "the server put another request in place of it" }),
  ],
  ["no request at all", { body: SENT }, verdict("blocked")],
];

describe("an answer is read as a verdict", () => {
  it.each(responses)("to RESPMOD: %s", (_, answer, says) => {
    expect(read(answer, "RESPMOD", "Blocked")).toMatchObject(says);
  });

  it.each(requests)("to REQMOD: %s", (_, answer, says) => {
    expect(read(answer, "REQMOD", "Blocked")).toMatchObject(says);
  });

  it("takes other content for the entity's where that is what it is for", () => {
    const reading = read({ responseHead: same, body: "other" }, "RESPMOD", "Modified");
    expect(reading).toEqual({ mediaType: "text/plain", threats: [] });
  });

  it("takes no content that came compressed", () => {
    const head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
    const reading = read({ responseHead: head, body: "other" }, "RESPMOD", "Modified");
    expect(reading).toMatchObject(verdict("error", { reason: "engine-error" }));
  });

  it("takes no block page for the entity's new content", () => {
    const answer = { responseHead: "HTTP/1.1 403 Forbidden\r\n\r\n", body: "no" };
    expect(read(answer, "RESPMOD", "Modified")).toMatchObject(verdict("blocked"));
  });
});
