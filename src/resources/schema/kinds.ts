import { z } from "zod";
import { API_VERSION, clusterMeta, namespacedMeta } from "./object-meta.ts";
import { clusterScannerSpec, scannerSpec } from "./scanner-spec.ts";
import { serviceSpec } from "./service-spec.ts";
import { scannerStatus, serviceStatus } from "./status.ts";

const apiVersion = z.literal(API_VERSION);
// A status in a file is what `kubectl get -o yaml` printed: allowed and ignored.
const ignoredStatus = z.unknown().optional();

export const icapService = z.strictObject({
  apiVersion,
  kind: z.literal("IcapService"),
  metadata: namespacedMeta,
  spec: serviceSpec,
  status: ignoredStatus,
});

export const icapScanner = z.strictObject({
  apiVersion,
  kind: z.literal("IcapScanner"),
  metadata: namespacedMeta,
  spec: scannerSpec,
  status: ignoredStatus,
});

export const clusterIcapScanner = z.strictObject({
  apiVersion,
  kind: z.literal("ClusterIcapScanner"),
  metadata: clusterMeta,
  spec: clusterScannerSpec,
  status: ignoredStatus,
});

export type IcapService = z.output<typeof icapService>;
export type IcapScanner = z.output<typeof icapScanner>;
export type ClusterIcapScanner = z.output<typeof clusterIcapScanner>;
export type Resource = IcapService | IcapScanner | ClusterIcapScanner;

export interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly jsonPath: string;
  readonly description?: string;
  readonly priority?: number;
}

/** What the CRD, the reference and the reader need to know about one kind. */
export interface KindDefinition {
  readonly kind: Resource["kind"];
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  readonly summary: string;
  readonly schema: z.ZodType;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  readonly columns: readonly Column[];
  readonly selectableFields: readonly string[];
}

const conditionColumn = (name: string, field: "status" | "reason", type: string): Column => ({
  name,
  type: "string",
  jsonPath: `.status.conditions[?(@.type=="${type}")].${field}`,
});
const AGE: Column = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };
const SCANNER_COLUMNS: readonly Column[] = [
  { name: "Protocol", type: "string", jsonPath: ".spec.protocol.type" },
  conditionColumn("Accepted", "status", "Accepted"),
  conditionColumn("Healthy", "status", "Healthy"),
  { name: "Used-By", type: "integer", jsonPath: ".status.usedBy" },
  { ...conditionColumn("Reason", "reason", "Healthy"), priority: 1 },
  AGE,
];

export const KINDS: readonly KindDefinition[] = [
  {
    kind: "IcapService",
    plural: "icapservices",
    shortNames: ["icapsvc"],
    scope: "Namespaced",
    summary:
      "An ICAP service: a path, the rules and scanners behind it, and what happens in each case.",
    schema: icapService,
    spec: serviceSpec,
    status: serviceStatus,
    columns: [
      { name: "Path", type: "string", jsonPath: ".spec.path" },
      { name: "Gateway", type: "string", jsonPath: ".spec.gateway" },
      conditionColumn("Ready", "status", "Ready"),
      { ...conditionColumn("Reason", "reason", "Ready"), priority: 1 },
      AGE,
    ],
    selectableFields: [".spec.gateway"],
  },
  {
    kind: "IcapScanner",
    plural: "icapscanners",
    shortNames: ["icapscan"],
    scope: "Namespaced",
    summary: "A scanner for the services of its namespace.",
    schema: icapScanner,
    spec: scannerSpec,
    status: scannerStatus,
    columns: SCANNER_COLUMNS,
    selectableFields: [],
  },
  {
    kind: "ClusterIcapScanner",
    plural: "clustericapscanners",
    shortNames: ["clustericapscan"],
    scope: "Cluster",
    summary: "A scanner that the platform offers to the services of chosen namespaces.",
    schema: clusterIcapScanner,
    spec: clusterScannerSpec,
    status: scannerStatus,
    columns: SCANNER_COLUMNS,
    selectableFields: [],
  },
];
