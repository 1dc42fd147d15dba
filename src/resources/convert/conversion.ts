import { stringify } from "yaml";
import { API_VERSION } from "../schema/object-meta.ts";

/** Something of the old configuration that is not, or not quite, in the new one. */
export interface ConversionNote {
  /** The section or file that it stood in. */
  readonly where: string;
  /** The option as it is written there. */
  readonly option: string;
  readonly message: string;
}

export interface Conversion {
  /** Resources as YAML; they have no problems of their own. */
  readonly yaml: string;
  readonly notes: readonly ConversionNote[];
}

/** Where converted services find what the old server reached by itself. */
export interface ConvertOptions {
  /** Base URL of a scan/v1 scanner that stands before clamd. Left out: the embedded engines. */
  readonly clamavUrl?: string | undefined;
  /** Base URL of a scan/v1 scanner that looks hashes up. Left out: the embedded engines. */
  readonly hashLookupUrl?: string | undefined;
}

export type Spec = Readonly<Record<string, unknown>>;

export interface ConvertedRule {
  readonly name: string;
  readonly when: string;
  readonly action: "Skip" | "Scan" | "Block";
  readonly message?: string;
}

/** Gathers the notes of a conversion, section by section. */
export class Notes {
  readonly list: ConversionNote[] = [];

  add(where: string, option: string, message: string): void {
    this.list.push({ where, option, message });
  }
}

export function serviceResource(name: string, spec: Spec): unknown {
  return { apiVersion: API_VERSION, kind: "IcapService", metadata: { name }, spec };
}

export function scannerResource(name: string, spec: Spec): unknown {
  return { apiVersion: API_VERSION, kind: "IcapScanner", metadata: { name }, spec };
}

/** The field of a spec that holds the rules; nothing when there are none. */
export function rulesField(rules: readonly ConvertedRule[]): Spec {
  if (rules.length === 0) {
    return {};
  }
  const written = rules.map(({ name, when, action: then, message }) => ({
    name,
    when,
    then,
    ...(message !== undefined && { message }),
  }));
  return { rules: written };
}

/** A name that Kubernetes takes, as near as can be to one that it may not. */
export function objectNameOf(text: string): string {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 63)
    .replace(/-+$/, "");
  return name === "" ? "service" : name;
}

/** Gives each service a name and a path of its own, as near to the old ones as can be. */
export class Places {
  readonly #taken = new Set<string>();

  take(text: string): { readonly name: string; readonly path: string } {
    const segment = text.replaceAll(/[^A-Za-z0-9._~-]/g, "-").slice(0, 60) || "service";
    for (let count = 1; ; count += 1) {
      const suffix = count === 1 ? "" : `-${count}`;
      const place = {
        name: `${objectNameOf(text).slice(0, 60)}${suffix}`,
        path: `/${segment}${suffix}`,
      };
      if (!this.#taken.has(place.name) && !this.#taken.has(place.path)) {
        this.#taken.add(place.name).add(place.path);
        return place;
      }
    }
  }
}

/** A CEL literal of a text. */
export function celText(text: string): string {
  return JSON.stringify(text);
}

export function celList(texts: readonly string[]): string {
  return `[${texts.map(celText).join(", ")}]`;
}

export function writeResources(resources: readonly unknown[], origin: string): string {
  const documents = resources.map((resource) => stringify(resource, { lineWidth: 0 }));
  return `# Converted from ${origin}.\n${documents.join("---\n")}`;
}
