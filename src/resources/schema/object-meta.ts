import { z } from "zod";
import { dnsLabel, objectName } from "./fields.ts";

export const API_GROUP = "icap.sluice.dev";
export const API_VERSION = `${API_GROUP}/v1alpha1`;

/** Fields that the API server sets or keeps: allowed, and of no meaning here. */
const KEPT = {
  annotations: z.record(z.string(), z.string()).optional(),
  creationTimestamp: z.string().nullable().optional(),
  deletionGracePeriodSeconds: z.number().optional(),
  deletionTimestamp: z.string().optional(),
  finalizers: z.array(z.string()).optional(),
  generateName: z.string().optional(),
  generation: z.int().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  managedFields: z.array(z.unknown()).optional(),
  ownerReferences: z.array(z.unknown()).optional(),
  resourceVersion: z.string().optional(),
  selfLink: z.string().optional(),
  uid: z.string().optional(),
};

/** `metadata` of an object that lives in a namespace. */
export const namespacedMeta = z.strictObject({
  name: objectName(),
  namespace: dnsLabel().optional(),
  ...KEPT,
});

/** `metadata` of a cluster-wide object. */
export const clusterMeta = z.strictObject({ name: objectName(), ...KEPT });
