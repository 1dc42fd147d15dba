import { expect, it } from "vitest";
import { typesDisagree } from "../../../../src/services/facts/type-mismatch.ts";

it.each([
  ["application/x-dosexec", "image/png"],
  ["application/x-dosexec", "text/html"],
  ["application/zip", "image/jpeg"],
  ["text/html", "image/png"],
  ["application/pdf", "text/plain"],
  ["image/png", "application/pdf"],
])("%s under the name of %s disagrees", (detected, declared) => {
  expect(typesDisagree(detected, declared)).toBe(true);
});

it.each([
  ["application/x-dosexec", "application/octet-stream"],
  ["application/x-dosexec", undefined],
  [undefined, "image/png"],
  ["text/plain", "text/csv"],
  ["text/plain", "application/json"],
  ["application/zip", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
  ["application/zip", "application/epub+zip"],
  ["application/x-ole-storage", "application/msword"],
  ["text/xml", "image/svg+xml"],
  ["audio/mp4", "video/mp4"],
  ["image/x-icon", "image/vnd.microsoft.icon"],
  ["application/pdf", "application/pdf"],
])("%s under the name of %s agrees", (detected, declared) => {
  expect(typesDisagree(detected, declared)).toBe(false);
});
