import { isBlank } from "./blank.ts";
import { type ErrorCode, type IcapError, icapError, shown } from "./errors.ts";
import type { Leniency } from "./leniency.ts";
import type { WireLimits } from "./limits.ts";

export const BodyKind = {
  None: "null-body",
  Request: "req-body",
  Response: "res-body",
  Options: "opt-body",
} as const;
export type BodyKind = (typeof BodyKind)[keyof typeof BodyKind];

/** Where the sections of a message are, counted from the end of the ICAP head (RFC 3507 §4.4.1). */
export interface Encapsulated {
  /** Length of the encapsulated HTTP request head; 0 when there is none. It comes first. */
  readonly requestHeadBytes: number;
  /** Length of the encapsulated HTTP response head; 0 when there is none. */
  readonly responseHeadBytes: number;
  readonly body: BodyKind;
}

export const NOTHING_ENCAPSULATED: Encapsulated = {
  requestHeadBytes: 0,
  responseHeadBytes: 0,
  body: BodyKind.None,
};

interface Section {
  readonly name: string;
  readonly offset: number;
}

const MAX_DIGITS = 15;
const HEADER_SECTIONS: readonly string[] = ["req-hdr", "res-hdr"];
const BODY_SECTIONS: readonly string[] = Object.values(BodyKind);
const SECTIONS: readonly string[] = [...HEADER_SECTIONS, ...BODY_SECTIONS];

/** Which sections each method may carry, in their order; the last must be a body. */
const ALLOWED = {
  REQMOD: ["req-hdr", BodyKind.Request, BodyKind.None],
  RESPMOD: ["req-hdr", "res-hdr", BodyKind.Response, BodyKind.None],
  OPTIONS: [BodyKind.Options, BodyKind.None],
} as const;

/** Reads an `Encapsulated` value for a method, or says what is wrong with it. */
export function parseEncapsulated(
  value: string,
  method: keyof typeof ALLOWED,
  limits: WireLimits,
  leniency: Leniency,
): Encapsulated | IcapError {
  const sections = splitSections(value);
  if (sections === undefined) return fault("ICAP_ERR_ENCAPSULATED_SYNTAX", value);
  if (leniency.sectionAfterBody) dropSectionAfterBody(sections);
  const code = checkOrder(sections) ?? checkCombination(sections, ALLOWED[method]);
  if (code !== undefined) return fault(code, value);
  const bodyOffset = (sections.at(-1) as Section).offset;
  if (bodyOffset > limits.encapsulatedBytes) {
    return icapError("ICAP_ERR_ENCAPSULATED_TOO_LARGE", limits.encapsulatedBytes);
  }
  return measure(sections);
}

function fault(code: ErrorCode, value: string): IcapError {
  return icapError(code, shown(value));
}

function splitSections(value: string): Section[] | undefined {
  const sections: Section[] = [];
  for (let start = 0; start <= value.length; ) {
    const comma = value.indexOf(",", start);
    const end = comma < 0 ? value.length : comma;
    const equals = value.indexOf("=", start);
    if (equals < 0 || equals > end) return undefined;
    const name = sectionName(value.slice(start, equals));
    const offset = decimal(value, equals + 1, end);
    if (name === undefined || offset < 0) return undefined;
    sections.push({ name, offset });
    start = end + 1;
  }
  return sections;
}

/** The section that the text names, in any case, with blanks around it. */
function sectionName(text: string): string | undefined {
  // Second and later ones follow ", ".
  const usual = text.startsWith(" ") ? text.slice(1) : text;
  if (SECTIONS.includes(usual)) return usual;
  const name = text.replace(/^[ \t]+|[ \t]+$/g, "").toLowerCase();
  return SECTIONS.includes(name) ? name : undefined;
}

/** The number that `text[start, end)` is, blanks around it allowed; -1 when it is none. */
function decimal(text: string, start: number, end: number): number {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  if (from === to || to - from > MAX_DIGITS) return -1;
  let number = 0;
  for (; from < to; from++) {
    const digit = text.charCodeAt(from) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/** ownCloud's McAfee mode: the headers of the request are listed behind the body and never sent. */
function dropSectionAfterBody(sections: Section[]): void {
  const body = sections.findIndex((section) => BODY_SECTIONS.includes(section.name));
  if (body < 0 || body !== sections.length - 2) return;
  const last = sections[body + 1] as Section;
  if (HEADER_SECTIONS.includes(last.name) && last.offset > (sections[body] as Section).offset) {
    sections.pop();
  }
}

/** Offsets start at 0 and grow; a body comes last, and once (RFC 3507 §4.4.1). */
function checkOrder(sections: readonly Section[]): ErrorCode | undefined {
  if ((sections[0] as Section).offset !== 0) return "ICAP_ERR_ENCAPSULATED_SYNTAX";
  for (let i = 1; i < sections.length; i++) {
    const section = sections[i] as Section;
    if (section.offset <= (sections[i - 1] as Section).offset)
      return "ICAP_ERR_ENCAPSULATED_SYNTAX";
  }
  return undefined;
}

function checkCombination(
  sections: readonly Section[],
  allowed: readonly string[],
): ErrorCode | undefined {
  let position = -1;
  for (const { name } of sections) {
    const next = allowed.indexOf(name);
    // Two bodies, a head twice or in the wrong order, and sections of the other method.
    if (
      next <= position ||
      (position >= 0 && BODY_SECTIONS.includes(allowed[position] as string))
    ) {
      return "ICAP_ERR_ENCAPSULATED_COMBINATION";
    }
    position = next;
  }
  return BODY_SECTIONS.includes(allowed[position] as string)
    ? undefined
    : "ICAP_ERR_ENCAPSULATED_COMBINATION";
}

function measure(sections: readonly Section[]): Encapsulated {
  let requestHeadBytes = 0;
  let responseHeadBytes = 0;
  for (let i = 0; i < sections.length - 1; i++) {
    const { name, offset } = sections[i] as Section;
    const length = (sections[i + 1] as Section).offset - offset;
    if (name === "req-hdr") requestHeadBytes = length;
    else responseHeadBytes = length;
  }
  return {
    requestHeadBytes,
    responseHeadBytes,
    body: (sections.at(-1) as Section).name as BodyKind,
  };
}
