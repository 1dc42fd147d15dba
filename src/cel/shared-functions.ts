import type { FunctionDefinition } from "./definitions.ts";
import { findsPattern, linearPattern } from "./linear-pattern.ts";
import { quantityBytes } from "./quantity.ts";

function requireQuantity(text: string): void {
  if (Number.isNaN(quantityBytes(text))) {
    throw new RangeError(`"${text}" is not a quantity such as "10Mi"`);
  }
}

/** `quantity("10Mi")`. */
export function quantityFunction(example: string): FunctionDefinition {
  return {
    name: "quantity",
    signature: "quantity(string): int",
    description: "Bytes, written with the suffixes k, M, G, Ki, Mi, Gi.",
    example,
    handler: (text: string) => BigInt(quantityBytes(text)),
    literals: { positions: [0], check: requireQuantity },
  };
}

/** `text.re("^a+$")`, in place of CEL's own `matches`, which can run for minutes. */
export function reFunction(example: string): FunctionDefinition {
  return {
    name: "re",
    signature: "string.re(string): bool",
    description:
      "Whether a pattern in RE2 syntax is found in the text, in time linear in its length. The text has at most 16,384 characters, the pattern 512.",
    example,
    handler: findsPattern,
    literals: { positions: [0], check: linearPattern },
  };
}
