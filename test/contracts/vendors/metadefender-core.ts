import fixture from "./metadefender-core.json" with { type: "json" };
import { always, routes, type Vendor } from "./vendor.ts";
import { type Behaviour, badRequest } from "./vendor-server.ts";

const { answers } = fixture;
const REPORT = `GET /file/${answers.submitted.data_id}`;
const CONVERTED = `GET /file/converted/${answers.submitted.data_id}`;

/** It wants the name as ASCII in a header, and a body that is not empty. */
const submission: Behaviour = ({ headers, body }) => {
  if (body.length === 0) throw { status: 422, body: answers.empty };
  if (!/^[!-~]*$/.test(String(headers["filename"] ?? ""))) throw badRequest("filename");
  return { body: answers.submitted };
};

const reporting = (report: unknown): Behaviour =>
  routes({
    "POST /file": submission,
    [REPORT]: ({ calledBefore }) => ({ body: calledBefore === 0 ? answers.processing : report }),
    [CONVERTED]: () => ({
      headers: { "content-type": "application/octet-stream" },
      body: "harmless now",
    }),
  });

export const metadefenderCore: Vendor = {
  preset: "MetadefenderCore",
  fixture,
  secrets: { apiKey: "md-secret-key" },
  admits: ({ headers }) => headers["apikey"] === "md-secret-key",
  refusal: { status: 403, body: answers.invalidKey },
  epoch: { call: "GET /stat/engines", answer: answers.engines, is: "ClamAV 1.4.1 2026-11-20" },
  cases: [
    {
      name: "polls until the report is there, and lets pass what is allowed",
      does: reporting(answers.allowed),
      about: { fileName: "Lebenslauf ü.pdf" },
      isPolled: true,
      says: { kind: "clean", threats: [] },
      calls: ["POST /file", REPORT, REPORT],
    },
    {
      name: "says error where there is no code of a result",
      does: reporting({
        ...answers.allowed,
        scan_results: { ...answers.allowed.scan_results, scan_all_result_i: "" },
      }),
      says: { kind: "error" },
    },
    {
      name: "names the engines that found something",
      does: reporting(answers.infected),
      says: {
        kind: "blocked",
        reason: "malware",
        threats: [{ name: "Eicar-Test-Signature", engine: "ClamAV" }],
        message: "Infected",
      },
    },
    {
      name: "cannot look into an encrypted archive, though the workflow blocks it",
      does: reporting(answers.encrypted),
      says: { kind: "unscannable", reason: "encrypted" },
    },
    {
      name: "blocks what the workflow blocks for another reason",
      does: reporting(answers.sensitive),
      says: { kind: "blocked", reason: "policy", message: "Sensitive Data Found" },
    },
    {
      name: "is suspicious where the engines are",
      does: reporting(answers.suspicious),
      says: { kind: "suspicious" },
    },
    {
      name: "takes the sanitised file",
      does: reporting(answers.sanitized),
      says: { kind: "modified" },
      calls: ["POST /file", REPORT, REPORT, CONVERTED],
      becomes: "harmless now",
    },
    {
      name: "says error where a page comes in place of the sanitised file",
      does: (request) =>
        request.call === CONVERTED
          ? { headers: { "content-type": "text/html" }, body: "<html>Please log in</html>" }
          : reporting(answers.sanitized)(request),
      says: { kind: "error" },
    },
    {
      name: "cannot vouch for what no engine has looked at",
      does: reporting(answers.noEngine),
      says: { kind: "unscannable", reason: "engine-error" },
    },
    {
      name: "lets pass what no engine has looked at, where the workflow has none",
      does: reporting(answers.noEngine),
      params: { minEngines: 0 },
      says: { kind: "clean" },
    },
    {
      name: "lets pass what MetaDefender's own list lets pass without an engine",
      does: reporting(answers.allowListed),
      says: { kind: "clean" },
    },
    {
      name: "leaves the sanitised file where it is told to",
      does: reporting(answers.sanitized),
      params: { sanitized: false },
      says: { kind: "clean" },
      calls: ["POST /file", REPORT, REPORT],
    },
    {
      name: "cannot scan an empty file",
      does: reporting(answers.allowed),
      content: "",
      says: { kind: "unscannable", reason: "malformed" },
    },
    {
      name: "says overload where the queue is full",
      does: always(answers.busy, 503),
      says: { kind: "error", reason: "overload" },
    },
    {
      name: "asks for the workflow that is set",
      does: (request) => {
        const isRule = request.headers["rule"] === "strict";
        if (request.call === "POST /file" && !isRule) throw badRequest("rule");
        return reporting(answers.allowed)(request);
      },
      params: { rule: "strict" },
      says: { kind: "clean" },
    },
  ],
};
