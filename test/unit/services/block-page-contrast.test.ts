import { describe, expect, it } from "vitest";
import { defaultTemplate } from "../../../src/services/block-page/index.ts";

/** Custom properties of a colour scheme, from the first or second `:root` of the page. */
function colours(scheme: "light" | "dark"): Map<string, string> {
  const block =
    [...defaultTemplate.matchAll(/:root \{([^}]*)\}/g)][scheme === "light" ? 0 : 1]?.[1] ?? "";
  return new Map(
    [...block.matchAll(/--(\w+): (#[0-9a-f]{6});/g)].map(([, name = "", value = ""]) => [
      name,
      value,
    ]),
  );
}

/** Relative luminance (WCAG 2.2). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((start) => Number.parseInt(colour.slice(start, start + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

describe.each(["light", "dark"] as const)("the %s colours of the page", (scheme) => {
  const palette = colours(scheme);
  const colour = (name: string) => palette.get(name) ?? "missing";
  const texts = ["text", "muted", "link", "danger", "caution"];

  it.each(texts.flatMap((name) => ["card", "field"].map((ground) => [name, ground] as const)))(
    "have a contrast of 4.5 between %s and %s [WCAG 2.2 §1.4.3]",
    (name, ground) => {
      expect(contrast(colour(name), colour(ground))).toBeGreaterThanOrEqual(4.5);
    },
  );

  it.each(["card", "field"])(
    "have a contrast of 3 between the edge of the incident number and %s [WCAG 2.2 §1.4.11]",
    (ground) => {
      expect(contrast(colour("edge"), colour(ground))).toBeGreaterThanOrEqual(3);
    },
  );
});
