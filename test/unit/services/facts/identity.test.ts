import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeIdentity,
  requestedIdentityFields,
} from "../../../../src/services/facts/identity.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const user = (value: string, name = "X-Authenticated-User") => decodeIdentity([name, value]).user;
const groups = (value: string) => decodeIdentity(["X-Authenticated-Groups", value]).groups;

describe("the address of a client", () => {
  const clientIp = (value: string) => decodeIdentity(["X-Client-IP", value]).clientIp;

  it.each([
    ["192.0.2.7", "192.0.2.7"],
    [" 192.0.2.7 ", "192.0.2.7"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::FFFF:c000:207", "192.0.2.7"],
    ["::", "::"],
  ])("%s is %s", (value, address) => {
    expect(clientIp(value)).toBe(address);
  });

  it.each([
    "",
    "unknown",
    "192.0.2",
    "192.0.2.256",
    "192.0.02.7",
    "0xC0.0.2.7",
    "3221225991",
    "192.0.2.7:8080",
    "192.0.2.7, 198.51.100.1",
    "fe80::1%eth0",
    "2001:db8::1::2",
    "[2001:db8::1]:80",
    "::1]/x@[::2",
    `${"1".repeat(100_000)}`,
  ])("%s is none", (value) => {
    expect(clientIp(value)).toBeUndefined();
  });

  it("is read from a field in any case", () => {
    expect(decodeIdentity(["x-client-ip", "192.0.2.7"]).clientIp).toBe("192.0.2.7");
  });

  it("is absent without the field", () => {
    expect(decodeIdentity(["Host", "a"]).clientIp).toBeUndefined();
  });

  it("is not taken from X-Forwarded-For, which anybody may send", () => {
    expect(decodeIdentity(["X-Forwarded-For", "192.0.2.7"]).clientIp).toBeUndefined();
  });

  it("is read for the server too", () => {
    expect(decodeIdentity(["X-Server-IP", "198.51.100.20"]).serverIp).toBe("198.51.100.20");
  });

  it("is canonical: read again it is the same", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const once = clientIp(address) ?? "none";
        expect(clientIp(once)).toBe(once);
      }),
    );
  });
});

describe("the user", () => {
  it.each([
    ["V2luTlQ6Ly9NWURPTUFJTi91c2VyMQ==", { scheme: "WinNT", domain: "MYDOMAIN", name: "user1" }],
    ["WinNT://MYDOMAIN/user1", { scheme: "WinNT", domain: "MYDOMAIN", name: "user1" }],
    ["Local://bob", { scheme: "Local", name: "bob" }],
    [base64("Local://bob"), { scheme: "Local", name: "bob" }],
    [
      "LDAP://ldap.example/CN=Jo Doe,OU=x,DC=y",
      { scheme: "LDAP", domain: "ldap.example", name: "Jo Doe" },
    ],
    [
      "LDAP://ldap.example/uid=jo%20d,ou=x",
      { scheme: "LDAP", domain: "ldap.example", name: "jo d" },
    ],
    ["LDAP://h/CN=100%", { scheme: "LDAP", domain: "h", name: "100%" }],
    ["CN=Doe\\, Jo,OU=x", { name: "Doe, Jo" }],
    ["MYDOMAIN\\user1", { domain: "MYDOMAIN", name: "user1" }],
    ["jo@example.org", { domain: "example.org", name: "jo" }],
    [base64("jo@example.org"), { domain: "example.org", name: "jo" }],
    ["@jo", { name: "@jo" }],
    ["alice", { name: "alice" }],
    [base64("alice"), { name: "alice" }],
    ["Jo Doe", { name: "Jo Doe" }],
  ])("%s is read", (value, principal) => {
    expect(user(value)).toEqual({ ...principal, raw: expect.any(String) });
  });

  it("keeps all of its text, decoded", () => {
    expect(user("V2luTlQ6Ly9NWURPTUFJTi91c2VyMQ==")?.raw).toBe("WinNT://MYDOMAIN/user1");
  });

  it.each([
    "X-Authenticated-User",
    "X-Client-Username",
    "X-Authentication-User",
    "x-client-username",
  ])("is read from %s", (name) => {
    expect(user("alice", name)?.name).toBe("alice");
  });

  it("is the one of the standard field when there are several", () => {
    const fields = ["X-Client-Username", "squid", "X-Authenticated-User", "alice"];
    expect(decodeIdentity(fields).user?.name).toBe("alice");
  });

  it("is the one of the next field when the first is empty", () => {
    const fields = ["X-Authenticated-User", " ", "X-Client-Username", "bob"];
    expect(decodeIdentity(fields).user?.name).toBe("bob");
  });

  it("is absent without a field", () => {
    expect(decodeIdentity([]).user).toBeUndefined();
  });

  it.each(["Local://", "WinNT://MYDOMAIN/", "CN=,OU=x", "MYDOMAIN\\", " "])(
    "%s names nobody",
    (value) => {
      expect(user(value)).toBeUndefined();
    },
  );

  it.each([
    "anna",
    "db2x",
    "admin",
    "administrator",
    "maria123",
    "svc-backup",
    "Jo Doe=",
    "====",
    "YQ=",
  ])("%s is a plain name, not base64", (value) => {
    expect(user(value)?.raw).toBe(value);
  });

  it("may be plain UTF-8, which arrives as octets", () => {
    expect(user(Buffer.from("Müller").toString("latin1"))?.name).toBe("Müller");
  });

  it("may be plain Latin-1", () => {
    expect(user("M\xfcller")?.name).toBe("Müller");
  });

  it("may be Latin-1 in base64 when it has a scheme", () => {
    const value = Buffer.from("WinNT://D/M\xfcller", "latin1").toString("base64");
    expect(user(value)?.name).toBe("Müller");
  });

  it("has no control or format characters", () => {
    expect(user("al\u0000i\u202ece")?.name).toBe("alice");
  });

  it("of an impossible length is nobody, not somebody with the same beginning", () => {
    expect(user("a".repeat(1025))).toBeUndefined();
  });

  it("in base64 with a scheme is found again, whatever the name", () => {
    const name = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
      .map((text) => text.replace(/[\p{C}\s/\\@]/gu, ""))
      .filter((text) => text !== "" && !/^[a-z]+=/i.test(text));
    fc.assert(
      fc.property(name, (text) => {
        expect(user(base64(`WinNT://DOMAIN/${text}`))?.name).toBe(text);
      }),
    );
  });

  it("in base64 without a scheme is found again when padding or a capital shows that it is", () => {
    const name = fc
      .stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,30}$/)
      .filter((text) => /[A-Z=]/.test(base64(text)));
    fc.assert(
      fc.property(name, (text) => {
        expect(user(base64(text), "X-Client-Username")?.name).toBe(text);
      }),
    );
  });

  it("in plain lower-case text stays what it is", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9._-]{0,30}$/), (text) => {
        expect(user(text)?.raw).toBe(text);
      }),
    );
  });

  it("never is an error, never long, never with controls", () => {
    const value = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.base64String(),
      fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes).toString("base64")),
      fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    );
    fc.assert(
      fc.property(value, (text) => {
        const found = user(text);
        expect((found?.raw ?? "").length).toBeLessThanOrEqual(1024);
        expect(`${found?.name}${found?.domain}${found?.raw}`).not.toMatch(/\p{Cc}|\p{Cf}/u);
      }),
    );
  });
});

describe("the groups", () => {
  it.each([
    ["a plain list", "it, hr ,,sales", ["it", "hr", "sales"]],
    [
      "a list in base64",
      base64("WinNT://D/it,WinNT://D/Human Resources"),
      ["it", "Human Resources"],
    ],
    ["a list of base64", `${base64("WinNT://D/it")},${base64("WinNT://D/hr")}`, ["it", "hr"]],
    [
      "distinguished names, with commas of their own",
      base64("LDAP://h/CN=it,OU=x,DC=y,LDAP://h/CN=hr,OU=x"),
      ["it", "hr"],
    ],
    ["one group", "it", ["it"]],
    ["nothing", "", []],
  ])("of %s are read", (_, value, names) => {
    expect(groups(value)).toEqual(names);
  });

  it("are none without the field", () => {
    expect(decodeIdentity([]).groups).toEqual([]);
  });

  it("are bounded in number", () => {
    expect(groups("g,".repeat(100_000))).toHaveLength(512);
  });

  it("never are an error", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.base64String()), (text) => {
        for (const name of groups(text)) expect(name).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});

describe("an identity", () => {
  it("has the subscriber as it was sent", () => {
    expect(decodeIdentity(["X-Subscriber-ID", " 4711 "]).subscriberId).toBe("4711");
  });

  it("has no subscriber of an impossible length", () => {
    expect(decodeIdentity(["X-Subscriber-ID", "4".repeat(1025)]).subscriberId).toBeUndefined();
  });

  it("is decoded once", () => {
    const identity = decodeIdentity(["X-Authenticated-User", "a", "X-Authenticated-Groups", "b"]);
    const { user: first, groups: list } = identity;
    expect(identity.user).toBe(first);
    expect(identity.groups).toBe(list);
  });

  it("asks the client for exactly the fields that are read", () => {
    expect(requestedIdentityFields).toBe(
      "X-Client-IP, X-Server-IP, X-Authenticated-User, X-Authenticated-Groups",
    );
  });
});
