import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_WIRE_LIMITS } from "../../../src/protocol/index.ts";
import { ResponseParser } from "../../../src/protocol/response-parser.ts";

/** Everything a parser told, with neighbouring pieces of body joined, as one line each. */
function read(pieces: readonly Buffer[], limits = DEFAULT_WIRE_LIMITS): string[] {
  const events: string[] = [];
  let body = "";
  const flush = (): void => {
    if (body !== "") events.push(`body ${JSON.stringify(body)}`);
    body = "";
  };
  const parser = new ResponseParser(
    {
      onContinue: () => events.push("continue"),
      onHead: ({ status, reason, fields, requestHead, responseHead, ...head }) => {
        const heads = JSON.stringify([
          requestHead.toString("latin1"),
          responseHead.toString("latin1"),
        ]);
        events.push(`head ${status} "${reason}" ${fields.join("|")} ${heads} ${head.body}`);
      },
      onBody: (bytes, start, end) => {
        body += bytes.toString("latin1", start, end);
      },
      onEnd: (originalFrom) => {
        flush();
        events.push(originalFrom === undefined ? "end" : `end, original from ${originalFrom}`);
      },
    },
    limits,
  );
  for (const piece of pieces) {
    const fault = parser.feed(piece);
    if (fault !== undefined) {
      flush();
      events.push(`fault: ${fault.message}`);
      break;
    }
  }
  flush();
  return events;
}

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const parse = (text: string, limits = DEFAULT_WIRE_LIMITS): string[] => read([bytes(text)], limits);

const httpHead = "HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\n";
const blocked = `ICAP/1.0 200 OK\r\nISTag: "a"\r\nEncapsulated: res-hdr=0, res-body=${httpHead.length}\r\n\r\n${httpHead}`;

describe("the answers of an ICAP server", () => {
  it("without a body end with their head [RFC 3507 §4.4.1]", () => {
    expect(parse("ICAP/1.0 204 No Content\r\nEncapsulated: null-body=0\r\n\r\n")).toEqual([
      'head 204 "No Content" Encapsulated|null-body=0 ["",""] null-body',
      "end",
    ]);
  });

  it("carry an HTTP head and a chunked body [RFC 3507 §4.4]", () => {
    expect(parse(`${blocked}2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n`)).toEqual([
      `head 200 "OK" ISTag|"a"|Encapsulated|res-hdr=0, res-body=45 ${JSON.stringify(["", httpHead])} res-body`,
      'body "abcde"',
      "end",
    ]);
  });

  it("carry an HTTP request and its response [RFC 3507 §4.4.1]", () => {
    const text =
      "ICAP/1.0 200 OK\r\nEncapsulated: REQ-HDR=0,res-hdr=4 , null-body=8\r\n\r\nabcdefgh";
    expect(parse(text)[0]).toMatch(/ \["abcd","efgh"\] null-body$/);
  });

  it("carry a body without an HTTP head", () => {
    expect(parse("ICAP/1.0 200 OK\r\nEncapsulated: opt-body=0\r\n\r\n1\r\nx\r\n0\r\n\r\n")).toEqual(
      ['head 200 "OK" Encapsulated|opt-body=0 ["",""] opt-body', 'body "x"', "end"],
    );
  });

  it("begin with 100 when the server wants the rest [RFC 3507 §4.5]", () => {
    expect(parse("ICAP/1.0 100 Continue\r\n\r\nICAP/1.0 204 No Content\r\n\r\n")).toEqual([
      "continue",
      'head 204 "No Content"  ["",""] null-body',
      "end",
    ]);
  });

  it("come one after the other", () => {
    const one = "ICAP/1.0 404 Not Found\r\n\r\n";
    expect(parse(one + one).filter((event) => event === "end")).toHaveLength(2);
  });

  it("may end with the client's own body [draft-icap-ext-partial-content]", () => {
    expect(parse(`${blocked}0; use-original-body=12\r\n\r\n`)).toContain("end, original from 12");
  });

  it("may name other extensions", () => {
    expect(parse(`${blocked}0; x=1; Use-Original-Body = 0 ; y\r\n\r\n`)).toContain(
      "end, original from 0",
    );
  });

  it("may lack the reason phrase", () => {
    expect(parse("ICAP/1.0 204\r\n\r\n")[0]).toMatch(/^head 204 ""/);
  });

  it("of another protocol are refused at their first bytes", () => {
    expect(parse("SSH-2.0-OpenSSH")).toEqual(['fault: not an ICAP answer: "SSH-2.0-OpenSSH"']);
  });

  it("of another version are refused", () => {
    expect(parse("ICAP/2.0 200 OK\r\n\r\n")).toEqual([
      'fault: malformed status line "ICAP/2.0 200 OK"',
    ]);
  });

  it.each([
    ["an unknown section", "foo-hdr=0, null-body=1"],
    ["no offset", "null-body"],
    ["a first offset other than 0", "res-hdr=1, res-body=5"],
    ["falling offsets", "req-hdr=0, res-hdr=9, res-body=5"],
    ["equal offsets", "res-hdr=0, res-body=0"],
    ["no body", "res-hdr=0"],
    ["something behind the body", "res-body=0, res-hdr=5"],
    ["an offset of 16 digits", "res-hdr=0, res-body=1000000000000000"],
    ["nothing", ""],
  ])("with %s in Encapsulated are refused", (_what, value) => {
    expect(parse(`ICAP/1.0 200 OK\r\nEncapsulated: ${value}\r\n\r\n`)).toEqual([
      `fault: malformed Encapsulated ${JSON.stringify(value)}`,
    ]);
  });

  it("with a broken chunk are refused", () => {
    expect(parse(`${blocked}zz\r\n`).at(-1)).toBe("fault: malformed chunk size line");
  });

  it("are not read any further after a fault", () => {
    const parser = new ResponseParser(
      { onContinue: () => {}, onHead: () => {}, onBody: () => {}, onEnd: () => {} },
      DEFAULT_WIRE_LIMITS,
    );
    const first = parser.feed(bytes("HTTP/1.1"));
    expect(parser.feed(bytes("ICAP/1.0 204 No Content\r\n\r\n"))).toBe(first);
  });
});

describe("the bounds of an answer", () => {
  const limits = { ...DEFAULT_WIRE_LIMITS, headBytes: 64, encapsulatedBytes: 100 };

  it("hold for its head", () => {
    expect(parse(`ICAP/1.0 200 OK\r\nX: ${"x".repeat(64)}`, limits)).toEqual([
      "fault: ICAP head exceeds 64 bytes",
    ]);
  });

  it("leave room for a head that just fits", () => {
    const head = "ICAP/1.0 204 No Content\r\nX: \r\n\r\n".replace("X: ", `X: ${"x".repeat(32)}`);
    expect([head.length, parse(head, limits).at(-1)]).toEqual([64, "end"]);
  });

  it("hold for the HTTP heads before a byte of them is kept", () => {
    expect(
      parse("ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=101\r\n\r\n", limits),
    ).toEqual(["fault: encapsulated headers exceed 100 bytes"]);
  });
});

describe("the parser of answers", () => {
  const watch = () =>
    new ResponseParser(
      { onContinue: () => {}, onHead: () => {}, onBody: () => {}, onEnd: () => {} },
      DEFAULT_WIRE_LIMITS,
    );

  it.each([
    ["nothing has come", "", false],
    ["a head has begun", "ICAP/1.0", true],
    ["HTTP heads are missing", blocked.slice(0, -1), true],
    ["a body has begun", blocked, true],
    ["an answer has ended", `${blocked}0\r\n\r\n`, false],
  ])("knows whether it is in an answer when %s", (_when, text, expected) => {
    const parser = watch();
    parser.feed(bytes(text));
    expect(parser.inAnswer).toBe(expected);
  });

  it("tells the same however the bytes are split", () => {
    const stream = bytes(
      `ICAP/1.0 100 Continue\r\n\r\n${blocked}5;x=y\r\nhello\r\n0; use-original-body=7\r\nX-T: 1\r\n\r\nICAP/1.0 204 No Content\r\n\r\n`,
    );
    const whole = read([stream]);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 40 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const pieces = places.slice(1).map((end, index) => stream.subarray(places[index], end));
        expect(read(pieces)).toEqual(whole);
      }),
    );
  });

  it("tells the same byte by byte", () => {
    const stream = bytes(`${blocked}a\r\n0123456789\r\n0\r\n\r\n`);
    const single = Array.from(stream, (_, index) => stream.subarray(index, index + 1));
    expect(read(single)).toEqual(read([stream]));
  });

  it("takes any bytes without throwing, and the same from any split", () => {
    const start = fc.constantFrom("", "ICAP/1.0 200 OK\r\n", blocked);
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), fc.nat(200), (text, noise, cut) => {
        const stream = Buffer.concat([bytes(text), noise]);
        const whole = read([stream]).filter((event) => !event.startsWith("fault: not an"));
        const halves = read([stream.subarray(0, cut), stream.subarray(cut)]);
        expect(halves.filter((event) => !event.startsWith("fault: not an"))).toEqual(whole);
      }),
    );
  });
});
