import { describe, expect, it } from "vitest";
import { parseHttpHead, parseRequestLine, parseStatusLine } from "../../../src/protocol/index.ts";

const fieldsOf = (...lines: readonly string[]) =>
  parseHttpHead(`GET / HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`).fields;

describe("an encapsulated HTTP head", () => {
  it("has a first line and fields in their order and case", () => {
    const head = parseHttpHead("GET / HTTP/1.1\r\nHost: a\r\nx-B:c \r\n\r\n");
    expect(head).toEqual({ startLine: "GET / HTTP/1.1", fields: ["Host", "a", "x-B", "c"] });
  });

  it("keeps fields that come twice [conformance 170]", () => {
    const twice = ["Content-Length", "5", "Content-Length", "5"];
    expect(fieldsOf("Content-Length: 5", "Content-Length: 5")).toEqual(twice);
  });

  it("joins a folded line to the value before it by a space [conformance 177]", () => {
    expect(fieldsOf("X-A: b", "\tc", "  d ")).toEqual(["X-A", "b c d"]);
  });

  it("takes a folded line behind an empty value for the value [conformance 177]", () => {
    expect(fieldsOf("X-A:", " b")).toEqual(["X-A", "b"]);
  });

  it("joins folded lines without anything in them to nothing [conformance 177]", () => {
    expect(fieldsOf("X-A: b", " ", "\t", " c", "X-D:", " \t")).toEqual(["X-A", "b c", "X-D", ""]);
  });

  it("joins as many folded lines as fit into a head", () => {
    const lines = Array.from({ length: 60_000 }, () => " b");
    const [, value = ""] = fieldsOf("X-A: a", ...lines);
    expect(value).toBe(`a${" b".repeat(60_000)}`);
  });

  it("skips a folded line that follows nothing [conformance 177]", () => {
    expect(fieldsOf(" b", "X-A: c")).toEqual(["X-A", "c"]);
  });

  it("skips lines without a colon and lines without a name", () => {
    expect(fieldsOf("no colon", ": no name", "X-A: b")).toEqual(["X-A", "b"]);
  });

  it("reads a name with white space before the colon, as some servers write it", () => {
    expect(fieldsOf("X-A : b")).toEqual(["X-A", "b"]);
  });

  it("ends at the first blank line, whatever stands behind it [conformance 72]", () => {
    const head = parseHttpHead("POST / HTTP/1.1\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nC: d\r\n\r\n");
    expect(head).toEqual({ startLine: "POST / HTTP/1.1", fields: ["A", "b"] });
  });

  it("reads bytes above ASCII as Latin-1 [conformance 178]", () => {
    expect(fieldsOf("X-A: \xe4\xff")).toEqual(["X-A", "\xe4\xff"]);
  });

  it("may be empty", () => {
    expect(parseHttpHead("")).toEqual({ startLine: "", fields: [] });
  });
});

describe("an HTTP request line", () => {
  it.each([
    ["GET /a?b HTTP/1.1", "GET", "/a?b", "HTTP/1.1"],
    ["GET https://a.test/b HTTP/1.1", "GET", "https://a.test/b", "HTTP/1.1"],
    ["CONNECT a.test:443 HTTP/1.1", "CONNECT", "a.test:443", "HTTP/1.1"],
    ["OPTIONS * HTTP/1.1", "OPTIONS", "*", "HTTP/1.1"],
    ["GET / HTTP/1.0", "GET", "/", "HTTP/1.0"],
    ["GET / HTTP/2", "GET", "/", "HTTP/2"],
    ["GET /\xe4 HTTP/1.1", "GET", "/\xe4", "HTTP/1.1"],
  ])("%s has a method, a target and a version [conformance 174, 175, 176, 178]", (...row) => {
    const [line, method, target, version] = row;
    expect(parseRequestLine(line)).toEqual({ method, target, version });
  });

  it("without a version is HTTP/0.9 [conformance 176]", () => {
    const read = parseRequestLine("GET /");
    expect(read).toEqual({ method: "GET", target: "/", version: "HTTP/0.9" });
  });

  it.each(["", "GET", "GET  / HTTP/1.1", "GET / HTTP/1.1 x", "HTTP/1.1 200 OK", "GET / FTP/1"])(
    "is not %j",
    (line) => {
      expect(parseRequestLine(line)).toBeUndefined();
    },
  );
});

describe("an HTTP status line", () => {
  it.each([
    ["HTTP/1.1 200 OK", "HTTP/1.1", 200, "OK"],
    ["HTTP/1.0 404 Not Found", "HTTP/1.0", 404, "Not Found"],
    ["HTTP/2 204 ", "HTTP/2", 204, ""],
    ["HTTP/1.1 304", "HTTP/1.1", 304, ""],
  ])("%s has a version, a status and perhaps a reason [conformance 176, 179]", (...row) => {
    const [line, version, status, reason] = row;
    expect(parseStatusLine(line)).toEqual({ version, status, reason });
  });

  it.each(["", "HTTP/1.1", "HTTP/1.1 20", "HTTP/1.1 2000", "GET / HTTP/1.1", "ICAP/1.0 200 OK"])(
    "is not %j [conformance 73]",
    (line) => {
      expect(parseStatusLine(line)).toBeUndefined();
    },
  );
});
