import fc from "fast-check";
import { visible } from "../../support/visible-bytes.ts";

/** A request as a client might write it, and what `requestEvents` must tell of it. */
export interface WrittenRequest {
  readonly bytes: string;
  readonly events: readonly string[];
}

const TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

const latin1 = (options: { minLength?: number; maxLength: number }) =>
  fc.uint8Array(options).map((bytes) => Buffer.from(bytes).toString("latin1"));

/** Printable characters and those above ASCII, without white space at the ends. */
const fieldValue = fc
  .array(fc.oneof(fc.integer({ min: 0x21, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff })), {
    maxLength: 20,
  })
  .map((codes) => String.fromCharCode(...codes));

const anyCase = (name: string): fc.Arbitrary<string> => fc.mixedCase(fc.constant(name));

/** White space that may stand around a value. */
const blank = fc.string({ unit: fc.constantFrom(" ", "\t"), maxLength: 3 });

const unknownField = fc.record({
  name: fc
    .string({ unit: fc.constantFrom(...TOKEN), minLength: 1, maxLength: 12 })
    .map((name) => `X-${name}`),
  value: fieldValue,
  before: blank,
  after: blank,
});

/** A chunked body: its text on the wire, in chunks of any size, spelling and extension. */
const extension = fc.oneof(
  { weight: 4, arbitrary: fc.constant("") },
  fc.constantFrom("; a", ";a=b", ' ; a="b;ieof" ', "\t;", " "),
);
const sizeLine = (size: number) =>
  fc.record({ zeros: fc.nat({ max: 4 }), upper: fc.boolean(), extension }).map((look) => {
    const digits = size.toString(16).padStart(size.toString(16).length + look.zeros, "0");
    return (look.upper ? digits.toUpperCase() : digits) + look.extension;
  });
const chunk = latin1({ minLength: 1, maxLength: 40 }).chain((data) =>
  sizeLine(data.length).map((line) => ({ data, wire: `${line}\r\n${data}\r\n` })),
);
const trailers = fc.oneof(
  { weight: 4, arbitrary: fc.constant("") },
  fc
    .array(
      fieldValue.map((value) => `X-T: ${value}\r\n`),
      { maxLength: 3 },
    )
    .map((lines) => lines.join("")),
);
const body = (lastLine: fc.Arbitrary<string>) =>
  fc
    .record({ chunks: fc.array(chunk, { maxLength: 5 }), last: lastLine, trailers })
    .map(({ chunks, last, trailers: lines }) => ({
      data: chunks.map(({ data }) => data).join(""),
      wire: `${chunks.map(({ wire }) => wire).join("")}${last}\r\n${lines}\r\n`,
    }));

const wholeBody = body(sizeLine(0));
const lastOfPreview = fc.constantFrom(
  "0; ieof",
  "0;ieof",
  "0 ;IEOF",
  '0; a="x"; ieof',
  "00;\tieof ",
);

/** A body as the preview leaves it: what is on the wire, and what is told of it. */
const bodyBehind = (preview: number): fc.Arbitrary<{ wire: string; events: string[] }> => {
  const told = (data: string) => (data === "" ? [] : [`body "${visible(data)}"`]);
  const whole = wholeBody.map(({ data, wire }) => ({ wire, events: told(data) }));
  if (preview < 0) return whole;
  const ended = body(lastOfPreview).map(({ data, wire }) => ({ wire, events: told(data) }));
  const continued = fc.tuple(wholeBody, wholeBody).map(([first, rest]) => ({
    wire: first.wire + rest.wire,
    events: [...told(first.data), "preview-end", ...told(rest.data)],
  }));
  return fc.oneof(ended, continued);
};

const httpHead = latin1({ maxLength: 60 }).map((text) => `${text}\r\n\r\n`);

interface Sections {
  readonly method: string;
  readonly requestHead: string;
  readonly responseHead: string;
  readonly body: string;
}
const sections: fc.Arbitrary<Sections> = fc.oneof(
  fc.record({
    method: fc.constant("REQMOD"),
    requestHead: fc.oneof(httpHead, fc.constant("")),
    responseHead: fc.constant(""),
    body: fc.constantFrom("req-body", "null-body"),
  }),
  fc.record({
    method: fc.constant("RESPMOD"),
    requestHead: fc.oneof(httpHead, fc.constant("")),
    responseHead: fc.oneof(httpHead, fc.constant("")),
    body: fc.constantFrom("res-body", "null-body"),
  }),
  fc.record({
    method: fc.constant("OPTIONS"),
    requestHead: fc.constant(""),
    responseHead: fc.constant(""),
    body: fc.constantFrom("opt-body", "null-body"),
  }),
);

function encapsulated({ requestHead, responseHead, body: kind }: Sections): string {
  const parts = [
    ...(requestHead === "" ? [] : ["req-hdr=0"]),
    ...(responseHead === "" ? [] : [`res-hdr=${requestHead.length}`]),
    `${kind}=${requestHead.length + responseHead.length}`,
  ];
  return parts.join(", ");
}

const path = fc
  .array(fc.string({ unit: fc.constantFrom(..."abcXYZ019-._~"), minLength: 1, maxLength: 5 }), {
    maxLength: 3,
  })
  .map((parts) => `/${parts.join("/")}`);

const knownFields = fc.record({
  host: fc.constantFrom(undefined, "h", "[::1]:1344"),
  preview: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 65_536 })),
  allow: fc.constantFrom(undefined, "204", "206", "204, 206", "trailers", "trailers,204"),
  connection: fc.constantFrom(undefined, "close", "keep-alive", "Keep-Alive, CLOSE"),
});

/** Any request that RFC 3507 allows, in any of its spellings. */
export const writtenRequest: fc.Arbitrary<WrittenRequest> = fc
  .record({ sections, known: knownFields, path, query: fc.constantFrom("", "a=1", "a=1;b=?") })
  .chain((plan) => {
    const { host, preview, allow, connection } = plan.known;
    const steering: [string, string][] = [["encapsulated", encapsulated(plan.sections)]];
    if (host !== undefined) steering.push(["host", host]);
    if (preview >= 0) steering.push(["preview", String(preview)]);
    if (allow !== undefined) steering.push(["allow", allow]);
    if (connection !== undefined) steering.push(["connection", connection]);
    const written = steering.map(([name, value]) =>
      fc.record({ name: anyCase(name), value: fc.constant(value), before: blank, after: blank }),
    );
    return fc
      .record({
        emptyLines: fc.nat({ max: 2 }),
        unknown: fc.array(unknownField, { maxLength: 4 }),
        steering: fc.tuple(...written),
        places: fc.array(fc.nat(), { minLength: 5, maxLength: 5 }),
        body: bodyBehind(preview),
      })
      .map((spelling) => write(plan, spelling));
  });

interface Field {
  readonly name: string;
  readonly value: string;
  readonly before: string;
  readonly after: string;
}
interface Plan {
  readonly sections: Sections;
  readonly known: typeof knownFields extends fc.Arbitrary<infer T> ? T : never;
  readonly path: string;
  readonly query: string;
}
interface Spelling {
  readonly emptyLines: number;
  readonly unknown: readonly Field[];
  readonly steering: readonly Field[];
  /** Where each of the steering fields goes, modulo the places there are. */
  readonly places: readonly number[];
  readonly body: { readonly wire: string; readonly events: readonly string[] };
}

function write(plan: Plan, spelling: Spelling): WrittenRequest {
  const { requestHead, responseHead, method, body: kind } = plan.sections;
  const fields: Field[] = [...spelling.unknown];
  spelling.steering.forEach((field, i) => {
    fields.splice((spelling.places[i] ?? 0) % (fields.length + 1), 0, field);
  });
  const target = `${plan.path}${plan.query === "" ? "" : `?${plan.query}`}`;
  const lines = fields.map(
    ({ name, value, before, after }) => `${name}:${before}${value}${after}\r\n`,
  );
  const hasBody = kind !== "null-body";
  return {
    bytes: [
      "\r\n".repeat(spelling.emptyLines),
      `${method} icap://h:1344${target} ICAP/1.0\r\n`,
      ...lines,
      "\r\n",
      requestHead,
      responseHead,
      hasBody ? spelling.body.wire : "",
    ].join(""),
    events: [
      requestLine(plan, target),
      ...fields
        .filter(({ name }) => /^x-/i.test(name))
        .map(({ name, value }) => `field ${name} "${visible(value)}"`),
      ...(requestHead === "" ? [] : [`req-hdr "${visible(requestHead)}"`]),
      ...(responseHead === "" ? [] : [`res-hdr "${visible(responseHead)}"`]),
      ...(hasBody ? spelling.body.events : []),
      "end",
    ],
  };
}

function requestLine({ sections: { method, body: kind }, known }: Plan, target: string): string {
  const { preview, allow = "", connection = "", host } = known;
  const words = [
    `request ${method} ${target.replace("?", " ?")} ${kind}`,
    ...(preview >= 0 ? [`preview=${preview}`] : []),
    ...(allow.includes("204") ? ["allows-204"] : []),
    ...(allow.includes("206") ? ["allows-206"] : []),
    ...(/close/i.test(connection) ? ["closes"] : []),
    ...(host === undefined ? ["no-host"] : []),
  ];
  return words.join(" ");
}
