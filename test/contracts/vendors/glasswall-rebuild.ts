import fixture from "./glasswall-rebuild.json" with { type: "json" };
import { routes, type Vendor } from "./vendor.ts";
import { type Behaviour, badRequest, fileIn, formParts } from "./vendor-server.ts";

const { answers } = fixture;
const POLICY = '{"PdfContentManagement":{"Metadata":0}}';

const rebuilding = (policy?: string): Behaviour =>
  routes({
    "POST /api/rebuild/file": (request) => {
      fileIn(request, "file");
      const flags = formParts(request).find(({ name }) => name === "contentManagementFlagJson");
      if (flags?.content !== policy) throw badRequest("flags");
      // Anything else is answered in Base64.
      if (request.headers.accept !== "application/octet-stream") throw badRequest("accept");
      return { headers: { "content-type": "application/octet-stream" }, body: answers.rebuilt };
    },
  });

export const glasswallRebuild: Vendor = {
  preset: "GlasswallRebuild",
  fixture,
  secrets: { token: "gw.secret.jwt" },
  admits: ({ headers }) => headers.authorization === "gw.secret.jwt",
  refusal: { status: 403, body: answers.wrongToken },
  cases: [
    {
      name: "puts the rebuilt file in the place of the original",
      does: rebuilding(),
      about: { fileName: "ü.pdf", declaredType: "application/pdf" },
      says: { kind: "modified" },
      becomes: answers.rebuilt,
    },
    {
      name: "sends its flags",
      does: rebuilding(POLICY),
      params: { policy: POLICY },
      says: { kind: "modified" },
      becomes: answers.rebuilt,
    },
    {
      name: "cannot scan what cannot be rebuilt",
      does: () => ({ status: 422, body: answers.notRebuilt }),
      says: { kind: "unscannable", reason: "malformed" },
    },
  ],
};
