import { KINDS, type KindDefinition } from "../schema/kinds.ts";
import { API_GROUP, API_VERSION } from "../schema/object-meta.ts";
import { structuralSchema } from "./structural-schema.ts";

const VERSION = API_VERSION.slice(API_GROUP.length + 1);

/** A CustomResourceDefinition as plain data. */
export interface CustomResourceDefinition {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** The CRDs of all kinds: the content of `crds/`. */
export function customResourceDefinitions(): CustomResourceDefinition[] {
  return KINDS.map(definitionOf);
}

function definitionOf(definition: KindDefinition): CustomResourceDefinition {
  const { kind, plural, shortNames, scope, columns, selectableFields } = definition;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${API_GROUP}` },
    spec: {
      group: API_GROUP,
      scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames,
        categories: ["icap"],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          ...(selectableFields.length > 0 && {
            selectableFields: selectableFields.map((jsonPath) => ({ jsonPath })),
          }),
          schema: { openAPIV3Schema: schemaOf(definition) },
        },
      ],
    },
  };
}

function schemaOf({ summary, spec, status }: KindDefinition): Record<string, unknown> {
  return {
    type: "object",
    description: summary,
    required: ["spec"],
    properties: {
      apiVersion: { type: "string", description: `Always ${API_VERSION}.` },
      kind: { type: "string", description: "The kind of the object." },
      metadata: { type: "object" },
      spec: { ...structuralSchema(spec), description: "What is wanted." },
      status: structuralSchema(status),
    },
  };
}
