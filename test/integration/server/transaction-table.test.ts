import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { icapError } from "../../../src/protocol/index.ts";
import { NEEDS_MORE, type Outcome } from "../../../src/services/index.ts";
import { Cause } from "../../../src/telemetry/index.ts";
import { type IcapAnswer, icapField } from "../../support/icap-answer.ts";
import type { IcapConnection } from "../../support/icap-connection.ts";
import { chunks, icapHead, optionsRequest, ownHead } from "../../support/icap-request.ts";
import {
  blockedOutcome,
  blockedPage,
  pageOf,
  scriptedService,
  unmodifiedOutcome,
} from "../../support/scripted-service.ts";
import { ServerUnderTest } from "../../support/server-under-test.ts";
import { chunk, endOfPreviewedBody } from "../../support/wire-text.ts";

const methods = ["REQMOD", "RESPMOD"] as const;
const allows = [undefined, "204", "206", "204, 206"] as const;
/** How the body comes: not at all, whole, behind a preview, or whole within one. */
const bodies = [
  "null-body",
  "null-body preview 0",
  "whole",
  "preview 0",
  "preview",
  "ieof",
] as const;
const moments = ["heads", "preview", "end"] as const;

type BodyForm = (typeof bodies)[number];
type Moment = (typeof moments)[number];

const originalBody = "The quick brown fox jumps over the lazy dog. ".repeat(20);
const previewLength = 100;
const prefix = "NEW BEGINNING ";
const offset = 10;
const newHead = "HTTP/1.1 200 Changed\r\nX-Changed: yes\r\n\r\n";
const newBody = "a body of the service's own";

const report = { cause: Cause.Verdict, fields: "" };
const outcomes = {
  unmodified: unmodifiedOutcome,
  blocked: blockedOutcome,
  "modified original": {
    kind: "modified",
    head: newHead,
    body: { kind: "original", prefix: Buffer.from(prefix), offset },
    report,
  },
  "modified replaced": {
    kind: "modified",
    head: newHead,
    body: {
      kind: "replaced",
      content: {
        pieces: [{ kind: "memory", data: Buffer.from(newBody) }],
        size: newBody.length,
        dispose: () => {},
      },
    },
    report,
  },
  "modified none": { kind: "modified", head: newHead, body: { kind: "none" }, report },
  "failed page": { kind: "failed", answer: pageOf(503, "no verdict"), report },
  "failed error": { kind: "failed", answer: icapError("ICAP_ERR_SCAN_FAILED"), report },
} as const satisfies Record<string, Outcome>;
type OutcomeName = keyof typeof outcomes;
const outcomeNames = Object.keys(outcomes) as OutcomeName[];

interface Case {
  readonly method: (typeof methods)[number];
  readonly form: BodyForm;
  readonly allow: (typeof allows)[number];
  readonly moment: Moment;
  readonly outcome: OutcomeName;
}

function pathOf(moment: Moment, outcome: OutcomeName): string {
  return `/${moment}-${outcome.replace(" ", "-")}`;
}

function serviceFor(moment: Moment, name: OutcomeName) {
  const outcome = outcomes[name];
  return scriptedService({
    name: `${moment} ${name}`,
    path: pathOf(moment, name),
    decide: (preview) => {
      const now = moment === "heads" || (moment === "preview" && preview !== undefined);
      return now ? outcome : NEEDS_MORE;
    },
    judge: () => Promise.resolve(outcome),
  });
}

function hasBody(form: BodyForm): boolean {
  return !form.startsWith("null-body");
}

/** Bytes the client offers before it waits; undefined without a preview. */
function previewOf(form: BodyForm): number | undefined {
  if (form === "whole" || form === "null-body") return undefined;
  if (form === "preview") return previewLength;
  return form === "ieof" ? originalBody.length : 0;
}

function requestText({ method, form, allow, moment, outcome }: Case): string {
  const preview = previewOf(form);
  const fields = [
    ...(allow === undefined ? [] : [`Allow: ${allow}`]),
    ...(preview === undefined ? [] : [`Preview: ${preview}`]),
  ];
  const path = pathOf(moment, outcome);
  if (!hasBody(form)) return icapHead({ method, path, fields });
  const start = icapHead({ method, path, fields, body: originalBody });
  if (form === "ieof") return start + chunk(originalBody) + endOfPreviewedBody;
  return start + chunks(originalBody.slice(0, preview));
}

/** Speaks as a client that keeps to the rules; `continued` tells whether it was asked for the rest. */
async function exchange(connection: IcapConnection, test: Case) {
  await connection.send(requestText(test));
  const first = await connection.readAnswer();
  if (first.status !== 100) return { answer: first, continued: false, bytes: first.raw.length };
  await connection.send(chunks(originalBody.slice(previewOf(test.form))));
  const answer = await connection.readAnswer();
  return { answer, continued: true, bytes: first.raw.length + answer.raw.length };
}

/** Written down from RFC 3507 §4.5, §4.6 and draft-icap-ext-partial-content, not from the code. */
function expected(test: Case) {
  const { form, allow = "", moment, outcome } = test;
  const tokens = allow.split(", ");
  const refers206 = tokens.includes("206");
  const waits = form === "preview 0" || form === "preview";
  const needsAll = moment === "end" || (outcome === "modified original" && !refers206);
  const continued = waits && needsAll;
  const inPreview = previewOf(form) !== undefined && !continued;
  const omits = inPreview || tokens.includes("204");
  return { continued, no204: !omits, refers: refers206 && omits };
}

function expectEcho(answer: IcapAnswer, { method, form }: Case): void {
  const isRequest = method === "REQMOD";
  expect(answer.status).toBe(200);
  expect(isRequest ? answer.requestHead : answer.responseHead).toBe(ownHead(method));
  expect(isRequest ? answer.responseHead : answer.requestHead).toBeUndefined();
  expect(answer.body?.toString("latin1")).toBe(hasBody(form) ? originalBody : undefined);
}

function expectHead(answer: IcapAnswer, method: Case["method"], text: string): void {
  expect(method === "REQMOD" ? answer.requestHead : answer.responseHead).toBe(text);
}

function expectAnswer(answer: IcapAnswer, test: Case): void {
  const { no204, refers } = expected(test);
  const body = answer.body?.toString("latin1");
  switch (test.outcome) {
    case "unmodified":
      if (no204) expectEcho(answer, test);
      else expect([answer.status, answer.sections]).toEqual([204, [["null-body", 0]]]);
      return;
    case "modified original":
      expectHead(answer, test.method, newHead);
      expect(answer.status).toBe(refers ? 206 : 200);
      expect(answer.lastChunkExtension).toBe(refers ? `; use-original-body=${offset}` : "");
      expect(body).toBe(refers ? prefix : prefix + originalBody.slice(offset));
      return;
    case "modified replaced":
      expectHead(answer, test.method, newHead);
      expect([answer.status, body]).toEqual([200, newBody]);
      return;
    case "modified none":
      expectHead(answer, test.method, newHead);
      expect([answer.status, body]).toEqual([200, undefined]);
      return;
    case "blocked":
      expect([answer.status, body, answer.requestHead]).toEqual([200, blockedPage, undefined]);
      expect(answer.responseHead).toMatch(/^HTTP\/1\.1 403 /);
      return;
    case "failed page":
      expect([answer.status, body, answer.requestHead]).toEqual([200, "no verdict", undefined]);
      return;
    case "failed error":
      expect([answer.status, answer.sections]).toEqual([500, [["null-body", 0]]]);
      return;
    default:
      test.outcome satisfies never;
  }
}

function casesOf(form: BodyForm): Case[] {
  const all = methods.flatMap((method) =>
    allows.flatMap((allow) =>
      moments.flatMap((moment) =>
        outcomeNames.map((outcome) => ({ method, form, allow, moment, outcome })),
      ),
    ),
  );
  // Without a body there is no original to refer to.
  return all.filter(({ outcome }) => hasBody(form) || outcome !== "modified original");
}

describe.each(bodies)("a message with %s", (form) => {
  let under: ServerUnderTest;
  let connection: IcapConnection;

  beforeAll(async () => {
    under = await ServerUnderTest.start({
      services: moments.flatMap((moment) => outcomeNames.map((name) => serviceFor(moment, name))),
    });
    // One connection for all: each test shows that the one before left it in step.
    connection = await under.connect();
  });

  afterAll(async () => {
    connection.close();
    await under.close();
  });

  it.each(casesOf(form))("$method, Allow $allow, decided at $moment: $outcome", async (test) => {
    const { answer, continued, bytes } = await exchange(connection, test);
    expectAnswer(answer, test);
    expect(continued).toBe(expected(test).continued);
    expect(answer.fields.at(-1)?.[0]).toBe("Encapsulated");
    expect(icapField(answer, "istag")).toBe('"SCRIPTED"');
    expect(under.records.at(-1)).toMatchObject({
      outcome: test.outcome.split(" ")[0],
      icapStatus: answer.status,
      bytesOut: bytes,
    });
    await connection.send(optionsRequest(pathOf(test.moment, test.outcome)));
    expect((await connection.readAnswer()).status).toBe(200);
  });
});
