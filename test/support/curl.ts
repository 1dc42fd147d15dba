import { existsSync, readFileSync } from "node:fs";
import { ChildProgram } from "./child-program.ts";
import { TempDirectory } from "./temp-directory.ts";

export interface CurlResult {
  readonly status: number;
  /** Header fields of the last answer by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  readonly exitCode: number | null;
  /** What curl said on standard error, empty when all went well. */
  readonly complaint: string;
}

/** Runs curl as a user would, with exactly these arguments plus the ones that keep its output. */
export async function curl(...args: readonly string[]): Promise<CurlResult> {
  using directory = new TempDirectory();
  const [heads, body] = [directory.join("heads"), directory.join("body")];
  const program = new ChildProgram("/usr/bin/curl", [
    ...["--disable", "--silent", "--show-error", "--max-time", "60"],
    ...["--dump-header", heads, "--output", body],
    ...args,
  ]);
  const { code } = await program.exited;
  const lastHead = readText(heads).trimEnd().split("\r\n\r\n").at(-1) ?? "";
  const [statusLine = "", ...lines] = lastHead.split("\r\n");
  return {
    status: Number(statusLine.split(" ")[1] ?? 0),
    headers: new Map(
      lines.map((line) => [
        line.slice(0, line.indexOf(":")).toLowerCase(),
        line.slice(line.indexOf(":") + 1).trim(),
      ]),
    ),
    body: existsSync(body) ? readFileSync(body) : Buffer.alloc(0),
    exitCode: code,
    complaint: program.output,
  };
}

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, "latin1") : "";
}
