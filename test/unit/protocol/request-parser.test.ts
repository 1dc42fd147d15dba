import { describe, expect, it } from "vitest";
import {
  DEFAULT_WIRE_LIMITS,
  type IcapError,
  ParserState,
  RequestParser,
  type RequestSink,
} from "../../../src/protocol/index.ts";
import { requestEvents } from "../../support/request-events.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const eventsOf = (text: string) => requestEvents([bytes(text)]);
const line = (length: number) => {
  const frame = "OPTIONS icap://h/ ICAP/1.0";
  return frame.replace("/ ", `/${"a".repeat(length - frame.length)} `);
};

class Recorder implements RequestSink {
  readonly errors: IcapError[] = [];
  readonly told: string[] = [];
  onRequest(): void {
    this.told.push("request");
  }
  onBody(): void {
    this.told.push("body");
  }
  onPreviewEnd(): void {
    this.told.push("preview-end");
  }
  onEnd(): void {
    this.told.push("end");
  }
  onError(error: IcapError): void {
    this.errors.push(error);
  }
}

const preview =
  "RESPMOD icap://h/s ICAP/1.0\r\nPreview: 0\r\nEncapsulated: res-body=0\r\n\r\n0\r\n\r\n";
const options = "OPTIONS icap://h/s ICAP/1.0\r\n\r\n";

describe("the limits that hold unless others are given", () => {
  const { requestLineBytes, headBytes, headFields, encapsulatedBytes } = DEFAULT_WIRE_LIMITS;

  it("are those that are documented", () => {
    expect(DEFAULT_WIRE_LIMITS).toEqual({
      requestLineBytes: 8192,
      headBytes: 65_536,
      headFields: 100,
      encapsulatedBytes: 262_144,
      chunkLineBytes: 4096,
      trailerBytes: 16_384,
      previewBytes: 65_536,
      pipelined: 32,
    });
  });

  it("take a request line of 8 KiB [conformance 26]", () => {
    expect(eventsOf(`${line(requestLineBytes)}\r\n\r\n`)).toContain("end");
  });

  it("refuse a request line of 8 KiB and a byte [conformance 26]", () => {
    const [event] = eventsOf(`${line(requestLineBytes + 1)}\r\n\r\n`);
    expect(event).toBe("error ICAP_ERR_REQUEST_LINE_TOO_LONG 400 closes");
  });

  it("take a head of 64 KiB [conformance 38]", () => {
    const start = `${line(30)}\r\nX-A: `;
    const rest = "b".repeat(headBytes - start.length - 4);
    expect(eventsOf(`${start}${rest}\r\n\r\n`)).toContain("end");
  });

  it("refuse a head of 64 KiB and a byte [conformance 38]", () => {
    const start = `${line(30)}\r\nX-A: `;
    const rest = "b".repeat(headBytes - start.length - 3);
    const [event] = eventsOf(`${start}${rest}\r\n\r\n`);
    expect(event).toBe("error ICAP_ERR_HEAD_TOO_LARGE 400 closes");
  });

  it("refuse a hundred fields and one [conformance 38]", () => {
    const fields = (count: number) => `${line(30)}\r\n${"A: b\r\n".repeat(count)}\r\n`;
    expect(eventsOf(fields(headFields))).toContain("end");
    expect(eventsOf(fields(headFields + 1))).toEqual(["error ICAP_ERR_TOO_MANY_FIELDS 400 closes"]);
  });

  it("take HTTP heads of 256 KiB and refuse a byte more [conformance 63]", () => {
    const request = (size: number) =>
      `REQMOD icap://h/s ICAP/1.0\r\nEncapsulated: req-hdr=0, null-body=${size}\r\n\r\n${"a".repeat(size - 4)}\r\n\r\n`;
    expect(eventsOf(request(encapsulatedBytes))).toContain("end");
    expect(eventsOf(request(encapsulatedBytes + 1))).toEqual([
      "error ICAP_ERR_ENCAPSULATED_TOO_LARGE 400 closes",
    ]);
  });
});

describe("a parser", () => {
  it("stops behind the end of a message, so that its answer goes first [conformance 145]", () => {
    const input = bytes(options + options);
    const parser = new RequestParser(new Recorder());
    expect(parser.feed(input, 0, input.length)).toBe(options.length);
  });

  it("stops behind a request that it refuses, so that its answer goes first [conformance 2]", () => {
    const refused = "FOOMOD icap://h/s ICAP/1.0\r\n\r\n";
    const input = bytes(refused + options);
    const parser = new RequestParser(new Recorder());
    expect(parser.feed(input, 0, input.length)).toBe(refused.length);
  });

  it("takes a whole message at once, whatever it stopped behind before", () => {
    const message =
      "RESPMOD icap://h/s ICAP/1.0\r\nEncapsulated: res-body=0\r\n\r\n1\r\na\r\n0\r\n\r\n";
    const input = bytes(options + message);
    const parser = new RequestParser(new Recorder());
    expect(parser.feed(input, 0, input.length)).toBe(options.length);
    expect(parser.feed(input, options.length, input.length)).toBe(input.length);
  });

  it("takes all that stands behind a fault", () => {
    const input = bytes(`hello world\r\n${options}`);
    const parser = new RequestParser(new Recorder());
    expect(parser.feed(input, 0, input.length)).toBe(input.length);
  });

  it("looks at nothing outside the bytes it is given", () => {
    const sink = new Recorder();
    const input = bytes(`x${options}`);
    new RequestParser(sink).feed(input, 1, input.length - 2);
    expect([...sink.told, ...sink.errors]).toEqual([]);
  });

  it("takes nothing while it is held behind a preview [conformance 95]", () => {
    const input = bytes(preview + options);
    const parser = new RequestParser(new Recorder());
    const position = parser.feed(input, 0, input.length);
    expect(position).toBe(preview.length);
    expect(parser.feed(input, position, input.length)).toBe(position);
  });

  it("swallows everything once it is closed", () => {
    const sink = new Recorder();
    const parser = new RequestParser(sink);
    const input = bytes(options);
    parser.close();
    expect(parser.feed(input, 0, input.length)).toBe(input.length);
    expect(sink.told).toEqual([]);
  });

  it("stays closed when it is closed while it tells of a request", () => {
    const sink = new Recorder();
    const parser = new RequestParser(sink);
    sink.onRequest = () => parser.close();
    const input = bytes(options);
    parser.feed(input, 0, input.length);
    expect(parser.state).toBe(ParserState.Closed);
    expect(sink.told).toEqual([]);
  });

  const head = "OPTIONS icap://h/s ICAP/1.0\r\n";

  it.each([
    [
      "the field of a control character",
      `${head}Proxy-Authorization: Basic cGFz\x01\r\n\r\n`,
      'control character in "Proxy-Authorization"',
    ],
    [
      "a field's name that a secret follows",
      `${head}Authorization Basic cGFz:\r\n\r\n`,
      'malformed header field "Authorization"',
    ],
    [
      "no line that has no colon",
      `${head}c2VjcmV0\r\n\r\n`,
      "malformed header field without a colon",
    ],
    [
      "no line that goes on none before it",
      `${head} c2VjcmV0\r\n\r\n`,
      "malformed header field that goes on none",
    ],
    [
      "no control character's line that is no field",
      `${head}c2Vj:cmV0\x01\r\n\r\n`.replace("c2Vj", "=c2Vj"),
      "control character in a field",
    ],
    [
      "the request line of a control character",
      "OPTIONS icap://h/s?token=cmV0\x01 ICAP/1.0\r\n\r\n",
      "control character in the request line",
    ],
    [
      "another protocol's first word",
      "GET http://h/a?token=cmV0 HTTP/1.1 x\r\n\r\n",
      'malformed request line "GET"',
    ],
    ["TLS", "\x16\x03\x01\x02\x00", "malformed request line (TLS)"],
    ["no body that lost its place", "my secret is cmV0\r\n", "malformed request line"],
    [
      "another protocol's version",
      "GET /a?token=cmV0 HTTP/1.1\r\n\r\n",
      'not an ICAP version: "HTTP/1.1"',
    ],
    ["no third word that is no version", "my secret cmV0=\r\n\r\n", "not an ICAP version:"],
    [
      "a URI without its query",
      "OPTIONS http://u:p@h/a?token=cmV0 ICAP/1.0\r\n\r\n",
      'not an absolute icap URI: "http://…@h/a?…"',
    ],
  ])("says what was wrong and shows %s", (_what, sent, message) => {
    const sink = new Recorder();
    const input = bytes(sent);
    new RequestParser(sink).feed(input, 0, input.length);
    expect(sink.errors[0]?.message).toBe(message);
  });

  it("remembers no URI that it refused", () => {
    const refused = bytes("OPTIONS http://h/s ICAP/1.0\r\n\r\n");
    for (let times = 0; times < 2; times++) {
      const sink = new Recorder();
      new RequestParser(sink).feed(refused, 0, refused.length);
      expect(sink.errors[0]?.code).toBe("ICAP_ERR_URI");
    }
  });
});
