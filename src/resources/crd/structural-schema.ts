import { z } from "zod";

/** A JSON object of an OpenAPI v3 schema as CRDs have it. */
export type StructuralSchema = Record<string, unknown>;

/** Keys of our own that have no place in a CRD: the reference documentation uses them. */
const DOCUMENTATION = new Set(["unit", "bounds", "example", "$schema", "id"]);
/** What Kubernetes demands word for word of a field that takes a number or a text. */
const INT_OR_STRING = [{ type: "integer" }, { type: "string" }];

/**
 * The structural form of a schema: what `apiextensions.k8s.io/v1` takes. Unknown fields need no
 * word there: the API server drops them, or refuses them where the client asks for strictness.
 */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  const json = z.toJSONSchema(schema, { target: "openapi-3.0", io: "input" });
  return structural(json as StructuralSchema);
}

function structural(schema: StructuralSchema): StructuralSchema {
  const result: StructuralSchema = {};
  for (const [key, value] of Object.entries(schema)) {
    const converted = DOCUMENTATION.has(key) ? undefined : convert(key, value, schema);
    if (converted !== undefined) {
      result[key] = converted;
    }
  }
  if (isObject(result["default"])) {
    result["default"] = { ...defaultsOf(result), ...result["default"] };
  }
  return result;
}

/** The API server checks a default against the CEL rules as it is written: it has to be whole. */
function defaultsOf(schema: StructuralSchema): StructuralSchema {
  const properties = Object.entries(
    (schema["properties"] ?? {}) as Record<string, StructuralSchema>,
  );
  return Object.fromEntries(
    properties
      .filter(([, { default: value }]) => value !== undefined)
      .map(([name, { default: value }]) => [name, value]),
  );
}

function isObject(value: unknown): value is StructuralSchema {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function convert(key: string, value: unknown, schema: StructuralSchema): unknown {
  switch (key) {
    case "properties":
      return Object.fromEntries(
        Object.entries(value as Record<string, StructuralSchema>).map(([name, property]) => [
          name,
          structural(property),
        ]),
      );
    case "items":
      return structural(value as StructuralSchema);
    case "additionalProperties":
      return value === false ? undefined : structural(value as StructuralSchema);
    case "anyOf":
      return schema["x-kubernetes-int-or-string"] === true ? INT_OR_STRING : value;
    default:
      return value;
  }
}
