import { requestedIdentityFields } from "./facts/identity.ts";
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
  /** The service wants to know who is behind a message. */
  readonly asksIdentity: boolean;
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
  if (facts.asksIdentity) lines.push(`X-Include: ${requestedIdentityFields}`);
  return lines.map((line) => `${line}\r\n`).join("") + optionsReport;
}
