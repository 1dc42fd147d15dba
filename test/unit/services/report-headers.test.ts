import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VerdictReason } from "../../../src/scanning/index.ts";
import {
  allowedReport,
  allowedReportFor,
  blockedReport,
  errorReport,
  type Finding,
  optionsReport,
  repairedReport,
} from "../../../src/services/report-headers.ts";
import { Cause } from "../../../src/telemetry/index.ts";

function finding(change: Partial<Finding> = {}): Finding {
  return { cause: "verdict", reason: "malware", threats: [{ name: "EICAR-Test-File" }], ...change };
}

const brief = { violations: false };
const full = { violations: true };
const blocked = (change: Partial<Finding> = {}) => blockedReport(finding(change), brief);

describe("the verdict in the ICAP head", () => {
  it("of an OPTIONS answer is one line", () => {
    expect(optionsReport).toBe("X-Response-Info: Options\r\n");
  });

  it("of a clean message is one line", () => {
    expect(allowedReportFor("clean")).toBe("X-Response-Info: Allowed\r\n");
  });

  it("of a message that passes without being found clean says why", () => {
    expect(allowedReportFor("timeout")).toBe(
      "X-Response-Info: Allowed\r\nX-Response-Desc: allowed; cause=timeout\r\n",
    );
  });

  it.each(Object.values(Cause))("of an allowed message starts with the same line: %s", (cause) => {
    expect(allowedReportFor(cause).startsWith(allowedReport)).toBe(true);
  });

  it("of a virus names it in every form that clients look for", () => {
    expect(blocked()).toBe(
      "X-Infection-Found: Type=0; Resolution=2; Threat=EICAR-Test-File;\r\n" +
        "X-Virus-ID: EICAR-Test-File\r\n" +
        "X-Response-Info: Blocked\r\n" +
        "X-Response-Desc: blocked; cause=verdict; reason=malware\r\n",
    );
  });

  it("of a repaired message says so", () => {
    expect(repairedReport(finding(), brief)).toBe(
      "X-Infection-Found: Type=0; Resolution=1; Threat=EICAR-Test-File;\r\n" +
        "X-Virus-ID: EICAR-Test-File\r\n" +
        "X-Response-Info: Allowed\r\n" +
        "X-Response-Desc: repaired; cause=verdict; reason=malware\r\n",
    );
  });

  it("of a message that was changed, though nobody found a threat, names no infection", () => {
    const report = repairedReport(finding({ reason: undefined, threats: [] }), brief);
    expect(report).toContain("X-Infection-Found: Type=1; Resolution=1; Threat=Policy.Modified;");
  });

  it("takes the first threat", () => {
    expect(blocked({ threats: [{ name: "one" }, { name: "two" }] })).toContain("Threat=one;");
  });

  it.each([
    ["verdict", "malware", "Type=0; Resolution=2; Threat=Malware;"],
    ["verdict", undefined, "Type=0; Resolution=2; Threat=Malware;"],
    ["suspicious", "sandbox", "Type=0; Resolution=2; Threat=Suspicious;"],
    ["policy", undefined, "Type=1; Resolution=2; Threat=Policy.Rule;"],
    ["policy", "category", "Type=1; Resolution=2; Threat=Policy.Category;"],
    ["verdict", "dlp", "Type=1; Resolution=2; Threat=Policy.DataLoss;"],
    ["unscannable", "encrypted", "Type=2; Resolution=2; Threat=Unscannable.Encrypted;"],
    ["unscannable", "archive-limit", "Type=2; Resolution=2; Threat=Unscannable.ArchiveLimit;"],
    ["unscannable", undefined, "Type=2; Resolution=2; Threat=Unscannable;"],
    ["oversize", "size", "Type=2; Resolution=2; Threat=Unscannable.Size;"],
    ["timeout", "timeout", "Type=2; Resolution=2; Threat=Unscanned.Timeout;"],
    ["error", "malware", "Type=2; Resolution=2; Threat=Unscanned.Error;"],
  ] as const)("without a threat's name, of %s/%s, is %s", (cause, reason, value) => {
    expect(blocked({ cause, reason, threats: [] })).toContain(`X-Infection-Found: ${value}\r\n`);
  });

  // Without the field, rspamd and Nextcloud take an answer with ICAP status 200 for clean.
  it.each(Object.values(Cause))("of a blocked message always names an infection: %s", (cause) => {
    expect(blocked({ cause, reason: undefined, threats: [] })).toMatch(
      /^X-Infection-Found: Type=\d; Resolution=2; Threat=[\w.]+;\r\nX-Virus-ID: [\w.]+\r\n/,
    );
  });

  it("is what rspamd's pattern reads", () => {
    // lualib/lua_scanners/icap.lua: "(Type%=%d; .* Threat%=)(.*)([;]+)"
    const value = /^X-Infection-Found: (.*)\r\n/.exec(blocked())?.[1] ?? "";
    expect(value.replace(/(Type=\d; .* Threat=)(.*)(;+)/, "$2")).toBe("EICAR-Test-File");
  });
});

describe("the list of violations", () => {
  it("is left out unless asked for", () => {
    expect(blocked()).not.toContain("X-Violations-Found");
  });

  it("has four folded lines for each", () => {
    const threats = [{ name: "EICAR", path: "a.zip/eicar.com" }, { name: "Other" }];
    expect(blockedReport(finding({ threats, fileName: "a.zip" }), full)).toContain(
      "X-Violations-Found: 2\r\n" +
        "\ta.zip/eicar.com\r\n\tEICAR\r\n\t0\r\n\t2\r\n" +
        "\ta.zip\r\n\tOther\r\n\t0\r\n\t2\r\n",
    );
  });

  it("names what was blocked where no threat has a name", () => {
    const report = blockedReport(
      finding({ cause: "timeout", threats: [], fileName: "a.zip" }),
      full,
    );
    expect(report).toContain(
      "X-Violations-Found: 1\r\n\ta.zip\r\n\tUnscanned.Timeout\r\n\t2\r\n\t2\r\n",
    );
  });

  it("has a dash for a file without a name", () => {
    expect(blockedReport(finding(), full)).toContain("X-Violations-Found: 1\r\n\t-\r\n\tEICAR");
  });

  it("counts only what it lists", () => {
    const threats = Array.from({ length: 100 }, (_, i) => ({ name: `threat-${i}` }));
    const report = blockedReport(finding({ threats }), full);
    const count = Number(/X-Violations-Found: (\d+)/.exec(report)?.[1]);
    expect(report.match(/\tthreat-/g)).toHaveLength(count);
  });
});

describe("docs/icap-headers.md", () => {
  const page = readFileSync(new URL("../../../docs/icap-headers.md", import.meta.url), "utf8");

  it("lists every name that stands in for a threat, with its type", () => {
    const reasons = [undefined, ...Object.values(VerdictReason)];
    const sent = Object.values(Cause).flatMap((cause) =>
      reasons
        .map((reason) => finding({ cause, reason, threats: [] }))
        .flatMap((about) => [blockedReport(about, brief), repairedReport(about, brief)])
        .map((report) => {
          const [, type, name] = /Type=(\d); Resolution=[12]; Threat=(.*);/.exec(report) ?? [];
          return `${name} ${type}`;
        }),
    );
    const listed = [...page.matchAll(/^\| `([\w.]+)` \| (\d) \|/gm)];
    expect(listed.map(([, name, type]) => `${name} ${type}`).sort()).toEqual(
      [...new Set(sent)].sort(),
    );
  });
});

describe("an error answer", () => {
  it("tells that the message did not pass, and why", () => {
    expect(errorReport(finding({ cause: "timeout", reason: "timeout", threats: [] }))).toBe(
      "X-Response-Info: Blocked\r\nX-Response-Desc: blocked; cause=timeout; reason=timeout\r\n",
    );
  });

  it.each([
    ["encrypted", "password_protected"],
    ["archive-limit", "max_archive_layers_exceeded"],
    ["malformed", "decode_error"],
    ["type", "file_type_blocked"],
  ] as const)("tells Nextcloud of %s in its own words", (reason, code) => {
    expect(errorReport(finding({ cause: "unscannable", reason }))).toContain(
      `X-Error-Code: ${code}\r\n`,
    );
  });

  it("gives Nextcloud no code, and so no choice, for a failure", () => {
    expect(errorReport(finding({ cause: "error", reason: "malformed" }))).not.toContain(
      "X-Error-Code",
    );
  });
});

describe("what scanners say", () => {
  const threat = (name: string) =>
    /X-Virus-ID: (.*)\r\n/.exec(blocked({ threats: [{ name }] }))?.[1];

  it.each([
    ["a line end", "a\r\nX-Evil: 1", "a X-Evil: 1"],
    ["a NUL", "a\0b", "a b"],
    ["the end of the value", "a;b", "a_b"],
    ["letters with marks", "Trojän.Café", "Trojan.Cafe"],
    ["other scripts", "вирус.A", "?????.A"],
    ["a bidirectional override", "a\u202eb", "ab"],
    ["spaces around", "  a  ", "a"],
    ["nothing at all", " \r\n ", "Malware"],
  ])("is one line of ASCII without %s", (_, name, value) => {
    expect(threat(name)).toBe(value);
  });

  it("is cut to 128 bytes", () => {
    expect(threat("a".repeat(10_000))).toBe("a".repeat(128));
  });

  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("a\r\n\r\nb", "\r\nX: y", ";;;"),
  );
  const anything = fc.record({
    cause: fc.constantFrom(...Object.values(Cause)),
    reason: fc.option(fc.constantFrom(...Object.values(VerdictReason)), { nil: undefined }),
    threats: fc.array(fc.record({ name: text, path: text }), { maxLength: 20 }),
    fileName: text,
  });

  it("never makes another field, whatever it is", () => {
    const names =
      /^(X-Infection-Found|X-Virus-ID|X-Response-Info|X-Response-Desc|X-Violations-Found): \S/;
    fc.assert(
      fc.property(anything, (found) => {
        const report = blockedReport(found, full);
        expect(report).toMatch(/^(?:[\t\x20-\x7e]+\r\n)+$/);
        const fields = report.trimEnd().split(/\r\n(?!\t)/);
        expect(fields.filter((field) => !names.test(field))).toEqual([]);
        expect(fields).toHaveLength(5);
      }),
    );
  });

  it("leaves the head far below the 8 KiB that small clients read", () => {
    const long = "x".repeat(100_000);
    const threats = Array.from({ length: 1000 }, () => ({ name: long, path: long }));
    expect(blockedReport(finding({ threats, fileName: long }), full).length).toBeLessThan(4096);
  });
});
