import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NameList, readNameList } from "../../../../../src/scanners/list/names/name-list.ts";
import { webAddress } from "../../../../../src/scanners/list/names/web-address.ts";
import { TempDirectory } from "../../../../support/temp-directory.ts";

let directory: TempDirectory;
let files = 0;
beforeAll(() => {
  directory = new TempDirectory();
});
afterAll(() => directory.remove());

type Source = Parameters<typeof readNameList>[0];

function read(text: string | Buffer, source: Partial<Source> = {}): NameList {
  return new NameList(readData(text, source));
}

function readData(text: string | Buffer, source: Partial<Source> = {}) {
  files += 1;
  const path = directory.join(`list-${files}`);
  writeFileSync(path, text);
  return readNameList({ path, format: "auto", widensHosts: false, skipsInvalid: false, ...source });
}

const isListed = (list: NameList, host: string) => list.findHost(host).length > 0;
function isUrlListed(list: NameList, url: string): boolean {
  const address = webAddress(url);
  return address !== undefined && list.findUrl(address).length > 0;
}

describe("a plain list", () => {
  it.each([
    ["a domain", "example.com", "example.com"],
    ["what is below a domain", "example.com", "a.b.example.com"],
    ["a domain with a dot before it", ".example.com", "example.com"],
    ["what is below a wildcard", "*.example.com", "a.example.com"],
    ["a domain in the form of ad blockers", "||example.com^", "www.example.com"],
    ["a domain with a trailing dot", "example.com.", "example.com"],
    ["upper case", "EXAMPLE.Com", "example.com"],
    ["an IDN", "bücher.example", "xn--bcher-kva.example"],
    ["an IDN in Punycode", "xn--bcher-kva.example", "xn--bcher-kva.example"],
    ["a line with blanks around", "  example.com\t", "example.com"],
    ["a line with a comment", "example.com # bad", "example.com"],
    ["a line that ends with CR LF", "example.com\r\n", "example.com"],
    ["a line after a byte order mark", "\uFEFFexample.com\n", "example.com"],
    ["an address", "192.0.2.1", "192.0.2.1"],
    ["an IPv6 address, however it is written", "2001:DB8:0::1", "2001:db8::1"],
    ["an underscore", "_dmarc.example.com", "_dmarc.example.com"],
    ["a public suffix, when it is meant", "*.co.uk", "example.co.uk"],
    ["a name of one label that is no suffix", "intranet", "intranet"],
  ])("lists %s", (_what, line, host) => {
    expect(isListed(read(line), host)).toBe(true);
  });

  it.each([
    ["a name that ends alike", "example.com", "badexample.com"],
    ["what is above", "www.example.com", "example.com"],
    ["the name of a wildcard itself", "*.example.com", "example.com"],
    ["an address that ends alike", "2.1", "192.0.2.1"],
    ["what is in a comment", "# example.com", "example.com"],
  ])("does not list %s", (_what, line, host) => {
    expect(isListed(read(line), host)).toBe(false);
  });

  it.each([
    ["a public suffix, which would block a country", "co.uk"],
    ["a top-level domain", "com"],
    ["a network", "192.0.2.0/24 x"],
    ["two words", "foo bar"],
    ["an empty label", "foo..example"],
    ["a name of 300 characters", `${"a.".repeat(150)}com`],
    ["a wildcard in the middle", "a.*.example"],
  ])("refuses %s, and says where", (_what, line) => {
    expect(() => read(`ok.example\n${line}`)).toThrow(/list-\d+, line 2: not understood: "/);
  });

  it("skips what it does not understand when it is told to, and counts it", () => {
    const data = readData("foo bar\nexample.com\nco.uk\n", { skipsInvalid: true });
    expect(data).toMatchObject({ skippedLines: 2 });
    expect(isListed(new NameList(data), "example.com")).toBe(true);
  });

  it("finds exactly what is listed", () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z0-9]$/);
    const name = fc.tuple(label, label).map(([one, two]) => `${one}.${two}.example`);
    fc.assert(
      fc.property(fc.uniqueArray(name), fc.uniqueArray(name), (inside, outside) => {
        const list = read(inside.join("\n"));
        expect(inside.every((one) => isListed(list, one))).toBe(true);
        expect(outside.filter((one) => isListed(list, one))).toEqual(
          outside.filter((one) => inside.includes(one)),
        );
      }),
      { numRuns: 30 },
    );
  });

  it("holds many names, each once", () => {
    const names = Array.from({ length: 50_000 }, (_, index) => `host-${index}.example`);
    const list = read([...names, ...names].join("\n"));
    expect(list.size).toBe(names.length);
    expect(names.every((one) => isListed(list, one))).toBe(true);
  });
});

describe("long lines", () => {
  it("counts a line of a megabyte as one that is not understood", () => {
    const text = `${"a".repeat(1024 ** 2)}\nexample.com\n`;
    const data = readData(text, { skipsInvalid: true });
    expect(data.problems).toEqual([expect.stringMatching(/line 1: not understood: too long$/)]);
    expect(isListed(new NameList(data), "example.com")).toBe(true);
  });

  it("reads over a line of 400 MiB without keeping it", () => {
    const path = directory.join("zeros");
    writeFileSync(path, "");
    // Sparse: a line of zeros that takes no space on the disk.
    truncateSync(path, 400 * 1024 ** 2);
    const before = process.memoryUsage.rss();
    const source = { path, format: "plain", widensHosts: false, skipsInvalid: true } as const;
    expect(readNameList(source).skippedLines).toBe(1);
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 ** 2);
  });

  it("finds names on both sides of the pieces in which a file is read", () => {
    const names = Array.from({ length: 40_000 }, (_, index) => `n${index}.example`);
    const list = read(names.join("\r\n"));
    expect(names.filter((one) => !isListed(list, one))).toEqual([]);
  });
});

describe("a hosts file", () => {
  const text = "127.0.0.1 localhost\n::1 ip6-localhost\n# ads\n0.0.0.0 ads.example t.example # x\n";

  it("lists each name on a line", () => {
    const list = read(text);
    expect([isListed(list, "ads.example"), isListed(list, "t.example")]).toEqual([true, true]);
  });

  it("lists no name below, and not the machine itself", () => {
    const list = read(text);
    expect(["a.ads.example", "localhost", "0.0.0.0"].filter((one) => isListed(list, one))).toEqual(
      [],
    );
  });

  it("lists what is below where that is wanted", () => {
    expect(isListed(read(text, { widensHosts: true }), "a.ads.example")).toBe(true);
  });
});

describe("a URL list", () => {
  const text =
    "http://files.example/payload.exe\nshop.example/lottery/\nwww.x.example:8080/a?b=c\n";

  it.each([
    ["the URL", "http://files.example/payload.exe"],
    ["another scheme", "https://files.example/payload.exe"],
    ["what is below the path", "http://shop.example/lottery/2026?x=y"],
    ["the path with a query", "http://files.example/payload.exe?cache=1"],
    ["www, which does not count", "http://www.shop.example/lottery"],
    ["the same path with an escape that is not needed", "http://shop.example/l%6Fttery"],
    ["the same path with a slash too many", "http://shop.example//lottery"],
    ["a host in upper case with a trailing dot", "http://SHOP.example./lottery"],
    ["the port and query of an entry that has them", "http://x.example:8080/a?b=c"],
    ["another port, for an entry without one", "http://shop.example:8443/lottery"],
  ])("lists %s", (_what, url) => {
    expect(isUrlListed(read(text), url)).toBe(true);
  });

  it.each([
    ["the host", "http://shop.example/"],
    ["a path that begins alike", "http://shop.example/lottery2"],
    ["another port than that of the entry", "http://x.example:9090/a?b=c"],
    ["another query than that of the entry", "http://x.example:8080/a?b=d"],
  ])("does not list %s", (_what, url) => {
    expect(isUrlListed(read(text), url)).toBe(false);
  });

  it("looks a path of a thousand steps up in bounded time, and finds what is at its head", () => {
    const url = `http://shop.example/lottery${"/x".repeat(1000)}`;
    expect(isUrlListed(read(text), url)).toBe(true);
  });
});

describe("a response policy zone", () => {
  const zone = `$TTL 300
$ORIGIN rpz.example.
@ IN SOA localhost. root.localhost. (
   1 ; serial
   3600 600 86400 300 )
  IN NS localhost.
bad.example CNAME .
*.bad.example 60 IN CNAME *.
absolute.example.rpz.example. CNAME rpz-drop.
walled.example A 192.0.2.1
good.bad.example CNAME rpz-passthru.
32.7.113.0.203.rpz-ip CNAME .
`;

  it.each(["bad.example", "a.bad.example", "absolute.example", "walled.example"])(
    "lists %s",
    (host) => {
      expect(isListed(read(zone), host)).toBe(true);
    },
  );

  it.each(["rpz.example", "localhost", "203.0.113.7", "a.walled.example"])(
    "does not list %s",
    (host) => {
      expect(isListed(read(zone), host)).toBe(false);
    },
  );

  it("makes what is to pass an exception", () => {
    const categories = read(zone)
      .findHost("good.bad.example")
      .flatMap((hit) => hit.categories);
    expect(categories.map(({ isException }) => isException)).toEqual([true, false]);
  });

  it.each([
    ["an opening parenthesis in a text", 'text.example TXT "a ( b; c"'],
    ["an escaped quote before one", 'text.example TXT "a \\" ( b"'],
    ["a closing parenthesis too much", "@ IN SOA localhost. root.localhost. (\n1 2 3 4 5 ) )"],
  ])("goes on behind %s", (_, record) => {
    const more = `${record}\n@ IN NS (\n localhost. )\nbad.example CNAME .\n`;
    expect(isListed(read(`$ORIGIN rpz.example.\n${more}`), "bad.example")).toBe(true);
  });

  it("refuses a zone that includes a file, which would not be read", () => {
    expect(() => read("$ORIGIN rpz.\n$INCLUDE other\n")).toThrow("line 2");
  });
});

describe("a squidGuard directory", () => {
  function squidGuard(contents: Readonly<Record<string, string>>): string {
    files += 1;
    const root = directory.join(`squidguard-${files}`);
    for (const [name, text] of Object.entries(contents)) {
      mkdirSync(dirname(`${root}/${name}`), { recursive: true });
      writeFileSync(`${root}/${name}`, text);
    }
    return root;
  }
  const source = { format: "squidguard", widensHosts: false, skipsInvalid: false } as const;
  const contents = {
    "adult/domains": "both.example\nadult.example\n",
    "gambling/domains": "both.example\n",
    "gambling/urls": "shop.example/lottery\n",
    "hobby/pets/domains": "pets.example\n",
    "adult/expressions": "(porn|sex)\n",
  };
  const namesOf = (list: NameList, host: string) =>
    list.findHost(host).flatMap(({ categories }) => categories.map(({ name }) => name));

  it("calls each entry by its directory", () => {
    const list = new NameList(readNameList({ ...source, path: squidGuard(contents) }));
    expect(namesOf(list, "adult.example")).toEqual(["adult"]);
    expect(namesOf(list, "www.pets.example")).toEqual(["hobby/pets"]);
  });

  it("knows a name that is in several categories by all of them", () => {
    const list = new NameList(readNameList({ ...source, path: squidGuard(contents) }));
    expect(namesOf(list, "both.example")).toEqual(["adult", "gambling"]);
  });

  it("reads files of URLs too", () => {
    const list = new NameList(readNameList({ ...source, path: squidGuard(contents) }));
    expect(isUrlListed(list, "http://shop.example/lottery")).toBe(true);
  });

  it("reads only the categories that are wanted", () => {
    const path = squidGuard(contents);
    const list = new NameList(readNameList({ ...source, path, categories: ["gambling"] }));
    expect(namesOf(list, "both.example")).toEqual(["gambling"]);
  });

  it("refuses a category that is not there", () => {
    const path = squidGuard(contents);
    expect(() => readNameList({ ...source, path, categories: ["drugs"] })).toThrow(
      "no category drugs",
    );
  });

  it("refuses a directory without lists", () => {
    expect(() => readNameList({ ...source, path: squidGuard({ readme: "x" }) })).toThrow(
      "no file named",
    );
  });
});

describe("the digest of a list", () => {
  it("is the same for the same content, whatever the key of the hash", () => {
    expect(readData("a.example\n").digest).toBe(readData("a.example\n").digest);
  });

  it("changes with the content", () => {
    expect(readData("a.example\n").digest).not.toBe(readData("b.example\n").digest);
  });
});
