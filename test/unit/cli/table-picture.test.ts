import { describe, expect, it } from "vitest";
import { tablePicture } from "../../../src/cli/table-picture.ts";
import { compileFiles } from "../../../src/resources/index.ts";

const capabilities = {
  scannerProtocols: ["Embedded", "ScanV1", "Icap", "Template"],
  scannerModes: ["Hold", "Background"],
  combineStrategies: ["AnyBlocks", "Quorum", "Score"],
} as const;

function picture(spec: string, scannerSpec: string, listed = ""): string {
  const text = `apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: a }
spec: { path: /a, scanners: [{ name: far, ref: { kind: IcapScanner, name: far } ${listed} }], ${spec} }
---
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapScanner
metadata: { name: far }
spec: { protocol: { type: ScanV1 }, endpoint: { url: "http://far.example" }, ${scannerSpec} }
`;
  const { table, problems } = compileFiles([{ name: "a.yaml", text }], { capabilities });
  expect(problems).toEqual([]);
  return tablePicture(table);
}

const row = (text: string, label: string): string | undefined =>
  text
    .split("\n")
    .find((line) => line.startsWith(`  ${label} `))
    ?.slice(2 + label.length)
    .trim();

const ref = "{ name: creds, key: k }";

describe("the picture of a table", () => {
  it.each([
    ["auth: { type: Bearer, bearer: { tokenRef } }", "bearer token of secret default/creds/k"],
    [
      "auth: { type: Basic, basic: { username: u, passwordRef } }",
      "user u, password of secret default/creds/k",
    ],
    [
      "auth: { type: Header, header: { name: X-Key, valueRef } }",
      "X-Key of secret default/creds/k",
    ],
    ["", "none"],
  ])("says where a scanner's secret lies: %s", (auth, expected) => {
    const spec = auth.replace(/\w+Ref/, `$&: ${ref}`);
    expect(row(picture("", spec), "auth")).toBe(expected);
  });

  it.each([
    ["", "far → IcapScanner/default/far, Hold, 1m"],
    [", role: Modifier", "far → IcapScanner/default/far, Hold, modifies, 1m"],
    [", required: false", "far → IcapScanner/default/far, Hold, optional, 1m"],
  ])("says what a scanner may do and whether it is needed: %s", (listed, expected) => {
    expect(row(picture("", "", listed), "scanners")).toBe(expected);
  });

  it.each([
    ["combine: { strategy: Quorum, quorum: { count: 1 } }", "Quorum of 1"],
    ["combine: { strategy: Score, score: { thresholdPercent: 60 } }", "Score from 60 %"],
    ["", "AnyBlocks"],
  ])("says how verdicts are combined: %s", (spec, expected) => {
    expect(row(picture(spec, ""), "combine")).toBe(expected);
  });

  it("says how another ICAP server is asked, and what it is told", () => {
    const text = `apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: a }
spec: { path: /a, scanners: [{ name: far, ref: { kind: IcapScanner, name: far } }] }
---
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapScanner
metadata: { name: far }
spec: { protocol: { type: Icap, icap: { urls: ["icap://far.example/scan"], share: [Url], maxBytes: 5Mi } } }
`;
    const { table } = compileFiles([{ name: "a.yaml", text }], { capabilities });
    const shown = tablePicture(table).slice(tablePicture(table).indexOf("\nIcapScanner"));
    const rows = ["url", "method", "is told", "at most"].map((label) => row(shown, label));
    expect(rows).toEqual([
      "icap://far.example/scan",
      "Auto; other content is a block page",
      "content, name, type, url",
      "5Mi",
    ]);
  });

  it("says how a scanner is asked", () => {
    const text = picture(
      "",
      "limits: { concurrency: 4, queue: 5, rate: 6/s }, tls: { minVersion: TLSv1.3 }",
    );
    const rows = ["url", "limits", "tls", "used by"].map((label) =>
      row(text.slice(text.indexOf("\nIcapScanner")), label),
    );
    expect(rows).toEqual([
      "http://far.example",
      "concurrency 4, queue 5, 6 per 1s",
      "TLSv1.3 at least",
      "/a",
    ]);
  });

  it("names the page of one's own by its hash", () => {
    const text = picture('block: { page: { inline: "<p>no</p>" } }', "");
    expect(row(text, "block")).toMatch(/^HTTP 403, page [0-9a-f]{12}$/);
  });
});
