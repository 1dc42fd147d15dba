import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { CacheAdmin } from "../../support/cache-admin.ts";

const HASH = "a".repeat(64);
const text = readFileSync(new URL("../../../docs/admin-api.openapi.yaml", import.meta.url), "utf8");
const document = parse(text);
const { schemas } = document.components;

interface Schema {
  readonly $ref?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** Where a value has a member that the schema does not name, or lacks one that it requires. */
function deviations(value: unknown, schema: Schema, path = "$"): string[] {
  const { required = [], properties, items } = resolved(schema);
  if (Array.isArray(value)) {
    return items ? value.flatMap((one, i) => deviations(one, items, `${path}[${i}]`)) : [];
  }
  if (typeof value !== "object" || value === null || properties === undefined) return [];
  const missing = required.filter((name) => !(name in value)).map((name) => `${path}.${name}?`);
  const wrong = Object.entries(value).flatMap(([name, one]) => {
    const known = properties[name];
    return known === undefined ? [`${path}.${name}!`] : deviations(one, known, `${path}.${name}`);
  });
  return [...missing, ...wrong];
}

function resolved({ $ref, ...schema }: Schema): Schema {
  return $ref === undefined ? schema : resolved(schemas[$ref.split("/").at(-1) as string]);
}

describe("docs/admin-api.openapi.yaml", () => {
  let admin: CacheAdmin;
  beforeAll(async () => {
    admin = await CacheAdmin.start();
  });
  afterAll(() => admin[Symbol.asyncDispose]());

  it("is OpenAPI 3.1", async () => {
    const validator = new Validator();
    expect(await validator.validate(document)).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
  });

  it("has what the API answers, in the order of a day", async () => {
    const sha256 = await admin.remember("one");
    const order = {
      action: "allow",
      reason: "checked by hand",
      author: "bob",
      services: ["scan"],
      expiresAt: new Date(Date.now() + 60_000).toISOString(),
    };
    const steps = [
      ["get", "stats", "stats"],
      ["put", "overrides/{sha256}", `overrides/${sha256}`, order],
      ["get", "overrides/{sha256}", `overrides/${sha256}`],
      ["get", "overrides", "overrides"],
      ["get", "lookup/{sha256}", `lookup/${sha256}`],
      ["delete", "overrides/{sha256}", `overrides/${sha256}`],
      ["post", "purge", "purge", { scanner: "clamav", before: "2026-01-01T00:00:00Z" }],
      ["get", "overrides/{sha256}", `overrides/${HASH}`],
    ] as const;
    const found: unknown[] = [];
    for (const [method, template, path, body] of steps) {
      const response = await admin.ask(method.toUpperCase(), path, { body });
      const { responses } = document.paths[`/v1/cache/${template}`][method];
      const documented = responses[response.status] ?? document.components.responses.Problem;
      const [type = "", ...others] = Object.keys(documented.content);
      const { schema } = documented.content[type];
      const json = await response.json();
      found.push([response.headers.get("content-type"), others, deviations(json, schema)]);
      expect(found.at(-1)).toEqual([type, [], []]);
    }
  });

  it("has no operation that the API does not know", async () => {
    const documented = Object.entries<object>(document.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((method) => method !== "parameters")
        .map((method) => `${method} ${path}`),
    );
    const answers = await Promise.all(
      documented.map(async (operation) => {
        const [method = "", path = ""] = operation.split(" ");
        const target = path.replace("/v1/cache/", "").replace("{sha256}", HASH);
        const { status } = await admin.ask(method.toUpperCase(), target);
        return [operation, [404, 405].includes(status) && !path.includes("overrides/")];
      }),
    );
    expect(answers).toEqual(documented.map((operation) => [operation, false]));
  });
});
