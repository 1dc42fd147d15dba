import { describe, expect, it } from "vitest";
import {
  compileRules,
  FUNCTIONS,
  ruleProblems,
  VARIABLES,
} from "../../../../src/services/rules/index.ts";
import { type FactsOverrides, factsOf } from "./facts-of.ts";

/** Whether the condition holds; a text when it cannot be told. */
function holds(when: string, overrides: FactsOverrides = {}): boolean | string {
  const rules = compileRules([{ name: "rule", when, action: "Block" }]);
  const { action, failures } = rules.decide(factsOf(overrides));
  return action === "Error" ? (failures[0]?.message ?? "") : action === "Block";
}

function problem(when: string): string | undefined {
  return ruleProblems([{ when }])[0]?.message;
}

describe("the variables", () => {
  it.each(
    VARIABLES.flatMap(({ name, fields }) => Object.keys(fields).map((field) => [name, field])),
  )("%s.%s has the declared type", (name, field) => {
    const access = `${name}.${field}`;
    expect(problem(`${access} == ${access}`)).toBeUndefined();
    expect(holds(`${access} == ${access}`)).toBe(true);
  });

  it.each([
    ['request.url == "https://www.vendor.example:8443/docs/manual.pdf?lang=de"'],
    ["request.port == 8443"],
    ["response.status in [200, 206]"],
    ["entity.size == 2048"],
    ['"sales" in client.groups'],
    ['service.method == "RESPMOD" && service.path == "/downloads"'],
    ['now > timestamp("2026-01-01T00:00:00Z")'],
    ['now.getHours("Europe/Berlin") == 10'],
    ['request.headers["user-agent"] == "curl/8.5.0"'],
  ])("answer %s", (when) => {
    expect(holds(when)).toBe(true);
  });

  it("have empty values where there is nothing", () => {
    const empty: FactsOverrides = {
      response: { status: 0, version: "", headers: new Map() },
      entity: { type: "", size: -1 },
    };
    expect(holds('response.status == 200 || entity.type == "a/b"', empty)).toBe(false);
  });
});

describe("header()", () => {
  it.each(["User-Agent", "user-agent", "USER-AGENT"])("finds %s", (name) => {
    expect(holds(`request.header("${name}").startsWith("curl/")`)).toBe(true);
  });
  it("is empty for a field that is not there", () => {
    expect(holds('response.header("X-Absent") == ""')).toBe(true);
  });
});

describe("inDomain()", () => {
  it.each([
    ["corp.example", true],
    ["www.corp.example", true],
    ["a.b.corp.example", true],
    ["evilcorp.example", false],
    ["corp.example.evil.example", false],
    ["example", false],
    ["", false],
    ["WWW.CORP.EXAMPLE", true],
  ])("takes %j for a host of corp.example: %s", (host, expected) => {
    expect(holds('request.host.inDomain("Corp.example")', { request: { host } })).toBe(expected);
  });
  it("takes a list", () => {
    expect(holds('request.host.inDomain(["a.example", "vendor.example"])')).toBe(true);
  });
  it.each(["", ".corp.example", "corp.example.", "*.corp.example", "http://corp.example"])(
    "refuses the domain %j",
    (domain) => {
      expect(problem(`request.host.inDomain("${domain}")`)).toMatch(/is not a domain such as/);
    },
  );
});

describe("inCidr()", () => {
  it.each([
    ["10.20.30.40", "10.0.0.0/8", true],
    ["11.0.0.1", "10.0.0.0/8", false],
    ["10.0.0.1", "10.0.0.1", true],
    ["::ffff:10.1.1.1", "10.0.0.0/8", true],
    ["10.1.1.1", "fd00::/8", false],
    ["fd12::1", "fd00::/8", true],
    ["2001:db8::1", "::/0", true],
    ["", "0.0.0.0/0", false],
    ["unknown", "0.0.0.0/0", false],
    ["10.1", "10.0.0.0/8", false],
    ["010.1.1.1", "10.0.0.0/8", false],
  ])("takes %j for part of %s: %s", (ip, network, expected) => {
    expect(holds(`client.ip.inCidr("${network}")`, { client: { ip } })).toBe(expected);
  });
  it("takes a list", () => {
    expect(holds('client.ip.inCidr(["fd00::/8", "10.0.0.0/8"])')).toBe(true);
  });
  it.each([
    "10.0.0.0/33",
    "10.0.0/8",
    "10.0.0.0/",
    "fe80::1%eth0",
    "fd00::/129",
    "corp.example",
    "",
  ])("refuses the network %j", (network) => {
    expect(problem(`client.ip.inCidr("${network}")`)).toMatch(/is not an address or network/);
  });
});

describe("matchesType()", () => {
  it.each([
    ["image/png", "image/*", true],
    ["image/png", "image/png", true],
    ["image/png", "image/p", undefined],
    ["imagex/png", "image/*", false],
    ["", "*/*", false],
    ["a/b", "*/*", true],
  ])("takes %j for %s: %s", (type, pattern, expected) => {
    const when = `entity.type.matchesType("${pattern}")`;
    expect(holds(when, { entity: { type } })).toBe(expected ?? false);
  });
  it.each(["image", "image/", "*", "Image/PNG", "image/png; q=1", ""])("refuses %j", (pattern) => {
    expect(problem(`entity.type.matchesType("${pattern}")`)).toMatch(/is not a media type/);
  });
});

describe("quantity()", () => {
  it.each([
    ["0", 0],
    ["65536", 65536],
    ["1k", 1000],
    ["1Ki", 1024],
    ["10Mi", 10 * 2 ** 20],
    ["2Gi", 2 ** 31],
  ])("reads %s as %d bytes", (text, bytes) => {
    expect(holds(`quantity("${text}") == ${bytes}`)).toBe(true);
  });
  it.each(["", "10X", "1.5Mi", "-1", "10 Mi", "Mi"])("refuses %j", (text) => {
    expect(problem(`quantity("${text}") > 0`)).toMatch(/is not a quantity such as/);
  });
});

describe("inWindow()", () => {
  const at = (now: string, window: string) =>
    holds(`now.inWindow(${window})`, { now: new Date(now) });
  const office = '"Mon-Fri", "08:00-18:00", "Europe/Berlin"';
  const night = '"Fri", "22:00-06:00", "Europe/Berlin"';
  it.each([
    ["a Monday at 09:00 UTC, 10:00 there", "2026-11-23T09:00:00Z", office, true],
    ["its first minute", "2026-11-23T07:00:00Z", office, true],
    ["the minute before", "2026-11-23T06:59:00Z", office, false],
    ["the end, which is not part of it", "2026-11-23T17:00:00Z", office, false],
    ["a Sunday", "2026-11-22T09:00:00Z", office, false],
    ["in summer time, 09:30 there", "2026-07-20T07:30:00Z", office, true],
    ["a Friday night", "2026-11-27T22:30:00Z", night, true],
    ["past midnight, by the day it began on", "2026-11-28T03:00:00Z", night, true],
    ["the night that began on Thursday", "2026-11-27T03:00:00Z", night, false],
    ["a list of days", "2026-11-28T12:00:00Z", '"Mon, sat", "08:00-18:00", "UTC"', true],
    [
      "days over the end of the week",
      "2026-11-22T12:00:00Z",
      '"Sat-Mon", "00:00-24:00", "UTC"',
      true,
    ],
    ["any day to midnight", "2026-11-22T23:59:00Z", '"*", "00:00-24:00", "UTC"', true],
  ])("%s", (_name, now, window, expected) => {
    expect(at(now, window)).toBe(expected);
  });
  it.each([
    ['"Mo-Fr", "08:00-18:00", "UTC"', /is not a list of days/],
    ['"", "08:00-18:00", "UTC"', /is not a list of days/],
    ['"Mon-Tue-Wed", "08:00-18:00", "UTC"', /is not a list of days/],
    ['"Mon", "8-18", "UTC"', /is not a time of day/],
    ['"Mon", "08:00", "UTC"', /is not a span of time/],
    ['"Mon", "08:00-25:00", "UTC"', /is not a time of day/],
    ['"Mon", "08:00-24:01", "UTC"', /is not a time of day/],
    ['"Mon", "08:00-18:00", "Mars/Olympus"', /is not a time zone/],
  ])("refuses (%s)", (window, message) => {
    expect(problem(`now.inWindow(${window})`)).toMatch(message);
  });
});

describe("re()", () => {
  it("finds a pattern anywhere in the text", () => {
    expect(holds('request.path.re("[a-z]+[.]pdf$")')).toBe(true);
  });
  it("refuses a pattern that is none", () => {
    expect(problem('request.path.re("(")')).toMatch(/re\(\): .*missing closing/);
  });
  it("refuses a pattern of more than 512 characters", () => {
    expect(problem(`request.path.re("${"a".repeat(513)}")`)).toMatch(/longer than 512/);
  });
  it("fails the rule on a text of more than 16,384 characters, rather than reading a part", () => {
    const path = "a".repeat(16_385);
    expect(holds('request.path.re("b")', { request: { path } })).toMatch(/longer than 16384/);
  });
});

describe("a function whose arguments must be literal", () => {
  it.each([
    "request.path.re(request.host)",
    "client.ip.inCidr(client.user)",
    "request.host.inDomain(client.groups)",
    "request.host.inDomain([client.user])",
    'now.inWindow("Mon", "08:00-18:00", client.user)',
    "quantity(client.user) > 1",
  ])("refuses %s", (when) => {
    expect(problem(when)).toMatch(/takes literal texts only/);
  });
});

describe("what the language offers", () => {
  it.each(FUNCTIONS.map(({ signature, example }) => [signature, example]))(
    "%s has an example that type-checks",
    (_signature, example) => {
      expect(problem(example)).toBeUndefined();
    },
  );

  it.each([
    ["request.hots == 'a'", "No such key: hots (column 9)"],
    ["hots == 'a'", "Unknown variable: hots (column 1)"],
    ["entity.size == 'x'", "no such overload: int == string (column 1)"],
    ["entity.size >", "it ends too early (column 14)"],
    ["true &&\n  request.size > 1", "No such key: size (line 2, column 11)"],
    ["entity.type", "the expression gives string, and must give bool"],
    ["client.user.shout()", "shout() is not known to rules"],
  ])("refuses %j with the place", (when, message) => {
    expect(problem(when)).toBe(message);
  });
});
