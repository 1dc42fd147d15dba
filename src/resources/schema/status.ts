import { z } from "zod";

/** One metav1.Condition. */
const condition = z.strictObject({
  type: z
    .string()
    .max(316)
    .regex(
      /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$/,
    )
    .describe("Type of the condition."),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  observedGeneration: z
    .int()
    .min(0)
    .optional()
    .meta({ format: "int64" })
    .describe("metadata.generation that the condition is about."),
  lastTransitionTime: z
    .string()
    .max(64)
    .meta({ format: "date-time" })
    .describe("When the status changed last."),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe("One word of a closed list, for programs."),
  message: z.string().max(32_768).describe("Explanation for people."),
});

const common = {
  observedGeneration: z
    .int()
    .min(0)
    .optional()
    .meta({ format: "int64" })
    .describe("metadata.generation that this status is about."),
  conditions: z
    .array(condition)
    .max(16)
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] }),
};

/** `status` of an IcapService, written by the operator. */
export const serviceStatus = z
  .strictObject({
    ...common,
    conditions: common.conditions.describe("Accepted, ResolvedRefs, Programmed, Ready."),
    istag: z.string().max(32).optional().describe("ISTag that the pods send."),
    url: z.string().max(512).optional().describe("ICAP URL inside the cluster."),
    revision: z.string().max(64).optional().describe("Routing table that holds this generation."),
    pods: z
      .strictObject({
        ready: z.int().min(0).describe("Ready pods of the gateway."),
        current: z.int().min(0).describe("Those of them that serve this generation."),
      })
      .optional()
      .describe("Progress of the roll-out to the pods."),
  })
  .describe("Written by the operator.");

/** `status` of an IcapScanner or ClusterIcapScanner, written by the operator. */
export const scannerStatus = z
  .strictObject({
    ...common,
    conditions: common.conditions.describe("Accepted, ResolvedRefs, Healthy."),
    engine: z.string().max(256).optional().describe("Engine and version that the scanner names."),
    epoch: z.string().max(256).optional().describe("Identity of the engine with its signatures."),
    lastProbe: z
      .string()
      .max(64)
      .optional()
      .meta({ format: "date-time" })
      .describe("When the scanner was asked last."),
    usedBy: z.int().min(0).optional().describe("Services that use it."),
  })
  .describe("Written by the operator.");
