const base64 =
  /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/;
const utf8 = new TextDecoder("utf-8", { fatal: true });
const controls = /\p{Cc}/u;
const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//;

/**
 * The text that a header value means, which may be plain or base64: the same header comes both ways
 * from different clients, and nothing in it says which.
 *
 * Base64 it is when it decodes to printable UTF-8 and one thing more speaks for it: padding, or an
 * upper-case letter. (Encoded ASCII has one in nearly every group of four; `anna` and `db2x` decode
 * to something printable by chance and stay as they are.) With a scheme such as `WinNT://` in front,
 * text that is no UTF-8 is read as Latin-1. Everything else is plain. Never throws.
 */
export function plainOrBase64(value: string): string {
  const trimmed = value.trim();
  return decoded(trimmed) ?? fromOctets(trimmed);
}

function decoded(value: string): string | undefined {
  if (!base64.test(value)) return undefined;
  const bytes = Buffer.from(value, "base64");
  // Bits left over at the end: no encoder makes them.
  if (bytes.toString("base64") !== value) return undefined;
  const text = utf8Text(bytes);
  if (text === undefined) {
    const latin1 = bytes.toString("latin1");
    return scheme.test(latin1) ? latin1 : undefined;
  }
  if (controls.test(text) || text.trim() === "") return undefined;
  return /[A-Z=]/.test(value) ? text : undefined;
}

/** A field value is octets, one a character (RFC 9110 §5.5); what reads as UTF-8 was meant so. */
function fromOctets(value: string): string {
  if (!/[\x80-\xff]/.test(value) || /[^\0-\xff]/.test(value)) return value;
  return utf8Text(Buffer.from(value, "latin1")) ?? value;
}

function utf8Text(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
