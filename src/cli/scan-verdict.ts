import type { IcapAnswer } from "../client/index.ts";

/** What a server made of a file. */
export const ScanResult = {
  Clean: "clean",
  Blocked: "blocked",
  /** The server gave back another file, for example without its macros. */
  Modified: "modified",
  /** The server let it pass without a judgement, as its configuration says. */
  Unjudged: "unjudged",
  Error: "error",
} as const;
export type ScanResult = (typeof ScanResult)[keyof typeof ScanResult];

export interface ScanVerdict {
  readonly result: ScanResult;
  /** Name of what was found, or why there was no judgement. */
  readonly detail: string | undefined;
}

/** What decides beside the answer itself. */
export interface Comparison {
  /** The body of the answer is what was sent. */
  readonly isSameBody: boolean;
}

/** Fields that servers name an infection in, the most telling first. */
const infectionFields = ["x-infection-found", "x-virus-id", "x-virus-name", "x-violations-found"];
const blockFields = ["x-blocked", "x-block-reason", "x-blocked-reason"];

const repairedResolution = /\bResolution=1\b/;

/** Reads the answer of any ICAP server, with what is usual in header fields. */
export function scanVerdict(answer: IcapAnswer, { isSameBody }: Comparison): ScanVerdict {
  const field = fieldReader(answer);
  const infection = infectionFields.map(field).find((value) => value !== undefined);
  if (infection !== undefined) {
    const isRepaired = repairedResolution.test(infection);
    return { result: isRepaired ? "modified" : "blocked", detail: threatName(infection) };
  }
  const isBlocked = field("x-response-info")?.toLowerCase() === "blocked";
  const blockReason = blockFields.map(field).find((value) => value !== undefined);
  if (isBlocked || blockReason !== undefined) {
    return { result: "blocked", detail: blockReason ?? field("x-response-desc") };
  }
  if (answer.status >= 300) return { result: "error", detail: icapStatus(answer) };
  return passed(answer, { isSameBody, description: field("x-response-desc") });
}

function passed(
  answer: IcapAnswer,
  { isSameBody, description }: Comparison & { readonly description: string | undefined },
): ScanVerdict {
  const httpStatus = httpStatusOf(answer);
  if (answer.status === 200 && httpStatus !== undefined && httpStatus >= 400) {
    return { result: "blocked", detail: `the answer is a page with HTTP status ${httpStatus}` };
  }
  const isOriginal = answer.status === 204 || keepsBody(answer) || isSameBody;
  if (!isOriginal) return { result: "modified", detail: description };
  const cause = /\bcause=([a-z-]+)/.exec(description ?? "")?.[1];
  if (cause === undefined || cause === "clean") return { result: "clean", detail: undefined };
  return { result: "unjudged", detail: `allowed; cause: ${cause}` };
}

function fieldReader({ fields }: IcapAnswer): (name: string) => string | undefined {
  const values = new Map<string, string>();
  for (let i = 0; i < fields.length; i += 2) {
    const name = (fields[i] as string).toLowerCase();
    if (!values.has(name)) values.set(name, fields[i + 1] as string);
  }
  return (name) => values.get(name);
}

/** `EICAR` of `Type=0; Resolution=2; Threat=EICAR;`. */
function threatName(infection: string): string {
  return (/\bThreat=([^;]+)/.exec(infection)?.[1] ?? infection).trim();
}

function httpStatusOf({ responseHead }: IcapAnswer): number | undefined {
  const status = /^HTTP\/[0-9.]+ ([0-9]{3})/.exec(responseHead.toString("latin1"))?.[1];
  return status === undefined ? undefined : Number(status);
}

/** `ICAP 404 ICAP Service not found`. */
export const icapStatus = ({ status, reason }: Pick<IcapAnswer, "status" | "reason">): string =>
  `the server answered ICAP ${status} ${reason}`.trimEnd();

/** 206 with nothing of its own: only heads were changed. */
const keepsBody = ({ originalFrom, bodyBytes }: IcapAnswer): boolean =>
  originalFrom === 0 && bodyBytes === 0;
