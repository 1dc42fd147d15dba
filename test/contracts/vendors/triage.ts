import fixture from "./triage.json" with { type: "json" };
import { always, routes, type Vendor } from "./vendor.ts";
import { type Behaviour, badRequest, fileIn, formParts } from "./vendor-server.ts";

const { answers } = fixture;
const { id } = answers.submitted;
const STATUS = `GET /v0/samples/${id}`;
const OVERVIEW = `GET /v1/samples/${id}/overview.json`;

const analysing = (overview: unknown, last: unknown = answers.reported): Behaviour =>
  routes({
    "POST /v0/samples": (request) => {
      fileIn(request, "file");
      const options = formParts(request).find(({ name }) => name === "_json")?.content ?? "";
      if ((JSON.parse(options) as { kind: string }).kind !== "file") throw badRequest("kind");
      return { body: answers.submitted };
    },
    [STATUS]: ({ calledBefore }) => ({ body: calledBefore === 0 ? answers.scheduled : last }),
    [OVERVIEW]: always(overview),
  });

export const triage: Vendor = {
  preset: "Triage",
  fixture,
  secrets: { token: "triage-secret-token" },
  admits: ({ headers }) => headers.authorization === "Bearer triage-secret-token",
  refusal: { status: 401, body: answers.wrongToken },
  cases: [
    {
      name: "submits a sample, waits for its report and blocks a high score",
      does: analysing(answers.malicious),
      about: { fileName: "ü.exe" },
      isPolled: true,
      says: { kind: "blocked", reason: "sandbox", score: 1, threats: [{ name: "emotet" }] },
      calls: ["POST /v0/samples", STATUS, STATUS, OVERVIEW],
    },
    {
      name: "is suspicious of a middling score",
      does: analysing(answers.odd),
      says: { kind: "suspicious" },
    },
    {
      name: "lets pass a low score",
      does: analysing(answers.harmless),
      says: { kind: "clean", threats: [] },
    },
    {
      name: "cannot judge a sample that has no score",
      does: analysing(answers.unscored),
      says: { kind: "unscannable" },
    },
    {
      name: "cannot judge a sample of which a part of the analysis failed",
      does: analysing(answers.partial),
      says: { kind: "unscannable" },
    },
    {
      name: "blocks a high score though a part of the analysis failed",
      does: analysing({ ...answers.partial, analysis: answers.malicious.analysis }),
      says: { kind: "blocked" },
    },
    {
      name: "cannot judge a sample whose analysis failed",
      does: analysing(answers.harmless, answers.failed),
      says: { kind: "unscannable" },
    },
  ],
};
