import type { ScanSubject, SubjectFacts } from "../../src/scanners/serve/scan-engine.ts";

/** What a scan/v1 server gives its engine. */
export function scanSubject(
  facts: SubjectFacts,
  { content = "", sha256 }: { readonly content?: string; readonly sha256?: string } = {},
): ScanSubject {
  return {
    body: (async function* () {
      if (content !== "") yield Buffer.from(content);
    })(),
    size: Buffer.byteLength(content),
    signal: new AbortController().signal,
    sha256,
    facts,
  };
}
