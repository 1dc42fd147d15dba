import type { Sample } from "./rule-samples.ts";

/**
 * Text with the dots (`·`) taken out. They stand in what anti-virus programs look for, so that none
 * takes a file of this repository for the real thing.
 */
export function text(dotted: string, fileName = "", path = ""): Sample {
  return { bytes: Buffer.from(dotted.replaceAll("·", "")), fileName, path };
}

/** The same in UTF-16, as Windows writes scripts and shortcuts. */
export function wide(dotted: string): Sample {
  return { bytes: Buffer.from(dotted.replaceAll("·", ""), "utf16le") };
}

/** The start of a Windows program: headers that say so, and nothing that could run. */
export function programStub(): Buffer {
  const stub = Buffer.alloc(0x200);
  stub.write("4d5a90000300000004000000ffff0000", "hex");
  stub.writeUInt32LE(0x80, 0x3c);
  stub.write("This program can·not be run in DOS mode.\r\r\n$".replace("·", ""), 0x4e);
  stub.write("PE\0\0d\x86", 0x80, "latin1");
  return stub;
}
