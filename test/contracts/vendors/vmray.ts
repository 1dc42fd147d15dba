import { always, routes, type Vendor } from "./vendor.ts";
import { type Behaviour, fileIn } from "./vendor-server.ts";
import fixture from "./vmray.json" with { type: "json" };

const { answers } = fixture;
const LOOKUP =
  "GET /rest/sample/sha256/ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";

const analysing = (verdict: unknown): Behaviour =>
  routes({
    [LOOKUP]: always(answers.noSamples),
    "POST /rest/sample/submit": (request) => {
      fileIn(request, "sample_file");
      return { body: answers.submitted };
    },
    "GET /rest/submission/5": ({ calledBefore }) => ({
      body: calledBefore < 2 ? answers.running : answers.finished,
    }),
    "GET /rest/sample/9": always(verdict),
  });

export const vmray: Vendor = {
  preset: "Vmray",
  fixture,
  secrets: { apiKey: "vmray-secret-key" },
  admits: ({ headers }) => headers.authorization === "api_key vmray-secret-key",
  refusal: { status: 401, body: answers.wrongKey },
  cases: [
    {
      name: "takes the verdict of a sample that is known, without sending it",
      does: routes({ [LOOKUP]: always(answers.known) }),
      says: { kind: "blocked", reason: "sandbox", threats: [{ name: "Emotet" }] },
      calls: [LOOKUP],
    },
    {
      name: "submits a sample, and waits until its analysis has finished",
      does: analysing(answers.clean),
      about: { fileName: "ü.exe" },
      isPolled: true,
      says: { kind: "clean", threats: [] },
      calls: [
        ...[LOOKUP, "POST /rest/sample/submit", "GET /rest/submission/5"],
        ...["GET /rest/submission/5", "GET /rest/submission/5", "GET /rest/sample/9"],
      ],
    },
    {
      name: "submits it also where the lookup says 404",
      does: (request) =>
        request.call === LOOKUP
          ? { status: 404, body: answers.unknownSample }
          : analysing(answers.suspicious)(request),
      says: { kind: "suspicious", threats: [{ name: "Packed" }] },
    },
    {
      name: "does not look it up where it is not to",
      does: analysing(answers.clean),
      params: { reuse: false },
      says: { kind: "clean" },
    },
    {
      name: "takes the worst verdict of a sample that was analysed more than once",
      does: routes({ [LOOKUP]: always(answers.knownTwice) }),
      says: { kind: "blocked", threats: [{ name: "Emotet" }] },
    },
    {
      name: "cannot vouch for an archive of which it makes several samples",
      does: (request) =>
        request.call.startsWith("POST")
          ? { body: answers.submittedArchive }
          : analysing(answers.clean)(request),
      says: { kind: "unscannable", threats: [] },
    },
    {
      name: "cannot vouch for what finished with errors",
      does: (request) =>
        request.call === "GET /rest/submission/5"
          ? { body: answers.finishedWithErrors }
          : analysing(answers.clean)(request),
      says: { kind: "unscannable" },
    },
    {
      name: "cannot judge what finished without a verdict",
      does: analysing(answers.none),
      says: { kind: "unscannable" },
    },
  ],
};
