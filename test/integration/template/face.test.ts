import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..", "..");

it("checks resources without the HTTP client, which is heavy", () => {
  const program = `
    import { createRequire } from "node:module";
    await import("./src/scanning/template/index.ts");
    await import("./src/resources/index.ts");
    const { _cache: loaded } = createRequire(process.cwd() + "/x.js")("module");
    const names = Object.keys(loaded).filter((path) => path.includes("/node_modules/undici/"));
    console.log(names.length);`;
  const argv = ["--input-type=module", "-e", program];
  expect(execFileSync(process.execPath, argv, { cwd: root, encoding: "utf8" })).toBe("0\n");
});
