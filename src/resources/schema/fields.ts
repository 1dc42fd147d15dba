import { z } from "zod";
import { QUANTITY_PATTERN, quantityBytes } from "../../cel/index.ts";
import { isNetwork } from "../../services/rules/index.ts";
import { DURATION_PATTERN, durationMs, RATE_PATTERN } from "./units.ts";

/** A DNS label: names of services' rules and scanner entries, gateways, namespaces. */
export const dnsLabel = () =>
  z
    .string()
    .min(1)
    .max(63)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "must be a DNS label: a-z, 0-9 and -");

/** A DNS subdomain: names of Kubernetes objects. */
export const objectName = () =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
      "must be a DNS name: a-z, 0-9, - and .",
    );

export interface Bounds {
  readonly min: string;
  readonly max: string;
}

const DURATION_FORM = 'must be a duration such as "20s", "1m30s" or "250ms"';

/** A duration such as `20s`, between the bounds. */
export const duration = ({ min, max }: Bounds) => {
  const [minMs, maxMs] = [durationMs(min), durationMs(max)];
  return z
    .string(DURATION_FORM)
    .max(32)
    .regex(DURATION_PATTERN, DURATION_FORM)
    .superRefine((text, context) => {
      const ms = durationMs(text);
      if (ms < minMs || ms > maxMs) {
        context.addIssue({ code: "custom", message: `must be between ${min} and ${max}` });
      }
    })
    .meta({
      unit: "duration",
      bounds: `${min} to ${max}`,
      "x-kubernetes-validations": [
        {
          rule: `duration(self) >= duration('${min}') && duration(self) <= duration('${max}')`,
          message: `must be between ${min} and ${max}`,
        },
      ],
    });
};

const QUANTITY_FORM = 'must be a quantity of bytes such as "100Mi", "5M" or 65536';

/** A quantity of bytes such as `100Mi`, between the bounds; a plain number is bytes. */
export const quantity = ({ min, max }: Bounds) => {
  const [minBytes, maxBytes] = [quantityBytes(min), quantityBytes(max)];
  return z
    .union([
      z.int().min(0).max(Number.MAX_SAFE_INTEGER),
      z.string(QUANTITY_FORM).max(16).regex(QUANTITY_PATTERN, QUANTITY_FORM),
    ])
    .superRefine((value, context) => {
      const bytes = quantityBytes(value);
      if (bytes < minBytes || bytes > maxBytes) {
        context.addIssue({ code: "custom", message: `must be between ${min} and ${max}` });
      }
    })
    .meta({
      unit: "bytes",
      bounds: `${min} to ${max}`,
      "x-kubernetes-int-or-string": true,
      pattern: QUANTITY_PATTERN.source,
      maxLength: 16,
      "x-kubernetes-validations": [
        {
          rule: `quantity(string(self)).compareTo(quantity('${min}')) >= 0 && quantity(string(self)).compareTo(quantity('${max}')) <= 0`,
          message: `must be between ${min} and ${max}`,
        },
      ],
    });
};

/** A rate such as `100/s`. */
export const rate = () =>
  z
    .string()
    .max(10)
    .regex(RATE_PATTERN, 'must be a rate such as "100/s", "4/m" or "500/h"')
    .meta({ unit: "rate" });

/** An address or a network in CIDR form. */
export const network = () =>
  z
    .string()
    .max(64)
    .superRefine((text, context) => {
      if (!isNetwork(text)) {
        context.addIssue({
          code: "custom",
          message: 'must be an address or a network such as "10.0.0.0/8" or "fd00::/8"',
        });
      }
    })
    .meta({
      "x-kubernetes-validations": [
        {
          rule: "isCIDR(self) || isIP(self)",
          message: 'must be an address or a network such as "10.0.0.0/8" or "fd00::/8"',
        },
      ],
    });

/** A list whose order means nothing and whose entries differ: `x-kubernetes-list-type: set`. */
export const setOf = <T extends z.ZodType>(item: T, maxItems: number) =>
  z
    .array(item)
    .max(maxItems)
    .superRefine((items, context) => {
      items.forEach((value, index) => {
        if (items.indexOf(value) !== index) {
          context.addIssue({ code: "custom", message: "is listed twice", path: [index] });
        }
      });
    })
    .meta({ "x-kubernetes-list-type": "set" });

/** An object whose fields all have defaults: leaving it out is the same as `{}`. */
export const withDefaults = <T extends z.ZodType>(schema: T) => schema.prefault({} as never);

/** A reference to one key of a Secret or ConfigMap in the same namespace. */
export const keyRef = (what: string) =>
  z
    .strictObject({
      name: objectName().describe(`Name of the ${what}.`),
      key: z
        .string()
        .min(1)
        .max(253)
        .regex(/^[-._a-zA-Z0-9]+$/, "must be a key: letters, digits, -, _ and .")
        .describe(`Key within the ${what}.`),
    })
    .meta({ "x-kubernetes-map-type": "atomic" });
