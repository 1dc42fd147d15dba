import { eicar } from "./eicar.ts";
import { fileSamples } from "./rule-samples-files.ts";
import { officeSamples } from "./rule-samples-office.ts";
import { pdfSamples } from "./rule-samples-pdf.ts";
import { scriptSamples } from "./rule-samples-scripts.ts";
import { webSamples } from "./rule-samples-web.ts";

/** Content, and the name and the place in a container that it comes with when those matter. */
export interface Sample {
  readonly bytes: Buffer;
  readonly fileName?: string;
  readonly path?: string;
}

/** For one rule: content that it must find, and content that comes near it and must pass. */
export interface RuleSample {
  readonly found: readonly Sample[];
  readonly nearMiss: readonly Sample[];
}

/** By the rule's identifier. */
export const ruleSamples: Readonly<Record<string, RuleSample>> = {
  eicar_test_file: {
    found: [
      { bytes: eicar },
      { bytes: Buffer.from(`${eicar}\r\n\t `.padEnd(128)) },
      { bytes: Buffer.from(`<p>Try this: ${eicar}</p>`) },
      { bytes: Buffer.from(`\ufeff${eicar}`, "utf16le") },
      { bytes: Buffer.from(`{"attachment":"${eicar.toString("base64")}"}`) },
      { bytes: Buffer.from(Buffer.from(`ab${eicar}cd`).toString("base64")) },
    ],
    nearMiss: [
      { bytes: eicar.subarray(0, 67) },
      { bytes: Buffer.from(eicar.toString().replace("X5O", "X50")) },
      { bytes: Buffer.from("The EICAR test file is 68 bytes long and begins with X5O!P%") },
    ],
  },
  ...officeSamples,
  ...pdfSamples,
  ...scriptSamples,
  ...webSamples,
  ...fileSamples,
};
