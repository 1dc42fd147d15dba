import fixture from "./safe-browsing.json" with { type: "json" };
import { routes, type Vendor } from "./vendor.ts";
import { type Behaviour, badRequest } from "./vendor-server.ts";

const { answers } = fixture;

const finding = (answer: unknown): Behaviour =>
  routes({
    "POST /v4/threatMatches:find": ({ body }) => {
      const { threatInfo } = JSON.parse(body.toString()) as {
        threatInfo: { threatTypes: unknown; threatEntries: { url: string }[] };
      };
      if (!Array.isArray(threatInfo.threatTypes)) throw badRequest("threatTypes is a list");
      if (threatInfo.threatEntries[0]?.url === "") throw badRequest("url");
      return { body: answer };
    },
  });

export const safeBrowsing: Vendor = {
  preset: "SafeBrowsing",
  fixture,
  secrets: { apiKey: "sb-secret-key" },
  admits: ({ headers }) => headers["x-goog-api-key"] === "sb-secret-key",
  refusal: { status: 403, body: answers.wrongKey },
  cleanIsEmpty: "map",
  cases: [
    {
      name: "blocks a URL of a list, for as long as it says",
      does: finding(answers.match),
      says: {
        kind: "blocked",
        reason: "category",
        threats: [{ name: "SOCIAL_ENGINEERING" }],
        cache: { ttlMs: 120_000 },
      },
    },
    {
      name: "lets pass a URL of none",
      does: finding(answers.none),
      says: { kind: "clean", threats: [] },
    },
    {
      name: "does not know a message without a URL",
      does: finding(answers.match),
      url: undefined,
      says: { kind: "unknown" },
      calls: [],
    },
  ],
};
