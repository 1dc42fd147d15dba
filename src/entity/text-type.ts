/** No more of the head than this is looked at as text. */
const TEXT_BYTES = 4096;

/** Elements that browsers take as the start of HTML (WHATWG MIME Sniffing §7.1), and more of them. */
const HTML_START =
  /^<(?:!doctype\s+html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|meta|img|form|input|object|embed|link|base|center|frameset)[\s>/]/i;
const HTML_COMMENT = /^<!--/i;

type TextRule = readonly [type: string, pattern: RegExp];

/** Rules for text that starts with `<`. The first that matches wins. */
const MARKUP_RULES: readonly TextRule[] = [
  ["text/x-php", /^<\?(?:php|=)/i],
  ["application/hta", /<hta:application[\s>/]/i],
  ["image/svg+xml", /^(?:<\?xml[^>]*>|<!doctype svg[^>]*>|<!--[^>]*>|\s)*<svg[\s>]/i],
  ["application/xhtml+xml", /^(?:<\?xml[^>]*>|<!doctype html[^>]*>|\s)*<html[^>]+xmlns/i],
  ["application/x-wsf", /^(?:<\?xml[^>]*>|\s)*<(?:job|package)[\s>]/i],
  ["text/x-scriptlet", /^(?:<\?xml[^>]*>|\s)*<(?:scriptlet|component)[\s>]/i],
  ["application/xml", /^<\?xml[\s?]/i],
  ["text/html", HTML_START],
  ["text/html", HTML_COMMENT],
];

/** Rules for other text. The first that matches wins. */
const SCRIPT_RULES: readonly TextRule[] = [
  ["text/x-shellscript", /^#!\s*\S*\/(?:env\s+)?(?:ba|da|k|z|a|c|tc|fi)?sh\b/i],
  ["text/x-python", /^#!\s*\S*\/(?:env\s+)?python/i],
  ["text/x-perl", /^#!\s*\S*\/(?:env\s+)?perl/i],
  ["text/x-php", /^#!\s*\S*\/(?:env\s+)?php/i],
  ["text/javascript", /^#!\s*\S*\/(?:env\s+)?(?:-s\s+)?(?:node|deno|bun)\b/i],
  ["text/x-script", /^#!\s*\S*\/\S/i],
  ["application/x-mswinurl", /^\[internetshortcut\]/i],
  ["text/x-ms-regedit", /^(?:windows registry editor version|regedit4)/i],
  ["application/x-pem-file", /^-----begin [a-z0-9 ]+-----/i],
  ["application/json", /^(?:\{\s*(?:"|\}\s*$)|\[\s*(?:[[{"\]\d-]|true\b|false\b|null\b))/i],
  ["text/x-msdos-batch", /^(?:@?echo\s+off\b|@echo\b|@?setlocal\b|rem\s|@?cmd(?:\.exe)?\s+\/c\b)/i],
  [
    "text/vbscript",
    /^(?:on error resume next|option explicit|dim\s+\w{1,80}\s*(?:[,:\r\n]|$)|(?:set\s+)?\w{1,80}\s*=\s*createobject\()/i,
  ],
  [
    "application/x-powershell",
    /^(?:#requires\s|<#|param\s*\(|\$[\w:]+\s*=|\[[\w.]+\]::|(?:import-module|add-type|set-executionpolicy|invoke-expression|iex|new-object|powershell(?:\.exe)?\s+-)\b)/i,
  ],
  [
    "text/javascript",
    /^(?:['"]use strict['"]|(?:var|let|const)\s+[\w$]+\s*[=,;]|(?:async\s+)?function(?:\s+[\w$]+)?\s*\(|[!+;(]+(?:async\s+)?function\b|\(+[\w$, ]*\)\s*=>|import\s*['"]|import\s[\w$*{},\s]{1,400}?\bfrom\s*['"]|export\s+(?:default|const|function|class|\{)|eval\(|new activexobject\(|wscript\.|(?:window|document|self|globalthis)[.[])/i,
  ],
  [
    "message/rfc822",
    /^(?:[a-z][\w-]{1,40}:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){1,30}?(?:mime-version|message-id):/i,
  ],
  ["text/x-ms-wscript", /^\/\*@cc_on/i],
];

/**
 * The type of text: HTML, XML, JSON or a script when it starts like one, else `text/plain`;
 * undefined when it isn't text. HTML is recognised also with bytes in it that text does not have,
 * as browsers do.
 */
export function textType(head: Buffer): string | undefined {
  const text = decode(head.subarray(0, TEXT_BYTES));
  const start = skipSpace(text);
  if (start === "") return isText(text) ? "text/plain" : undefined;
  const markup = start.startsWith("<") ? match(MARKUP_RULES, start) : undefined;
  if (markup !== undefined) return markup;
  if (!isText(text)) return undefined;
  return match(SCRIPT_RULES, start) ?? scriptBehindComments(start) ?? "text/plain";
}

function scriptBehindComments(start: string): string | undefined {
  const code = skipComments(start);
  return code.length < start.length ? match(SCRIPT_RULES, code) : undefined;
}

function match(rules: readonly TextRule[], text: string): string | undefined {
  return rules.find(([, pattern]) => pattern.test(text))?.[0];
}

function decode(head: Buffer): string {
  const [first, second, third] = head;
  if (first === 0xff && second === 0xfe) return head.subarray(2).toString("utf16le");
  if (first === 0xfe && second === 0xff) return swapped(head.subarray(2)).toString("utf16le");
  if (first === 0xef && second === 0xbb && third === 0xbf) return head.toString("latin1", 3);
  // UTF-16 without its mark: PowerShell and Notepad write it, browsers guess it.
  if (isUtf16(head, 1)) return head.toString("utf16le");
  if (isUtf16(head, 0)) return swapped(head).toString("utf16le");
  return head.toString("latin1");
}

/** True when of the first 8 pairs the byte at `zeroAt` is 0 and the other is not. */
function isUtf16(head: Buffer, zeroAt: 0 | 1): boolean {
  if (head.length < 16) return false;
  for (let at = 0; at < 16; at += 2) {
    if (head[at + zeroAt] !== 0 || head[at + 1 - zeroAt] === 0) return false;
  }
  return true;
}

function swapped(head: Buffer): Buffer {
  return Buffer.from(head.subarray(0, head.length & ~1)).swap16();
}

function skipSpace(text: string): string {
  return text.trimStart();
}

/** The text after the comments it starts with: `// …`, `/* … *\/`, `' …`. */
function skipComments(text: string): string {
  let rest = text;
  for (let end = commentEnd(rest); end > 0; end = commentEnd(rest)) {
    rest = skipSpace(rest.slice(end));
  }
  return rest;
}

/** Length of the comment at the start of a text; 0 when there is none, or no end to it. */
function commentEnd(text: string): number {
  if (text.startsWith("/*")) {
    const end = text.indexOf("*/", 2);
    return end < 0 ? 0 : end + 2;
  }
  return text.startsWith("//") || text.startsWith("'") ? text.indexOf("\n") + 1 : 0;
}

/** Bytes that text does not have (WHATWG MIME Sniffing §3, "binary data byte"). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const BINARY = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/;

function isText(text: string): boolean {
  return !BINARY.test(text);
}
