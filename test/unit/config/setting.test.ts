import { describe, expect, it } from "vitest";
import {
  address,
  addresses,
  choice,
  count,
  countOrAuto,
  duration,
  networks,
  size,
  text,
  toggle,
  webUrl,
} from "../../../src/config/setting.ts";

const anyDuration = duration("1s", "");
const anySize = size("1", "");

describe("a duration", () => {
  it.each([
    ["500ms", 500],
    ["30s", 30_000],
    ["1.5h", 5_400_000],
    ["2m", 120_000],
    ["1d", 86_400_000],
    ["0.001s", 1],
    ["0", 0],
    [0, 0],
  ])("is read from %j", (raw, expected) => {
    expect(anyDuration.schema.parse(raw)).toBe(expected);
  });

  it.each(["", "5", 5, "-5s", "s", "5 s", "5S", "1.s", "0.0001s", "1e3s", null, {}, ["5s"]])(
    "is not read from %j",
    (raw) => {
      expect(anyDuration.schema.safeParse(raw).success).toBe(false);
    },
  );

  it("keeps to its bounds", () => {
    const bounded = duration("2s", "", { min: 1000, max: 3000 });
    const accepted = ["999ms", "1s", "3s", "3001ms"].filter(
      (raw) => bounded.schema.safeParse(raw).success,
    );
    expect(accepted).toEqual(["1s", "3s"]);
  });
});

describe("a size", () => {
  it.each([
    ["4096", 4096],
    [4096, 4096],
    ["64Ki", 65_536],
    ["100Mi", 104_857_600],
    ["8Gi", 8_589_934_592],
    ["1Ti", 1_099_511_627_776],
  ])("is read from %j", (raw, expected) => {
    expect(anySize.schema.parse(raw)).toBe(expected);
  });

  it.each(["", "64k", "64KB", "-1", -1, 1.5, "1.5Mi", "999999999999Ti", null])(
    "is not read from %j",
    (raw) => {
      expect(anySize.schema.safeParse(raw).success).toBe(false);
    },
  );

  it("says its least value where it has no greatest", () => {
    const issue = size("1Mi", "", { min: 1024 }).schema.safeParse("1").error?.issues[0];
    expect(issue?.message).toBe("a size, at least 1Ki such as 4096, 64Ki, 100Mi or 8Gi");
  });
});

describe("a number", () => {
  it.each([7, "7"])("is read from %j", (raw) => {
    expect(count(1, "").schema.parse(raw)).toBe(7);
  });

  it.each(["1e3", "0x10", "7.5", 7.5, "-1", -1, "", Number.NaN, true])(
    "is not read from %j",
    (raw) => {
      expect(count(1, "").schema.safeParse(raw).success).toBe(false);
    },
  );

  it("may be left to Sluice", () => {
    expect(countOrAuto(1, "").schema.parse("auto")).toBe("auto");
  });
});

describe("a toggle", () => {
  it.each([
    [true, true],
    ["true", true],
    [false, false],
    ["false", false],
  ])("is read from %j", (raw, expected) => {
    expect(toggle(true, "").schema.parse(raw)).toBe(expected);
  });

  it.each(["yes", "1", 1, "TRUE", null])("is not read from %j", (raw) => {
    expect(toggle(true, "").schema.safeParse(raw).success).toBe(false);
  });
});

describe("a choice", () => {
  it("is one of its words", () => {
    expect(choice(["a", "b"], "a", "").schema.parse("b")).toBe("b");
  });

  it("is no other word", () => {
    expect(choice(["a", "b"], "a", "").schema.safeParse("A").error?.issues[0]?.message).toBe(
      "one of a, b",
    );
  });
});

describe("a text", () => {
  it("is no number", () => {
    expect(text("").schema.safeParse(5).error?.issues[0]?.message).toBe("a text (text)");
  });
});

describe("a URL", () => {
  it.each([
    ["https://events.example/hook?a=b", "https://events.example/hook?a=b"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080/"],
    ["", undefined],
    [undefined, undefined],
  ])("is read from %j", (raw, expected) => {
    expect(webUrl("").schema.parse(raw)).toBe(expected);
  });

  it.each(["events.example", "ftp://x/", "https://user:secret@x/", "https://user@x/", 5, {}])(
    "is not read from %j",
    (raw) => {
      expect(webUrl("").schema.safeParse(raw).success).toBe(false);
    },
  );
});

describe("an address", () => {
  it.each([
    [":1344", undefined, 1344],
    ["127.0.0.1:0", "127.0.0.1", 0],
    ["[::1]:65535", "::1", 65_535],
    ["icap.example:1344", "icap.example", 1344],
  ])("is read from %j", (raw, host, port) => {
    expect(address("", "").schema.parse(raw)).toEqual({ host, port });
  });

  it.each([
    "1344",
    ":65536",
    "::1:1344",
    "[nix]:1",
    "[1.2.3.4]:1",
    "a b:1",
    "icap://h:1",
    1344,
    null,
  ])("is not read from %j", (raw) => {
    expect(address("", "").schema.safeParse(raw).success).toBe(false);
  });

  it("is none when empty", () => {
    expect(address("", "").schema.parse("")).toBeUndefined();
  });

  it("in a list is never empty", () => {
    expect(addresses([], "").schema.safeParse([":1", ""]).success).toBe(false);
  });
});

describe("networks", () => {
  it("of one address are written with their width", () => {
    expect(networks([], "").schema.parse(["10.1.2.3", "fd00::1", "10.0.0.0/8"])).toEqual([
      "10.1.2.3/32",
      "fd00::1/128",
      "10.0.0.0/8",
    ]);
  });

  it.each(["10.0.0.0/33", "fd00::/129", "10.0.0.0/8/8", "ten", 10])(
    "are not read from %j",
    (raw) => {
      expect(networks([], "").schema.safeParse([raw]).success).toBe(false);
    },
  );
});
