import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  answerHead,
  CONTINUE,
  chunkSizeLine,
  DEFAULT_WIRE_LIMITS,
  encapsulatedValue,
  fieldValue,
  type IcapResponse,
  LAST_CHUNK,
  NULL_BODY,
  REASON_PHRASES,
  ResponseParser,
  type Status,
  useOriginalBody,
} from "../../../src/protocol/index.ts";
import { takeIcapAnswer } from "../../support/icap-answer.ts";
import { bytesOf, pieces } from "./hostile-bytes.ts";

interface ReadAnswer {
  readonly head: IcapResponse;
  readonly body: string;
  readonly originalFrom: number | undefined;
}

/** What the parser of answers makes of the bytes. */
function readAnswers(reads: readonly Buffer[]): readonly (ReadAnswer | "continue")[] {
  const answers: (ReadAnswer | "continue")[] = [];
  let head: IcapResponse | undefined;
  let body = "";
  const parser = new ResponseParser(
    {
      onContinue: () => answers.push("continue"),
      onHead: (response) => {
        head = response;
        body = "";
      },
      onBody: (bytes, start, end) => {
        body += bytes.toString("latin1", start, end);
      },
      onEnd: (originalFrom) => {
        if (head !== undefined) answers.push({ head, body, originalFrom });
      },
    },
    DEFAULT_WIRE_LIMITS,
  );
  for (const read of reads) expect(parser.feed(read)).toBeUndefined();
  expect(parser.inAnswer).toBe(false);
  return answers;
}

const latin1 = (options: { minLength?: number; maxLength: number }) =>
  fc.uint8Array(options).map((bytes) => Buffer.from(bytes).toString("latin1"));
const finalStatuses = (Object.keys(REASON_PHRASES) as unknown as Status[])
  .map(Number)
  .filter((status): status is Status => status !== 100);

const answer = fc.record({
  status: fc.constantFrom(...finalStatuses),
  istag: fc.string({ unit: fc.constantFrom(..."ABC234"), minLength: 1, maxLength: 32 }),
  closes: fc.boolean(),
  value: fc
    .string({ unit: fc.constantFrom(..."abc=;, "), maxLength: 30 })
    .map((text) => text.trim()),
  part: fc.constantFrom("req" as const, "res" as const),
  httpHead: fc.oneof(
    fc.constant(""),
    latin1({ maxLength: 50 }).map((text) => `${text.replaceAll("\r", " ")}\r\n\r\n`),
  ),
  chunks: fc.option(fc.array(latin1({ minLength: 1, maxLength: 50 }), { maxLength: 4 }), {
    nil: undefined,
  }),
  originalFrom: fc.option(fc.nat(), { nil: undefined }),
});
type Answer = typeof answer extends fc.Arbitrary<infer T> ? T : never;

function written({ status, istag, closes, value, ...rest }: Answer): string {
  const { part, httpHead, chunks, originalFrom } = rest;
  const head = answerHead(status, {
    istag: `"${istag}"`,
    date: "Mon, 23 Nov 2026 02:00:00 GMT",
    closes,
    fields: `X-A: ${value}\r\n`,
    encapsulated: encapsulatedValue(part, httpHead.length, chunks !== undefined),
  });
  if (chunks === undefined) return head + httpHead;
  const data = chunks.map((chunk) => `${chunkSizeLine(chunk.length)}${chunk}\r\n`).join("");
  const last = originalFrom === undefined ? LAST_CHUNK : useOriginalBody(originalFrom);
  return head + httpHead + data + last;
}

function expectSame(read: ReadAnswer, answered: Answer): void {
  const { part, httpHead, chunks, originalFrom } = answered;
  expect(read.head.status).toBe(answered.status);
  expect(read.head.reason).toBe(REASON_PHRASES[answered.status]);
  expect(fieldValue(read.head.fields, "istag")).toBe(`"${answered.istag}"`);
  expect(fieldValue(read.head.fields, "connection")).toBe(answered.closes ? "close" : "keep-alive");
  expect(fieldValue(read.head.fields, "x-a")).toBe(answered.value);
  expect(read.head[part === "req" ? "requestHead" : "responseHead"]).toEqual(bytesOf(httpHead));
  expect(read.body).toBe(chunks === undefined ? "" : chunks.join(""));
  expect(read.originalFrom).toBe(chunks === undefined ? undefined : originalFrom);
}

describe("any answer that the server writes", () => {
  it("is read by the parser of answers as it was written, wherever it is cut [conformance 76, 120]", () => {
    fc.assert(
      fc.property(
        fc.array(answer, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat()),
        (answers, at) => {
          const bytes = bytesOf(answers.map((one) => CONTINUE + written(one)).join(""));
          const read = readAnswers(pieces(bytes, at));
          expect(read).toHaveLength(answers.length * 2);
          answers.forEach((one, i) => {
            expect(read[2 * i]).toBe("continue");
            expectSame(read[2 * i + 1] as ReadAnswer, one);
          });
        },
      ),
    );
  });

  it("is read whole by a strict parser that knows nothing of ours [conformance 74, 75, 76, 77, 192]", () => {
    fc.assert(
      fc.property(answer, (one) => {
        const bytes = bytesOf(written(one));
        const read = takeIcapAnswer(bytes);
        expect(read?.raw).toEqual(bytes);
        expect(read?.fields.at(-1)?.[0]).toBe("Encapsulated");
        expect(read?.body?.toString("latin1")).toBe(one.chunks?.join(""));
      }),
    );
  });
});

describe("the parts of an answer", () => {
  it("100 has a status line and nothing else [conformance 112]", () => {
    expect(CONTINUE).toBe("ICAP/1.0 100 Continue\r\n\r\n");
  });

  it("an answer without HTTP parts says so [conformance 74]", () => {
    expect(NULL_BODY).toBe("null-body=0");
  });
});
