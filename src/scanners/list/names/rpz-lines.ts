import { hostName } from "./host-name.ts";
import { NameKind } from "./name-kind.ts";
import type { ReadNameLine, TakeName } from "./name-lines.ts";

/** Records that make a name one of the policy; the rest of a zone is about the zone itself. */
const policyTypes = new Set(["CNAME", "A", "AAAA", "TXT", "MX", "SRV"]);
const zoneTypes = new Set(["SOA", "NS"]);
/** Triggers that are no names of hosts; what they are for, a proxy never asks. */
const otherTrigger = /\.rpz-(?:ip|client-ip|nsip|nsdname)$/;
const PASS_THROUGH = "rpz-passthru.";

/**
 * Reads the lines of a response policy zone, in the form of a master file (RFC 1035 §5): owners
 * with `CNAME .`, `CNAME *.` or data of their own are listed, those with `CNAME rpz-passthru.` are
 * exceptions.
 */
export function rpzReader(): ReadNameLine {
  const zone = new Zone();
  return (line, take) => zone.read(line, take);
}

class Zone {
  #origin = "";
  #owner = "";
  /** Of parentheses, in which a record goes on over lines. */
  #depth = 0;

  read(line: string, take: TakeName): boolean {
    // What is quoted is data, whatever its signs would mean elsewhere.
    const text = line
      .replace(/"(?:[^"\\]|\\.)*"/gs, '""')
      .replace(/;.*$/s, "")
      .trimEnd();
    const wasInside = this.#depth > 0;
    // One that closes too much must not swallow the opening one of the next record.
    this.#depth = Math.max(0, this.#depth + count(text, "(") - count(text, ")"));
    if (wasInside || text.trim() === "") return true;
    const words = text.trim().split(/\s+/);
    if (text.startsWith("$")) return this.#directive(words);
    // A record that begins with a blank has the owner of the one before.
    if (!/^\s/.test(text)) this.#owner = words.shift() ?? "";
    const [type = "", target = ""] = words.filter((word) => !isTtlOrClass(word));
    return this.#record(type.toUpperCase(), target.toLowerCase(), take);
  }

  #directive([name = "", value = ""]: readonly string[]): boolean {
    if (name.toUpperCase() === "$ORIGIN") this.#origin = value;
    return name.toUpperCase() !== "$INCLUDE";
  }

  #record(type: string, target: string, take: TakeName): boolean {
    if (zoneTypes.has(type)) {
      // The zone's own name, to which the others are relative.
      if (type === "SOA" && this.#origin === "" && this.#owner !== "@") this.#origin = this.#owner;
      return true;
    }
    if (!policyTypes.has(type)) return false;
    return takeOwner(relative(this.#owner, this.#origin), target === PASS_THROUGH, take);
  }
}

function takeOwner(owner: string, isException: boolean, take: TakeName): boolean {
  if (otherTrigger.test(owner)) return true;
  const isBelow = owner.startsWith("*.");
  const name = hostName(isBelow ? owner.slice(2) : owner);
  if (name === undefined) return false;
  take(isBelow ? NameKind.Below : NameKind.Host, name, isException);
  return true;
}

/** The name that the owner stands for: without the zone's own at its end. */
function relative(owner: string, origin: string): string {
  const [name, zone] = [owner.toLowerCase(), origin.toLowerCase()];
  if (zone !== "" && name.endsWith(`.${zone}`)) return name.slice(0, -zone.length - 1);
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

function isTtlOrClass(word: string): boolean {
  return /^(?:\d+[smhdw]?|IN)$/i.test(word);
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}
