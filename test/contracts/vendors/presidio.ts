import fixture from "./presidio.json" with { type: "json" };
import { routes, type Vendor } from "./vendor.ts";
import { type Behaviour, badRequest } from "./vendor-server.ts";

const { answers } = fixture;

const analysing = (answer: unknown): Behaviour =>
  routes({
    "POST /analyze": ({ body }) => {
      const { text, language, entities } = JSON.parse(body.toString()) as Record<string, unknown>;
      if (text !== "content" || !Array.isArray(entities)) throw badRequest("No text provided");
      if (language !== "en") throw { status: 500, body: answers.noLanguage };
      return { body: answer };
    },
  });

export const presidio: Vendor = {
  preset: "Presidio",
  fixture,
  secrets: {},
  cleanIsEmpty: "list",
  cases: [
    {
      name: "lets pass text without personal data",
      does: analysing(answers.none),
      says: { kind: "clean", threats: [] },
    },
    {
      name: "blocks what it is sure of, each kind once",
      does: analysing(answers.sure),
      says: { kind: "blocked", reason: "dlp", threats: [{ name: "CREDIT_CARD" }] },
    },
    {
      name: "is suspicious of what it is not sure of",
      does: analysing(answers.unsure),
      says: { kind: "suspicious", threats: [{ name: "US_SSN" }] },
    },
    {
      name: "blocks that, too, where little is enough",
      does: analysing(answers.unsure),
      params: { minScore: 0.01 },
      says: { kind: "blocked" },
    },
    {
      name: "lets pass other kinds of data",
      does: analysing(answers.others),
      says: { kind: "clean", threats: [] },
    },
    {
      name: "says error of a language that it does not know",
      does: analysing(answers.none),
      params: { language: "xx" },
      says: { kind: "error" },
    },
    {
      name: "says error where a finding is of no kind",
      does: analysing([{ entity_type: null, score: 1 }]),
      says: { kind: "error" },
    },
    {
      name: "cannot scan what is no text",
      does: analysing(answers.none),
      about: { declaredType: "image/png" },
      says: { kind: "unscannable", reason: "type" },
    },
  ],
};
