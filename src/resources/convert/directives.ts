import type { SourceFile } from "../read/yaml-source.ts";

/** One line of a c-icap or squidclamav configuration. */
export interface Directive {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly args: readonly string[];
}

/** The directives of a file in order. Comments begin with `#`; an argument may stand in quotes. */
export function readDirectives({ name: file, text }: SourceFile): Directive[] {
  return text.split(/\r?\n/).flatMap((source, index) => {
    if (/^\s*(#|$)/.test(source)) {
      return [];
    }
    const [name = "", ...args] = wordsOf(source);
    return [{ file, line: index + 1, name, args }];
  });
}

function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

/** The last of several directives of one name, which counts in both programs. */
export function lastOf(directives: readonly Directive[], name: string): Directive | undefined {
  return directives.findLast((directive) => directive.name.toLowerCase() === name.toLowerCase());
}

/** `5M`, `512K`, `65536`: bytes as both programs write them. */
export function sizeOf(text: string | undefined): number | undefined {
  const match = /^([0-9]{1,12})([KM])?$/i.exec(text ?? "");
  if (match === null) {
    return undefined;
  }
  const unit = match[2]?.toUpperCase();
  const factor = unit === "M" ? 2 ** 20 : unit === "K" ? 2 ** 10 : 1;
  return Number(match[1]) * factor;
}
