import { always, routes, type Vendor } from "./vendor.ts";
import { type Behaviour, badRequest, fileIn } from "./vendor-server.ts";
import fixture from "./virus-total.json" with { type: "json" };

const { answers } = fixture;
const SHA256 = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";
const LOOKUP = `GET /api/v3/files/${SHA256}`;
const ANALYSIS = "GET /api/v3/analyses/MjMy%3D%3D";
const unknown = always(answers.notFound, 404);

const uploads: Behaviour = (request) => {
  fileIn(request, "file");
  return { body: answers.uploaded };
};

const analyses: Behaviour = ({ calledBefore }) => ({
  body: [answers.queued, answers.inProgress, answers.completed][calledBefore] ?? answers.completed,
});

export const virusTotal: Vendor = {
  preset: "VirusTotal",
  fixture,
  secrets: { apiKey: "vt-secret-key" },
  admits: ({ headers }) => headers["x-apikey"] === "vt-secret-key",
  refusal: { status: 401, body: answers.wrongKey },
  cases: [
    {
      name: "blocks what enough engines call malicious, and names them",
      does: routes({ [LOOKUP]: always(answers.malicious) }),
      says: {
        kind: "blocked",
        reason: "malware",
        threats: [
          {
            name: "W32.EicarTest.Trojan",
            engine: "Bkav",
            ref: `https://www.virustotal.com/gui/file/${SHA256}`,
          },
        ],
      },
    },
    {
      name: "is suspicious of what one engine calls malicious",
      does: routes({ [LOOKUP]: always(answers.one) }),
      says: { kind: "suspicious" },
    },
    {
      name: "blocks it where one engine is enough",
      does: routes({ [LOOKUP]: always(answers.one) }),
      params: { minPositives: 1 },
      says: { kind: "blocked" },
    },
    {
      name: "lets pass what no engine has anything against",
      does: routes({ [LOOKUP]: always(answers.clean) }),
      says: { kind: "clean", threats: [] },
    },
    {
      name: "does not know what most engines failed to look at",
      does: routes({ [LOOKUP]: always(answers.mostlyFailed) }),
      says: { kind: "unknown" },
    },
    {
      name: "does not know what no engine has looked at",
      does: routes({ [LOOKUP]: always(answers.neverAnalysed) }),
      says: { kind: "unknown" },
    },
    {
      name: "says error where there is nothing about the file",
      does: routes({ [LOOKUP]: always({ data: { attributes: null } }) }),
      says: { kind: "error" },
    },
    {
      name: "says error where the numbers are none",
      does: routes({ [LOOKUP]: always({ data: { attributes: { last_analysis_stats: "" } } }) }),
      says: { kind: "error" },
    },
    {
      name: "does not know what is not there, and uploads nothing",
      does: routes({ [LOOKUP]: unknown }),
      says: { kind: "unknown" },
      calls: [LOOKUP],
    },
    {
      name: "uploads it where it is told to, and waits for the analysis",
      does: routes({ [LOOKUP]: unknown, "POST /api/v3/files": uploads, [ANALYSIS]: analyses }),
      params: { uploadUnknown: true },
      about: { fileName: 'résumé "ü".pdf' },
      isPolled: true,
      says: { kind: "blocked", threats: [bkavFound("W32.EicarTest.Trojan")] },
      calls: [LOOKUP, "POST /api/v3/files", ANALYSIS, ANALYSIS, ANALYSIS],
    },
    {
      name: "uploads more than 32 MiB to an address that is for one use",
      does: largeUpload(),
      params: { uploadUnknown: true },
      content: "x".repeat(32 * 1024 * 1024 + 1),
      says: { kind: "blocked" },
    },
  ],
};

function bkavFound(name: string) {
  return { name, engine: "Bkav", ref: `https://www.virustotal.com/gui/file/${SHA256}` };
}

function largeUpload(): Behaviour {
  let isUsed = false;
  return (request) => {
    const { call, base } = request;
    if (call === "GET /api/v3/files/upload_url")
      return { body: { data: `${base}/_ah/upload/T?t=1` } };
    if (call === "POST /_ah/upload/T") {
      if (isUsed || request.query.get("t") !== "1") throw badRequest("the address is used up");
      isUsed = true;
      return uploads(request);
    }
    if (call === ANALYSIS) return { body: answers.completed };
    return call.startsWith("GET /api/v3/files/") ? unknown(request) : badRequest(call);
  };
}
