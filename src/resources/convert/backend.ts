import { type ConvertOptions, type Notes, type Spec, scannerResource } from "./conversion.ts";

/** The scanner that takes the place of what an old service asked. */
export interface Backend {
  /** Name of the IcapScanner, for a service's `scanners`. */
  readonly name: string;
  readonly resource: unknown;
}

const EMBEDDED: Spec = { protocol: { type: "Embedded" } };

function remote(url: string): Spec {
  return { protocol: { type: "ScanV1" }, endpoint: { url } };
}

/** clamd, by a scanner before it where there is one. */
export function clamavBackend(
  { clamavUrl }: ConvertOptions,
  notes: Notes,
  from: { readonly where: string; readonly option: string; readonly address: string },
): Backend {
  if (clamavUrl !== undefined) {
    notes.add(
      from.where,
      from.option,
      `the scanner at ${clamavUrl} has to reach clamd at ${from.address}`,
    );
    return { name: "clamav", resource: scannerResource("clamav", remote(clamavUrl)) };
  }
  notes.add(
    from.where,
    from.option,
    `clamd at ${from.address} is not asked: the embedded engines take its place; name a scan/v1 scanner for clamd to keep it`,
  );
  return { name: "embedded", resource: scannerResource("embedded", EMBEDDED) };
}

/** The path of CIRCL's hashlookup, to which ICAPeg adds the hash. */
const HASHLOOKUP = /^(https?:\/\/[^/?#]+)\/lookup\/sha256\/?$/;

function hashlookup(url: string): Spec {
  return {
    protocol: { type: "Template", template: { preset: "CirclHashlookup" } },
    endpoint: { url },
  };
}

/** A look-up of hashes over HTTP: by a scanner where there is one, by a preset where it is CIRCL's. */
export function lookupBackend(
  { hashLookupUrl }: ConvertOptions,
  notes: Notes,
  from: { readonly where: string; readonly address: string },
): Backend {
  if (hashLookupUrl !== undefined) {
    notes.add(from.where, "scan_url", `the scanner at ${hashLookupUrl} has to ask ${from.address}`);
    return { name: "hash-lookup", resource: scannerResource("hash-lookup", remote(hashLookupUrl)) };
  }
  const base = HASHLOOKUP.exec(from.address)?.[1];
  if (base !== undefined) {
    notes.add(
      from.where,
      "scan_url",
      "what is not listed is unknown, where ICAPeg calls it clean: see outcomes.unknown",
    );
    return { name: "hash-lookup", resource: scannerResource("hash-lookup", hashlookup(base)) };
  }
  notes.add(
    from.where,
    "scan_url",
    `${from.address} is not asked: the embedded engines take its place; name a scan/v1 scanner for the look-up to keep it`,
  );
  return { name: "embedded", resource: scannerResource("embedded", EMBEDDED) };
}

/** A file of hashes, read by the embedded engine. */
export function hashListBackend(name: string, hashList: string): Backend {
  const resource = scannerResource(name, {
    protocol: { type: "Embedded", embedded: { hashList } },
  });
  return { name, resource };
}
