import fixture from "./scanii.json" with { type: "json" };
import { routes, type Vendor } from "./vendor.ts";
import { type Behaviour, fileIn } from "./vendor-server.ts";

const { answers } = fixture;
const BASIC = `Basic ${Buffer.from("scanii-key:scanii-secret").toString("base64")}`;

const scanning = (body: unknown, status = 201): Behaviour =>
  routes({
    "POST /files": (request) => {
      fileIn(request, "file");
      return { status, body, headers: { location: "https://api-us1.scanii.com/v2.2/files/a" } };
    },
  });

export const scanii: Vendor = {
  preset: "Scanii",
  fixture,
  secrets: { key: "scanii-key", secret: "scanii-secret" },
  admits: ({ headers }) => headers.authorization === BASIC,
  refusal: { status: 401, body: answers.wrongKey },
  cases: [
    {
      name: "lets pass what has no findings",
      does: scanning(answers.clean),
      about: { fileName: "ü.txt" },
      says: { kind: "clean", threats: [] },
    },
    {
      name: "blocks malware",
      does: scanning(answers.malicious),
      says: {
        kind: "blocked",
        reason: "malware",
        threats: [{ name: "content.malicious.eicar-test-signature" }],
      },
    },
    {
      name: "is suspicious of other findings",
      does: scanning(answers.unsafe),
      says: { kind: "suspicious", reason: "category" },
    },
    {
      name: "says error where it failed, though it found nothing",
      does: scanning(answers.failed),
      says: { kind: "error" },
    },
    {
      name: "cannot scan what is too large for it",
      does: scanning(answers.tooLarge, 413),
      says: { kind: "unscannable", reason: "size" },
    },
  ],
};
