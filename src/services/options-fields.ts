import { optionsReport } from "./report-headers.ts";
import type { Service } from "./service.ts";

export interface OptionsFacts {
  readonly name: string;
  readonly methods: Service["methods"];
  /** Undefined: the service wants no preview. */
  readonly previewBytes: number | undefined;
  readonly ttlSeconds: number;
  /** Connections one client may hold; at least 1, since Squid warns of 0. */
  readonly maxConnections: number;
  /** The service answers 206 (only worth it where it modifies). */
  readonly partial: boolean;
  /** Header fields the service wants from the client; empty for none. */
  readonly include: string;
}

/**
 * The fields of an OPTIONS answer (RFC 3507 §4.10.2). `Allow` lists 204 first, since toolarium reads
 * only the first; `Methods` is upper case, since Squid compares it so; the one `Transfer-*` is `*`.
 */
export function optionsFields(facts: OptionsFacts): string {
  const lines = [
    `Methods: ${facts.methods.join(", ")}`,
    `Service: Sluice ${facts.name}`,
    `Service-ID: ${facts.name}`,
    `Max-Connections: ${Math.max(1, facts.maxConnections)}`,
    `Options-TTL: ${facts.ttlSeconds}`,
    `Allow: ${facts.partial ? "204, 206" : "204"}`,
  ];
  if (facts.previewBytes !== undefined) {
    lines.push(`Preview: ${facts.previewBytes}`, "Transfer-Preview: *");
  }
  if (facts.include !== "") lines.push(`X-Include: ${facts.include}`);
  return lines.map((line) => `${line}\r\n`).join("") + optionsReport;
}
