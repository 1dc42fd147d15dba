import fixture from "./hybrid-analysis.json" with { type: "json" };
import { always, routes, type Vendor } from "./vendor.ts";
import { type Behaviour, badRequest, fileIn, formParts } from "./vendor-server.ts";

const { answers } = fixture;
const LOOKUP = "GET /overview/ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";

const listing = (answer: unknown): Behaviour => routes({ [LOOKUP]: always(answer) });

const scanning: Behaviour = routes({
  [LOOKUP]: ({ calledBefore }) =>
    calledBefore === 0 ? { status: 404, body: answers.notFound } : { body: answers.malicious },
  "POST /quick-scan/file": (request) => {
    fileIn(request, "file");
    if (formParts(request)[0]?.content !== "all") throw badRequest("scan_type");
    return { status: 201, body: answers.uploaded };
  },
  "GET /quick-scan/5f": ({ calledBefore }) => ({
    body: calledBefore === 0 ? answers.unfinished : answers.finished,
  }),
});

export const hybridAnalysis: Vendor = {
  preset: "HybridAnalysis",
  fixture,
  secrets: { apiKey: "ha-secret-key" },
  admits: ({ headers }) =>
    headers["api-key"] === "ha-secret-key" && headers["user-agent"] === "Falcon Sandbox",
  refusal: { status: 403, body: answers.wrongKey },
  cases: [
    {
      name: "blocks what is known as malicious",
      does: listing(answers.malicious),
      says: { kind: "blocked", reason: "sandbox", threats: [{ name: "Trojan.Emotet" }] },
      calls: [LOOKUP],
    },
    {
      name: "is suspicious where it is",
      does: listing(answers.suspicious),
      says: { kind: "suspicious", threats: [] },
    },
    {
      name: "lets pass what shows no threat",
      does: listing(answers.harmless),
      says: { kind: "clean" },
    },
    {
      name: "does not know what it has no verdict on",
      does: listing(answers.undecided),
      says: { kind: "unknown" },
    },
    {
      name: "does not know what is not there, and uploads nothing",
      does: routes({ [LOOKUP]: always(answers.notFound, 404) }),
      says: { kind: "unknown" },
      calls: [LOOKUP],
    },
    {
      name: "has it scanned where it is told to",
      does: scanning,
      isPolled: true,
      params: { uploadUnknown: true },
      says: { kind: "blocked" },
      calls: [
        ...[LOOKUP, "POST /quick-scan/file", "GET /quick-scan/5f", "GET /quick-scan/5f"],
        LOOKUP,
      ],
    },
  ],
};
