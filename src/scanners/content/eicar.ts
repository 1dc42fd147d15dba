import { VerdictReason } from "../../scanning/index.ts";
import { withBytes } from "./byte-source.ts";
import { type ContentEngine, type Finding, Severity } from "./content-engine.ts";
import type { Specimen } from "./specimen.ts";

/** In parts, so that no anti-virus program takes this file for the test file. */
const text = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"].join(
  "",
);

const forms: readonly Buffer[] = [
  Buffer.from(text, "latin1"),
  Buffer.from(text, "utf16le"),
  Buffer.from(text, "utf16le").swap16(),
  ...base64Forms(text),
];

/** Content that is longer is not searched: the test file is for testing, not a threat to hunt. */
const SEARCHED_BYTES = 1024 * 1024;

/** Finds the EICAR test file where there is no YARA: at any place, also in UTF-16 and Base64. */
export class EicarEngine implements ContentEngine {
  readonly name = "eicar";

  inspect(specimen: Specimen): Finding[] {
    const length = Math.min(specimen.size, SEARCHED_BYTES);
    const found = withBytes(specimen.source, { offset: 0, length }, (bytes) =>
      forms.some((form) => bytes.includes(form)),
    );
    if (!found) return [];
    return [
      {
        severity: Severity.Block,
        reason: VerdictReason.Malware,
        threat: { name: "EICAR-Test-File" },
      },
    ];
  }
}

/** Base64 of a text depends on where in a group of three bytes it begins; its ends on its neighbours. */
function base64Forms(plain: string): Buffer[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.from("\0".repeat(shift) + plain, "latin1").toString("base64");
    const from = shift === 0 ? 0 : 4;
    const to = encoded.length - 4;
    return Buffer.from(encoded.slice(from, to));
  });
}
