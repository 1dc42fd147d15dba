import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  type BlockInfo,
  blockAnswer,
  parseContact,
} from "../../../src/services/block-page/index.ts";
import { blockInfo, htmlOf, pageOf } from "./block-page-info.ts";

const helpDesk = parseContact("IT help desk <it-help@example.com>");
const json = (
  accept = "application/json",
  acceptLanguage = "en",
  change: Partial<BlockInfo> = {},
) =>
  JSON.parse(
    pageOf(blockInfo(change), {
      accept,
      acceptLanguage,
      options: { contact: helpDesk },
    }).body.toString(),
  );

describe("the HTML page", () => {
  const html = htmlOf(blockInfo(), { options: { contact: helpDesk } });

  it.each([
    ["the file", "invoice.zip"],
    ["the address", "https:&#x2F;&#x2F;files.example.org&#x2F;downloads&#x2F;invoice.zip"],
    ["the threat", "EICAR-Test-File"],
    ["where in the file", "invoice.zip&#x2F;eicar.com"],
    [
      "the incident, to be copied without a script",
      'value="7K3F-9QWM-2XTR-04BC" dir="ltr" readonly',
    ],
    ["the service", "scan"],
    ["the time, as in the log", "2026-11-21 14:03:05 UTC"],
    ["the note of the rule", "Archives are opened and looked into."],
    ["whom to tell", "IT help desk"],
    [
      "a mail that names the incident",
      "mailto:it-help@example.com?subject&#x3D;Incident%20number%207K3F",
    ],
  ])("tells %s", (_, text) => {
    expect(html).toContain(text);
  });

  it("does not show the query of the address, which may hold a secret", () => {
    expect(html).not.toContain("token");
  });

  it("names the language and direction of its texts", () => {
    expect(htmlOf(blockInfo(), { acceptLanguage: "ar" })).toContain('<html lang="ar" dir="rtl">');
  });

  it("sends nobody to a contact that is not set", () => {
    expect(htmlOf(blockInfo())).toContain("give the incident number to your IT support.");
  });

  it("leaves out what is not known", () => {
    const bare = { threats: [], url: undefined, fileName: undefined, message: undefined };
    const labels = htmlOf(blockInfo(bare)).match(/<dt>.*?<\/dt>/g);
    expect(labels).toEqual(["<dt>Time</dt>", "<dt>Service</dt>"]);
  });

  it("lists at most five threats", () => {
    const threats = Array.from({ length: 100 }, (_, i) => ({ name: `threat-${i}` }));
    expect(htmlOf(blockInfo({ threats })).match(/threat-\d/g)).toHaveLength(5);
  });

  it("loads nothing and runs nothing", () => {
    expect(html).not.toMatch(/<script|\ssrc=|url\(|@import|href="(?!data:,|mailto:)/);
  });

  it("tells what was found from what could not be looked at", () => {
    expect(htmlOf(blockInfo({ cause: "timeout" }))).toContain('<body class="caution">');
  });
});

describe("the JSON page [RFC 9457]", () => {
  it("is a problem document", () => {
    expect(json()).toEqual({
      type: "tag:icap.sluice.dev,2026:blocked:malware",
      title: "This content is malicious",
      status: 403,
      detail: expect.stringContaining("known malicious software"),
      advice: expect.stringContaining("Do not try"),
      reason: "malware",
      cause: "verdict",
      direction: "respmod",
      incidentId: "7K3F-9QWM-2XTR-04BC",
      time: "2026-11-21T14:03:05.678Z",
      service: "scan",
      file: "invoice.zip",
      address: "https://files.example.org/downloads/invoice.zip?…",
      threats: [{ name: "EICAR-Test-File", path: "invoice.zip/eicar.com", engine: "yara" }],
      note: "Archives are opened and looked into.",
      contact: {
        label: "IT help desk",
        href: "mailto:it-help@example.com?subject=Incident%20number%207K3F-9QWM-2XTR-04BC",
        target: "it-help@example.com",
      },
    });
  });

  it("is in the reader's language", () => {
    expect(json("application/json", "de").title).toBe("Dieser Inhalt ist schädlich");
  });
});

describe("the plain text page", () => {
  it("says everything in a few lines", () => {
    const options = { contact: helpDesk };
    expect(pageOf(blockInfo(), { accept: "text/plain", options }).body.toString()).toBe(
      [
        "Blocked: This content is malicious",
        "",
        "What you asked for was stopped before it reached you.",
        "The content matches known malicious software, such as a virus or a trojan. It was not passed on, so it did no harm.",
        "Note: Archives are opened and looked into.",
        "",
        "Do not try to get it or send it another way. If it came from someone you know, warn them.",
        "If you think this is a mistake or need help, give the incident number to: IT help desk <it-help@example.com>",
        "",
        "Incident number: 7K3F-9QWM-2XTR-04BC",
        "File: invoice.zip",
        "Address: https://files.example.org/downloads/invoice.zip?…",
        "Found: EICAR-Test-File (in invoice.zip/eicar.com)",
        "Time: 2026-11-21 14:03:05 UTC",
        "Service: scan",
        "",
      ].join("\n"),
    );
  });
});

describe("the plain text page of little that is known", () => {
  it("leaves out the rest", () => {
    const bare = { threats: [], url: undefined, fileName: undefined, message: undefined };
    const text = pageOf(blockInfo(bare), { accept: "text/plain" }).body.toString();
    expect(text.split("\n").filter((line) => /^\w[\w ]*: /.test(line))).toEqual([
      "Blocked: This content is malicious",
      "Incident number: 7K3F-9QWM-2XTR-04BC",
      "Time: 2026-11-21 14:03:05 UTC",
      "Service: scan",
    ]);
  });

  it("says where a threat is only when that is known", () => {
    const info = blockInfo({ threats: [{ name: "EICAR" }] });
    expect(pageOf(info, { accept: "text/plain" }).body.toString()).toContain("\nFound: EICAR\n");
  });
});

describe("the HTTP response", () => {
  const options = { date: "Sat, 21 Nov 2026 14:03:05 GMT", via: "sluice", bodyless: false };
  const page = pageOf(blockInfo());
  const { head, body } = blockAnswer(page, options);
  const fields = new Map(
    head
      .trimEnd()
      .split("\r\n")
      .slice(1)
      .map((line) => line.split(/: (.*)/s) as [string, string]),
  );

  it("is 403 Forbidden, in the words that Nextcloud looks for [RFC 3507 §4.8.2]", () => {
    expect(head).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
  });

  it("has the length of its body in bytes", () => {
    expect(fields.get("Content-Length")).toBe(String(body?.length));
  });

  it("must not be kept by any cache [RFC 3507 §5]", () => {
    expect(fields.get("Cache-Control")).toBe("no-store");
  });

  it("names Sluice in Via, with the protocol ICAP/1.0 [RFC 3507 §4.4.2]", () => {
    expect(fields.get("Via")).toBe("ICAP/1.0 sluice");
  });

  it("has no field about a connection [RFC 3507 §4.4.2]", () => {
    expect(head).not.toMatch(
      /^(connection|keep-alive|proxy-connection|te|trailer|upgrade|transfer-encoding):/im,
    );
  });

  it("has exactly these fields", () => {
    expect([...fields.keys()]).toEqual([
      "Date",
      "Via",
      "Content-Type",
      "Content-Language",
      "Cache-Control",
      "Vary",
      "Content-Security-Policy",
      "X-Content-Type-Options",
      "Referrer-Policy",
      "Content-Length",
    ]);
  });

  it("ends with an empty line and is ASCII", () => {
    expect(head).toMatch(/^[\r\n\x20-\x7e]*\r\n\r\n$/);
  });

  it("allows the style sheet of the page by its hash, and nothing else", () => {
    const style = /<style>([\s\S]*?)<\/style>/.exec(body?.toString() ?? "")?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(fields.get("Content-Security-Policy")).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`,
    );
  });

  it("has no body for HEAD, and the length that GET would have [RFC 9110 §8.6]", () => {
    expect(blockAnswer(page, { ...options, bodyless: true })).toEqual({ head, body: undefined });
  });

  it("says its language", () => {
    const chinese = blockAnswer(pageOf(blockInfo(), { acceptLanguage: "zh-CN" }), options);
    expect(chinese.head).toContain("Content-Language: zh-Hans\r\n");
  });

  it("has the status that is set", () => {
    const legal = pageOf(blockInfo(), { options: { status: 451 } });
    expect(blockAnswer(legal, options).head).toMatch(
      /^HTTP\/1\.1 451 Unavailable For Legal Reasons\r\n/,
    );
  });

  it.each(["error", "timeout", "pending", "draining"] as const)(
    "may have another status when the check did not take place: %s",
    (cause) => {
      expect(pageOf(blockInfo({ cause }), { options: { failureStatus: 503 } }).status).toBe(503);
    },
  );

  it("keeps the ordinary status when the content is at fault", () => {
    expect(pageOf(blockInfo(), { options: { failureStatus: 503 } }).status).toBe(403);
  });

  it("has the status that is given for the one incident", () => {
    expect(json("application/json", "en", { status: 451 }).status).toBe(451);
  });

  it("has a reason phrase whatever the status", () => {
    const teapot = pageOf(blockInfo(), { options: { status: 418 } });
    expect(blockAnswer(teapot, options).head).toMatch(/^HTTP\/1\.1 418 Blocked\r\n/);
  });

  it.each([200, 302, 399, 600, 403.5, Number.NaN])(
    "cannot have a status that is no error: %s [RFC 3507 §4.8.2]",
    (status) => {
      expect(() => pageOf(blockInfo(), { options: { status } })).toThrow(RangeError);
    },
  );

  it("is of the media type that was chosen", () => {
    const types = ["text/html", "application/json", "text/plain"].map(
      (accept) => pageOf(blockInfo(), { accept }).contentType,
    );
    expect(types).toEqual([
      "text/html; charset=utf-8",
      "application/problem+json",
      "text/plain; charset=utf-8",
    ]);
  });
});

describe("a contact", () => {
  it.each([
    ["it@example.com", { label: "it@example.com", href: "mailto:it@example.com" }],
    ["mailto:it@example.com", { label: "it@example.com", href: "mailto:it@example.com" }],
    [
      "https://help.example.com/",
      { label: "https://help.example.com/", href: "https://help.example.com/" },
    ],
    ["tel:+4930123", { label: "+4930123", href: "tel:+4930123" }],
    ["Help <https://help.example.com/>", { label: "Help", href: "https://help.example.com/" }],
    ["Help desk, extension 4711", { label: "Help desk, extension 4711" }],
    ["javascript:alert(1)", { label: "javascript:alert(1)" }],
    ["Help <javascript:alert(1)>", undefined],
    ["Help <somewhere>", undefined],
    ["  ", undefined],
  ])("%s is read", (text, contact) => {
    expect(parseContact(text)).toEqual(contact);
  });

  it("keeps the subject that the administrator chose", () => {
    const contact = parseContact("Help <mailto:it@example.com?subject=Proxy>");
    expect(htmlOf(blockInfo(), { options: { contact } })).toContain('?subject&#x3D;Proxy"');
  });
});
