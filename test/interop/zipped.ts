import { readFileSync, writeFileSync } from "node:fs";
import { runProgram } from "../support/child-program.ts";
import { TempDirectory } from "../support/temp-directory.ts";

/** The text as a file in a zip archive, made by the program `zip`. */
export async function zipped(fileName: string, content: string): Promise<Buffer> {
  using directory = new TempDirectory();
  writeFileSync(directory.join(fileName), content, "latin1");
  await runProgram("/usr/bin/zip", ["-q", "out.zip", fileName], { cwd: directory.path });
  return readFileSync(directory.join("out.zip"));
}
