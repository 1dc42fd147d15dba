import { describe, expect, it } from "vitest";
import { Router } from "../../../src/services/index.ts";
import { makeIstag } from "../../../src/services/istag.ts";
import { optionsFields } from "../../../src/services/options-fields.ts";
import { echoService } from "../../support/scripted-service.ts";

describe("an ISTag", () => {
  it("is quoted and at most 32 bytes (124)", () => {
    expect(makeIstag("generation", ["epoch"])).toMatch(/^"[A-Z2-7]{1,32}"$/);
  });

  it("is equal for equal configuration and epochs, in whatever order (125)", () => {
    expect(makeIstag("g", ["a", "b"])).toBe(makeIstag("g", ["b", "a"]));
  });

  it.each([
    ["the configuration", makeIstag("h", ["a"])],
    ["an epoch", makeIstag("g", ["b"])],
    ["where one ends and the next begins", makeIstag("g", ["", "a"])],
  ])("changes with %s (126)", (_, tag) => {
    expect(tag).not.toBe(makeIstag("g", ["a"]));
  });
});

describe("the fields of an OPTIONS answer", () => {
  const facts = {
    name: "scan",
    methods: ["REQMOD", "RESPMOD"],
    previewBytes: 1024,
    ttlSeconds: 300,
    maxConnections: 10,
    partial: false,
    asksIdentity: false,
  } as const;

  it("list the methods without OPTIONS, and one Transfer field that is a star (129, 136)", () => {
    const fields = optionsFields(facts);
    expect(fields).toContain("Methods: REQMOD, RESPMOD\r\n");
    expect(fields.match(/^Transfer-.*$/gm)).toEqual(["Transfer-Preview: *"]);
  });

  it("have no Preview where none is wanted (138)", () => {
    expect(optionsFields({ ...facts, previewBytes: undefined })).not.toMatch(/Preview/);
  });

  it("never offer 0 connections (133)", () => {
    expect(optionsFields({ ...facts, maxConnections: 0 })).toContain("Max-Connections: 1\r\n");
  });

  it("offer 206 only where it is answered, and 204 before it (116)", () => {
    expect(optionsFields(facts)).toContain("Allow: 204\r\n");
    expect(optionsFields({ ...facts, partial: true })).toContain("Allow: 204, 206\r\n");
  });

  it("ask for identities only where they are used (139)", () => {
    expect(optionsFields(facts)).not.toMatch(/X-Include/);
    expect(optionsFields({ ...facts, asksIdentity: true })).toContain("X-Include: X-Client-IP, ");
  });
});

describe("the router", () => {
  const [a, b] = [echoService("/a"), echoService("/b")];

  it("finds a service by its path and nothing by another", () => {
    const router = new Router([a, b]);
    expect([router.find("/b"), router.find("/c"), router.find("/")]).toEqual([
      b,
      undefined,
      undefined,
    ]);
  });

  it("finds the default service at the root", () => {
    expect(new Router([a, b], "/a").find("/")).toBe(a);
  });
});
