import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { customResourceDefinitions } from "../../../src/resources/index.ts";

const directory = join(import.meta.dirname, "..", "..", "..", "crds");
const definitions = customResourceDefinitions();

type Schema = Readonly<Record<string, unknown>> & {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
};

function schemaOf(definition: (typeof definitions)[number]): Schema {
  const [version] = definition.spec["versions"] as { schema: { openAPIV3Schema: Schema } }[];
  return version?.schema.openAPIV3Schema ?? {};
}

/** Every field below a schema, with its path. */
function fieldsOf(schema: Schema, path: string): [string, Schema][] {
  const properties = Object.entries(schema.properties ?? {});
  return [
    [path, schema] as [string, Schema],
    ...properties.flatMap(([name, field]) => fieldsOf(field, `${path}.${name}`)),
    ...(schema.items === undefined ? [] : fieldsOf(schema.items, `${path}[]`)),
    ...(schema.additionalProperties === undefined
      ? []
      : fieldsOf(schema.additionalProperties, `${path}{}`)),
  ];
}

const fields = definitions.flatMap((definition) => {
  const { properties } = schemaOf(definition);
  return ["spec", "status"].flatMap((part) =>
    fieldsOf(properties?.[part] ?? {}, `${definition.metadata.name}: ${part}`),
  );
});

const offending = (isWrong: (schema: Schema, path: string) => boolean) =>
  fields.filter(([path, schema]) => isWrong(schema, path)).map(([path]) => path);

describe("crds/", () => {
  it("has a file for each kind and no others", () => {
    expect(readdirSync(directory).sort()).toEqual(
      definitions.map(({ metadata }) => `${metadata.name}.yaml`).sort(),
    );
  });

  it.each(definitions.map((definition) => [definition.metadata.name, definition] as const))(
    "has %s as the schemas say (else: npm run generate)",
    (name, definition) => {
      const file = readFileSync(join(directory, `${name}.yaml`), "utf8");
      expect(parse(file)).toEqual(JSON.parse(JSON.stringify(definition)));
    },
  );
});

describe("the schemas in the CRDs", () => {
  it("are found", () => {
    expect(fields.length).toBeGreaterThan(150);
  });

  it("bound every text", () => {
    const isText = ({ type }: Schema) => type === "string";
    expect(
      offending((schema) => isText(schema) && !("maxLength" in schema || "enum" in schema)),
    ).toEqual([]);
  });

  it("bound every list", () => {
    expect(offending((schema) => schema.type === "array" && !("maxItems" in schema))).toEqual([]);
  });

  it("bound every map", () => {
    const isMap = (schema: Schema) => "additionalProperties" in schema;
    expect(offending((schema) => isMap(schema) && !("maxProperties" in schema))).toEqual([]);
  });

  it("bound every number", () => {
    const isNumber = ({ type }: Schema) => type === "integer" || type === "number";
    expect(
      offending((schema) => isNumber(schema) && !("maximum" in schema && "minimum" in schema)),
    ).toEqual([]);
  });

  it("say of every list how it is merged", () => {
    expect(
      offending((schema) => schema.type === "array" && !("x-kubernetes-list-type" in schema)),
    ).toEqual([]);
  });

  it("take no booleans, which cannot grow a third value, but where there is none", () => {
    expect(offending(({ type }) => type === "boolean")).toEqual([
      // A scanner is needed or it is not; what else it may be is its mode and its role.
      "icapservices.icap.sluice.dev: spec.scanners[].required",
      // A secret may be left out or it may not.
      "icapscanners.icap.sluice.dev: spec.protocol.template.inline.secrets{}.optional",
      "clustericapscanners.icap.sluice.dev: spec.protocol.template.inline.secrets{}.optional",
    ]);
  });

  it("explain every field", () => {
    const isField = (path: string) => !path.endsWith("[]") && !path.endsWith("{}");
    expect(offending((schema, path) => isField(path) && !("description" in schema))).toEqual([]);
  });

  it("never keep unknown fields, but where any JSON may stand", () => {
    const anyJson = [
      "inline.params{}.default",
      "inline.epoch.request.body.json",
      "inline.steps[].request.body.json",
      "params{}",
    ];
    const keeping = offending((schema) => "x-kubernetes-preserve-unknown-fields" in schema);
    expect(keeping).toEqual(
      ["icapscanners", "clustericapscanners"].flatMap((plural) =>
        anyJson.map((path) => `${plural}.icap.sluice.dev: spec.protocol.template.${path}`),
      ),
    );
  });

  it("give every rule a message", () => {
    const rules = (schema: Schema) =>
      (schema["x-kubernetes-validations"] ?? []) as { message?: string }[];
    expect(offending((schema) => rules(schema).some(({ message }) => !message))).toEqual([]);
  });
});
