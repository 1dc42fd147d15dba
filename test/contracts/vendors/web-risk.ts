import { routes, type Vendor } from "./vendor.ts";
import { type Behaviour, badRequest } from "./vendor-server.ts";
import fixture from "./web-risk.json" with { type: "json" };

const { answers } = fixture;

const searching = (answer: unknown, types = "MALWARE,SOCIAL_ENGINEERING,UNWANTED_SOFTWARE") =>
  routes({
    "GET /v1/uris:search": ({ query }) => {
      if (query.get("uri") !== "http://files.example/report") throw badRequest("uri");
      if (query.getAll("threatTypes").join() !== types) throw badRequest("threatTypes");
      return { body: answer };
    },
  }) satisfies Behaviour;

export const webRisk: Vendor = {
  preset: "WebRisk",
  fixture,
  secrets: { apiKey: "webrisk-secret-key" },
  admits: ({ headers }) => headers["x-goog-api-key"] === "webrisk-secret-key",
  refusal: { status: 403, body: answers.wrongKey },
  cleanIsEmpty: "map",
  cases: [
    {
      name: "blocks a URL of a list",
      does: searching(answers.threat),
      says: { kind: "blocked", reason: "category", threats: [{ name: "MALWARE" }] },
    },
    {
      name: "looks into the lists that are set",
      does: searching(answers.none, "MALWARE"),
      params: { threatTypes: ["MALWARE"] },
      says: { kind: "clean", threats: [] },
    },
    {
      name: "lets pass a URL of none",
      does: searching(answers.none),
      says: { kind: "clean", threats: [] },
    },
    {
      name: "does not know a message without a URL",
      does: searching(answers.threat),
      url: undefined,
      says: { kind: "unknown" },
      calls: [],
    },
  ],
};
