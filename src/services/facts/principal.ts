/** A user or group as a directory knows it. */
export interface Principal {
  /** `WinNT`, `LDAP`, `Local` …, as it was sent; absent when there was none. */
  readonly scheme?: string;
  /** Windows domain, realm, or directory server. */
  readonly domain?: string;
  /** The name alone, for example `user1`. */
  readonly name: string;
  /** All of it, decoded and cleaned, for example `WinNT://MYDOMAIN/user1`. */
  readonly raw: string;
}

const schemed = /^([A-Za-z][A-Za-z0-9+.-]{0,31}):\/\/(.*)$/s;
// The value of the first part of a distinguished name (RFC 4514), `\,` being a comma in it.
const distinguishedName = /^(?:cn|uid|ou|samaccountname)=((?:\\.|[^,+\\])*)/i;

/**
 * Reads `WinNT://DOMAIN/user`, `LDAP://server/CN=user,…`, `Local://user`, `DOMAIN\user`,
 * `user@realm`, a distinguished name or a bare name. Undefined when no name is left.
 */
export function parsePrincipal(text: string): Principal | undefined {
  const raw = text.trim();
  const [, scheme, rest] = schemed.exec(raw) ?? [];
  const { domain, name } =
    scheme === undefined || rest === undefined ? bare(raw) : qualified(scheme, rest);
  if (name === "") return undefined;
  return { ...(scheme && { scheme }), ...(domain && { domain }), name, raw };
}

interface Named {
  readonly domain?: string;
  readonly name: string;
}

function qualified(scheme: string, rest: string): Named {
  // An LDAP URL is percent-encoded (RFC 4516 §2.1), the others are not.
  const text = scheme.toLowerCase().startsWith("ldap") ? percentDecoded(rest) : rest;
  const slash = text.indexOf("/");
  if (slash === -1) return bare(text);
  return { domain: text.slice(0, slash), name: bareName(text.slice(slash + 1)) };
}

function bare(text: string): Named {
  if (distinguishedName.test(text)) return { name: bareName(text) };
  const backslash = text.indexOf("\\");
  if (backslash !== -1) {
    return { domain: text.slice(0, backslash), name: text.slice(backslash + 1).trim() };
  }
  const at = text.lastIndexOf("@");
  if (at > 0 && at < text.length - 1)
    return { domain: text.slice(at + 1), name: text.slice(0, at) };
  return { name: text };
}

function bareName(text: string): string {
  const first = distinguishedName.exec(text)?.[1];
  return (first === undefined ? text : first.replace(/\\(.)/g, "$1")).trim();
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
