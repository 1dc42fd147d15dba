import type { IncomingHttpHeaders } from "node:http";
import { ScanProblem } from "./scan-problem.ts";

/**
 * Reads fields of scan/v1 that need not be there. One that is there but not of its form, or there
 * more than once, is refused with 400.
 */
export function optional(headers: IncomingHttpHeaders) {
  return <Value>(name: string, parse: (text: string) => Value | undefined): Value | undefined => {
    const text = headers[name];
    if (text === undefined) return undefined;
    const value = typeof text === "string" ? parse(text) : undefined;
    if (value === undefined) throw new ScanProblem(400, `${name} is not of its form`);
    return value;
  };
}
