import fixture from "./urlhaus.json" with { type: "json" };
import { routes, type Vendor } from "./vendor.ts";
import type { Behaviour } from "./vendor-server.ts";

const { answers } = fixture;

const listing = (answer: unknown): Behaviour =>
  routes({
    "POST /v1/url/": ({ body }) => {
      const url = new URLSearchParams(body.toString()).get("url");
      return { body: url === "http://files.example/report" ? answer : answers.invalid };
    },
  });

const threats = [
  { name: "malware_download", ref: "https://urlhaus.abuse.ch/url/105821/" },
] as const;

export const urlhaus: Vendor = {
  preset: "Urlhaus",
  fixture,
  secrets: { authKey: "urlhaus-secret-key" },
  admits: ({ headers }) => headers["auth-key"] === "urlhaus-secret-key",
  refusal: { status: 401, body: answers.wrongKey },
  cases: [
    {
      name: "blocks a URL that spreads malware now",
      does: listing(answers.online),
      says: { kind: "blocked", reason: "malware", threats, cache: { ttlMs: 300_000 } },
    },
    {
      name: "is suspicious of a URL that did",
      does: listing(answers.offline),
      says: { kind: "suspicious", threats },
    },
    {
      name: "lets pass a URL that is not listed",
      does: listing(answers.none),
      says: { kind: "clean", threats: [] },
    },
    {
      name: "says error of a URL that is none to it",
      does: listing(answers.online),
      url: "http://files.example/other",
      says: { kind: "error" },
    },
    {
      name: "does not know a message without a URL",
      does: listing(answers.online),
      url: undefined,
      says: { kind: "unknown" },
      calls: [],
    },
  ],
};
