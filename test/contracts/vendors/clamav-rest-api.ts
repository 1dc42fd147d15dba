import fixture from "./clamav-rest-api.json" with { type: "json" };
import { routes, type Vendor } from "./vendor.ts";
import { type Behaviour, fileIn } from "./vendor-server.ts";

const { answers } = fixture;

const scanning = (body: unknown, status = 200): Behaviour =>
  routes({
    "POST /api/v1/scan": (request) => {
      fileIn(request, "FILES");
      return { status, body };
    },
  });

export const clamavRestApi: Vendor = {
  preset: "ClamavRestApi",
  fixture,
  secrets: {},
  epoch: { call: "GET /api/v1/version", answer: answers.version, is: "ClamAV 1.4.1/27500" },
  cases: [
    { name: "lets pass what is clean", does: scanning(answers.clean), says: { kind: "clean" } },
    {
      name: "blocks what is infected, and names the signature",
      does: scanning(answers.infected),
      says: { kind: "blocked", reason: "malware", threats: [{ name: "Eicar-Test-Signature" }] },
    },
    {
      name: "says error where it could not tell",
      does: scanning(answers.undecided),
      says: { kind: "error" },
    },
    {
      name: "cannot scan what is too big for it",
      does: scanning(answers.limit, 413),
      says: { kind: "unscannable", reason: "size" },
    },
    {
      name: "takes a limit of requests for no limit of sizes",
      does: scanning("Rate limit exceeded", 429),
      says: { kind: "error", reason: "overload" },
    },
    {
      name: "says error where clamd is not there",
      does: scanning(answers.failed, 500),
      says: { kind: "error" },
    },
  ],
};
