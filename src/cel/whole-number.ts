import type { CallNode } from "./inspection.ts";

/** What `int()` is called inside; no expression can name it. */
const NAME = "wholeNumber";
const INT64 = 64;
/** Those of 64 bits have no more digits. */
const LONGEST = 20;

/**
 * `int()` as CEL has it. The engine's own makes 0 of an empty text, which would let a program that
 * wrote nothing pass for one that found nothing.
 */
export const WHOLE_NUMBER_FUNCTIONS: Readonly<Record<string, (value: never) => bigint>> = {
  [`${NAME}(int): int`]: (value: bigint) => value,
  [`${NAME}(double): int`]: (value: number) => within(BigInt(Math.trunc(value))),
  [`${NAME}(string): int`]: (text: string) => {
    if (text.length > LONGEST || !/^[+-]?\d+$/.test(text))
      throw new RangeError("int() of no number");
    return within(BigInt(text));
  },
};

/** Makes calls of `int()` those of the functions here. */
export function readWholeNumbers(calls: readonly CallNode[]): void {
  for (const { args } of calls as readonly { readonly args: unknown[] }[]) {
    if (args[0] === "int") args[0] = NAME;
  }
}

function within(value: bigint): bigint {
  if (BigInt.asIntN(INT64, value) !== value) throw new RangeError("int() of too large a number");
  return value;
}
