import fixture from "./google-dlp.json" with { type: "json" };
import { routes, type Vendor } from "./vendor.ts";
import { type Behaviour, badRequest } from "./vendor-server.ts";

const { answers } = fixture;

const inspecting = (answer: unknown): Behaviour =>
  routes({
    "POST /v2/projects/acme/locations/global/content:inspect": ({ body }) => {
      const { item, inspectConfig } = JSON.parse(body.toString()) as {
        item: { value: string };
        inspectConfig: { infoTypes: { name: string }[]; includeQuote: boolean };
      };
      if (item.value !== "content") throw badRequest("item");
      if (inspectConfig.infoTypes[0]?.name !== "CREDIT_CARD_NUMBER") throw badRequest("infoTypes");
      if (inspectConfig.includeQuote) throw badRequest("the finding itself is not to be told");
      return { body: answer };
    },
  });

export const googleDlp: Vendor = {
  preset: "GoogleDlp",
  fixture,
  params: { project: "acme" },
  secrets: { accessToken: "dlp-secret-token" },
  admits: ({ headers }) => headers.authorization === "Bearer dlp-secret-token",
  refusal: { status: 401, body: answers.expired },
  cases: [
    {
      name: "lets pass text without findings",
      does: inspecting(answers.none),
      says: { kind: "clean", threats: [] },
    },
    {
      name: "blocks findings, each kind once",
      does: inspecting(answers.found),
      says: { kind: "blocked", reason: "dlp", threats: [{ name: "IBAN_CODE" }] },
    },
    {
      name: "blocks what is told by the name of a kind within the one that was asked for",
      does: inspecting({ result: { findings: [{ infoType: { name: "UK_PASSPORT" } }] } }),
      says: { kind: "blocked", threats: [{ name: "UK_PASSPORT" }] },
    },
    {
      name: "blocks where there were more findings than it tells",
      does: inspecting(answers.truncated),
      says: { kind: "blocked", reason: "dlp" },
    },
    {
      name: "says error where the result is none",
      does: inspecting({ result: null }),
      says: { kind: "error" },
    },
    {
      name: "says error where the findings are none",
      does: inspecting({ result: { findings: {} } }),
      says: { kind: "error" },
    },
    {
      name: "cannot scan what is no text",
      does: inspecting(answers.none),
      about: { declaredType: "image/png" },
      says: { kind: "unscannable", reason: "type" },
      calls: [],
    },
  ],
};
