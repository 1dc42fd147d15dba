import fixture from "./cloudmersive.json" with { type: "json" };
import { routes, type Vendor } from "./vendor.ts";
import { type Behaviour, badRequest, fileIn } from "./vendor-server.ts";

const { answers } = fixture;

const scanning = (answer: unknown, wanted: Readonly<Record<string, string>> = {}): Behaviour =>
  routes({
    "POST /virus/scan/file/advanced": (request) => {
      fileIn(request, "inputFile");
      for (const [name, value] of Object.entries(wanted)) {
        if (request.headers[name] !== value) throw badRequest(name);
      }
      return { body: answer };
    },
  });

export const cloudmersive: Vendor = {
  preset: "Cloudmersive",
  fixture,
  secrets: { apiKey: "cm-secret-key" },
  admits: ({ headers }) => headers["apikey"] === "cm-secret-key",
  refusal: { status: 401, body: answers.wrongKey },
  cases: [
    {
      name: "lets pass what is clean, and allows the contents that it should",
      does: scanning(answers.clean, { allowmacros: "true", allowpasswordprotectedfiles: "false" }),
      about: { fileName: "ü.docx" },
      says: { kind: "clean", threats: [] },
    },
    {
      name: "blocks a virus, with the file in the archive",
      does: scanning(answers.infected),
      says: {
        kind: "blocked",
        reason: "malware",
        threats: [{ name: "EICAR-Test-File", path: "a.zip/eicar.com" }],
      },
    },
    {
      name: "blocks a content that is not allowed",
      does: scanning(answers.macros, { allowmacros: "false" }),
      params: { allowMacros: false },
      says: { kind: "blocked", reason: "policy", threats: [{ name: "ContainsMacros" }] },
    },
    {
      name: "cannot look into a protected file",
      does: scanning(answers.protected),
      says: { kind: "unscannable", reason: "encrypted" },
    },
    {
      name: "believes a virus more than a clean result",
      does: scanning(answers.strange),
      says: { kind: "blocked", threats: [{ name: "Odd" }] },
    },
  ],
};
