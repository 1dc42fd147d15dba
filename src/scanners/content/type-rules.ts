import { VerdictReason } from "../../scanning/index.ts";
import { type ContentEngine, type Finding, Severity } from "./content-engine.ts";
import type { Specimen } from "./specimen.ts";

/** Types of programs that a machine runs by themselves. */
const programNames: Readonly<Record<string, string>> = {
  "application/x-dosexec": "Windows",
  "application/x-executable": "ELF",
  "application/x-mach-binary": "Mach-O",
  "application/x-ms-shortcut": "Shortcut",
};

/** Declared media types under which nobody sends a program by mistake. */
const harmlessTypes =
  /^(?:image|audio|video|font|text)\/|^application\/(?:pdf|rtf|msword|json|vnd\.ms-(?:excel|powerpoint|word)|vnd\.openxmlformats|vnd\.oasis)/;

const harmlessExtensions = new Set([
  ...[".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".svg", ".ico", ".heic"],
  ...[".mp3", ".wav", ".ogg", ".flac", ".mp4", ".avi", ".mov", ".mkv", ".webm"],
  ...[".pdf", ".rtf", ".txt", ".csv", ".md", ".log", ".json", ".xml", ".html", ".htm", ".eml"],
  ...[".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".odt", ".ods", ".odp"],
]);

/** The start of a PE header is at an offset that stands here; without one, `MZ` is two letters. */
const PE_OFFSET_AT = 0x3c;

/**
 * Finds programs that pass themselves off as something else: the bytes say program, the name or the
 * declared type says document, picture or text. No engine needed, nothing parsed.
 */
export class TypeRules implements ContentEngine {
  readonly name = "type";

  inspect(specimen: Specimen): Finding[] {
    const program = programNames[specimen.detectedType ?? ""];
    if (program === undefined || !passesItselfOff(specimen)) return [];
    if (program === "Windows" && !isPortableExecutable(specimen.head)) return [];
    return [
      {
        severity: Severity.Block,
        reason: VerdictReason.Type,
        threat: { name: `Disguised-Program.${program}` },
      },
    ];
  }
}

function passesItselfOff({ declaredType, extension }: Specimen): boolean {
  if (harmlessExtensions.has(extension)) return true;
  return declaredType !== undefined && harmlessTypes.test(declaredType);
}

function isPortableExecutable(head: Buffer): boolean {
  if (head.length < PE_OFFSET_AT + 4) return false;
  const offset = head.readUInt32LE(PE_OFFSET_AT);
  return head.toString("latin1", offset, offset + 4) === "PE\0\0";
}
