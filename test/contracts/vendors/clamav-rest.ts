import fixture from "./clamav-rest.json" with { type: "json" };
import { routes, type Vendor } from "./vendor.ts";
import { type Behaviour, fileIn } from "./vendor-server.ts";

const { answers } = fixture;

const scanning = (body: unknown, status = 200): Behaviour =>
  routes({
    "POST /v2/scan": (request) => {
      fileIn(request, "file");
      return { status, body };
    },
  });

export const clamavRest: Vendor = {
  preset: "ClamavRest",
  fixture,
  secrets: {},
  epoch: { call: "GET /version", answer: answers.version, is: "1.4.1/27500" },
  cases: [
    { name: "lets pass what is clean", does: scanning(answers.ok), says: { kind: "clean" } },
    {
      name: "blocks what it calls not acceptable (406), and names the signature",
      does: scanning(answers.found, 406),
      says: { kind: "blocked", reason: "malware", threats: [{ name: "Eicar-Test-Signature" }] },
    },
    {
      name: "cannot scan what is too big for it",
      does: scanning(answers.tooBig, 413),
      says: { kind: "unscannable", reason: "size" },
    },
    {
      name: "says error where clamd failed",
      does: scanning(answers.error, 400),
      says: { kind: "error" },
    },
    {
      name: "says error where one file did",
      does: scanning(answers.error),
      says: { kind: "error" },
    },
  ],
};
