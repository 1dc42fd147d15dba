import fixture from "./phish-tank.json" with { type: "json" };
import { routes, type Vendor } from "./vendor.ts";
import { type Behaviour, badRequest } from "./vendor-server.ts";

const { answers } = fixture;

const checking = (answer: unknown): Behaviour =>
  routes({
    "POST /checkurl/": ({ body, headers }) => {
      const form = new URLSearchParams(body.toString());
      if (form.get("format") !== "json") throw badRequest("format");
      if (!headers["user-agent"]?.startsWith("phishtank/")) throw { status: 403 };
      return { body: form.get("url") === null ? answers.failed : answer };
    },
  });

const threats = [
  { name: "Phishing", ref: "http://www.phishtank.com/phish_detail.php?phish_id=123456" },
] as const;

export const phishTank: Vendor = {
  preset: "PhishTank",
  fixture,
  secrets: { appKey: "phishtank-secret-key" },
  cases: [
    {
      name: "says error where the answer is called none",
      does: checking({ ...answers.none, meta: { status: "error" } }),
      says: { kind: "error" },
    },
    {
      name: "blocks a phishing page",
      does: checking(answers.phish),
      says: { kind: "blocked", reason: "category", threats },
    },
    {
      name: "is suspicious of one that is not verified",
      does: checking(answers.unverified),
      says: { kind: "suspicious", threats },
    },
    {
      name: "lets pass a URL that is not listed",
      does: checking(answers.none),
      says: { kind: "clean", threats: [] },
    },
    {
      name: "does not know a message without a URL",
      does: checking(answers.phish),
      url: undefined,
      says: { kind: "unknown" },
      calls: [],
    },
    {
      name: "says overload where the limit is used up (509)",
      does: () => ({ status: 509, body: "Bandwidth Limit Exceeded" }),
      says: { kind: "error", reason: "overload" },
    },
  ],
};
