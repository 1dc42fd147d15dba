import { describe, expect, it } from "vitest";
import type { IcapRequest } from "../../../src/protocol/index.ts";
import { Message } from "../../../src/services/index.ts";
import { head } from "../../support/wire-text.ts";

function messageOf(requestLine: string, ...fields: readonly string[]): Message {
  const icap: Partial<IcapRequest> = { method: "REQMOD" };
  return new Message(icap as IcapRequest, head(requestLine, ...fields), "");
}

describe("the URL of a request", () => {
  it.each([
    ["GET http://a.example/x?q=1 HTTP/1.1", undefined, "http://a.example/x?q=1"],
    ["GET https://a.example/x HTTP/1.1", "b.example", "https://a.example/x"],
    ["GET /x HTTP/1.1", "a.example:8080", "http://a.example:8080/x"],
    ["OPTIONS * HTTP/1.1", "a.example", "http://a.example/"],
    ["CONNECT a.example:443 HTTP/1.1", undefined, "https://a.example:443/"],
    ["GET http://user:secret@a.example/x HTTP/1.1", undefined, "http://a.example/x"],
    ["GET http://a.example/x@y HTTP/1.1", undefined, "http://a.example/x@y"],
    ["GET /x HTTP/1.1", undefined, undefined],
    ["HTTP/1.1 200 OK", undefined, undefined],
  ])("of %s with Host %s is %s", (line, host, url) => {
    const fields = host === undefined ? [] : [`Host: ${host}`];
    expect(messageOf(line, ...fields).url).toBe(url);
  });
});

describe("the host of a request", () => {
  it.each([
    ["GET http://A.Example:8080/x HTTP/1.1", "a.example"],
    ["CONNECT a.example:443 HTTP/1.1", "a.example"],
    ["GET http://[2001:db8::1]:80/x HTTP/1.1", "[2001:db8::1]"],
    ["GET http://user@a.example/ HTTP/1.1", "a.example"],
  ])("of %s is %s", (line, host) => {
    expect(messageOf(line).host).toBe(host);
  });
});

it("keeps heads byte for byte, whatever is in them", () => {
  const text = head("GET / HTTP/1.1", "x-\xe9: \xff\x80", "X-a:1", " folded");
  const bytes = Buffer.from(`skip${text}`, "latin1");
  const icap: Partial<IcapRequest> = { method: "RESPMOD" };
  const heads = { bytes, start: 4, middle: bytes.length, end: bytes.length };
  const message = Message.of(icap as IcapRequest, heads);
  expect([message.requestHeadText, message.responseHeadText]).toEqual([text, ""]);
});

it("takes the entity's fields from the message that has the body", () => {
  const request = head("POST / HTTP/1.1", "Content-Type: text/a");
  const response = head("HTTP/1.1 200 OK", "Content-Type: text/b");
  const fieldsOf = (method: "REQMOD" | "RESPMOD") =>
    new Message({ method } as IcapRequest, request, response).entityFields[1];
  expect([fieldsOf("REQMOD"), fieldsOf("RESPMOD")]).toEqual(["text/a", "text/b"]);
});
