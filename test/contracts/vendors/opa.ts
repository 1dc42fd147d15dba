import fixture from "./opa.json" with { type: "json" };
import { routes, type Vendor } from "./vendor.ts";
import { type Behaviour, badRequest } from "./vendor-server.ts";

const { answers } = fixture;

interface Input {
  readonly url: string;
  readonly entity: { readonly size: unknown; readonly sha256: string };
  readonly client: { readonly groups: unknown };
}

const deciding = (answer: unknown, call = "POST /v1/data/sluice/verdict"): Behaviour =>
  routes({
    [call]: ({ body }) => {
      const { input } = JSON.parse(body.toString()) as { input: Input };
      if (input.url !== "http://files.example/report") throw badRequest("url");
      if (input.entity.size !== 7 || input.entity.sha256.length !== 64) throw badRequest("entity");
      if (!Array.isArray(input.client.groups)) throw badRequest("groups");
      return { body: answer };
    },
  });

export const opa: Vendor = {
  preset: "Opa",
  fixture,
  secrets: { token: "opa-secret-token" },
  admits: ({ headers }) => headers.authorization === "Bearer opa-secret-token",
  refusal: { status: 401, body: answers.unauthorized },
  cases: [
    {
      name: "lets pass what is true, for this once",
      does: deciding(answers.allowed),
      says: { kind: "clean", cache: { ttlMs: 0 } },
    },
    {
      name: "blocks what is false",
      does: deciding(answers.denied),
      says: { kind: "blocked", reason: "policy" },
    },
    {
      name: "takes a verdict by its word",
      does: deciding(answers.word),
      says: { kind: "suspicious" },
    },
    {
      name: "asks the rule that is set",
      does: deciding(answers.allowed, "POST /v1/data/web/allow"),
      params: { package: "web", rule: "allow" },
      says: { kind: "clean" },
    },
    {
      name: "takes what is undefined for an error, not for a yes",
      does: deciding(answers.undefined),
      says: { kind: "error" },
    },
    {
      name: "takes what it does not understand for an error",
      does: deciding(answers.strange),
      says: { kind: "error" },
    },
  ],
};
