import fixture from "./clammit.json" with { type: "json" };
import { routes, type Vendor } from "./vendor.ts";
import type { Behaviour } from "./vendor-server.ts";

const { answers } = fixture;
const UNSEEN_BYTES = 1024 * 1024;

/** What is larger, and what has a type that it cannot read, it lets pass without a look. */
const scanning = (body: string, status = 200): Behaviour =>
  routes({
    "POST /clammit/scan": ({ headers, body: { length } }) => {
      const isSeen =
        length <= UNSEEN_BYTES && /^[\w-]+\/[\w-]+$/.test(headers["content-type"] ?? "");
      return isSeen ? { status, body } : { body: answers.clean };
    },
  });

export const clammit: Vendor = {
  preset: "Clammit",
  fixture,
  secrets: {},
  epoch: { call: "GET /clammit", answer: answers.info, is: "ClamAV 1.4.1/27500" },
  cases: [
    { name: "lets pass what is clean", does: scanning(answers.clean), says: { kind: "clean" } },
    {
      name: "blocks what makes it a teapot (418)",
      does: scanning(answers.virus, 418),
      says: { kind: "blocked", reason: "malware" },
    },
    {
      name: "knows another status that it was configured to",
      does: scanning(answers.virus, 451),
      params: { infectedStatus: 451 },
      says: { kind: "blocked" },
    },
    {
      name: "sends nothing that it would not look at",
      does: scanning(answers.virus, 418),
      content: "x".repeat(UNSEEN_BYTES + 1),
      says: { kind: "unscannable", reason: "size" },
      calls: [],
    },
    {
      name: "says error where clamd is not there",
      does: scanning(answers.failed, 500),
      says: { kind: "error" },
    },
    {
      name: "says error where it shuts down, and answers nothing",
      does: scanning(""),
      says: { kind: "error" },
    },
  ],
};
