import { describe, expect, it } from "vitest";
import { parseServiceUrl } from "../../../src/client/index.ts";

describe("the URL of a service", () => {
  it.each([
    ["icap://h/scan", { uri: "icap://h:1344/scan", host: "h", port: 1344, isTls: false }],
    ["icap://h:99/", { uri: "icap://h:99/", host: "h", port: 99, isTls: false }],
    ["ICAP://h", { uri: "icap://h:1344", host: "h", port: 1344, isTls: false }],
    [
      "icaps://h/scan?a=1",
      { uri: "icaps://h:11344/scan?a=1", host: "h", port: 11_344, isTls: true },
    ],
    ["icap://[::1]:1344/x", { uri: "icap://[::1]:1344/x", host: "::1", port: 1344, isTls: false }],
    ["icap://user:secret@h/x", { uri: "icap://h:1344/x", host: "h", port: 1344, isTls: false }],
  ])("is read from %s", (text, expected) => {
    expect(parseServiceUrl(text)).toMatchObject(expected);
  });

  it.each(["h:1344/scan", "http://h/scan", "icap:scan", "icap:///scan", "icap://h:99999/", ""])(
    "is not read from %j",
    (text) => {
      expect(parseServiceUrl(text)).toBeUndefined();
    },
  );
});
