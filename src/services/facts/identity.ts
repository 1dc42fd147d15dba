import { type Fields, fieldValue } from "../../protocol/index.ts";
import { plainOrBase64 } from "./base64-text.ts";
import { canonicalAddress } from "./ip-address.ts";
import { type Principal, parsePrincipal } from "./principal.ts";

/**
 * Value of `X-Include` in OPTIONS answers: the fields that ask the client for what is read here
 * (draft-stecher-icap-subid-00).
 */
export const requestedIdentityFields =
  "X-Client-IP, X-Server-IP, X-Authenticated-User, X-Authenticated-Groups";

// The draft's name first. Squid's is configurable, this is its default; Check Point's
// documentation has the third.
const userFields = ["X-Authenticated-User", "X-Client-Username", "X-Authentication-User"] as const;

const maxTextLength = 1024;
// Base64 makes four characters of three octets, and a character of UTF-8 has up to four octets.
const maxValueLength = 5464;
const maxGroups = 512;
// Before each value of a list in which commas belong to the values (distinguished names).
const schemeAhead = /,\s*(?=[A-Za-z][A-Za-z0-9+.-]{0,31}:\/\/)/;

/**
 * Who sent the message, as the ICAP client says in fields of its request. Nothing is verified: the
 * caller believes it only from clients that are configured as trusted.
 */
export interface Identity {
  /** `X-Client-IP`, canonical (RFC 5952). */
  readonly clientIp: string | undefined;
  /** `X-Server-IP`, canonical (RFC 5952). */
  readonly serverIp: string | undefined;
  /** `X-Subscriber-ID`: opaque, cleaned. */
  readonly subscriberId: string | undefined;
  readonly user: Principal | undefined;
  /** Names of the groups in `X-Authenticated-Groups`, without scheme and domain, in their order. */
  readonly groups: readonly string[];
}

/**
 * Reads the identity out of the fields of an ICAP request. Each part is decoded when it is first
 * asked for; what cannot be read is absent, never an error.
 */
export function decodeIdentity(fields: Fields): Identity {
  return new FieldsIdentity(fields);
}

class FieldsIdentity implements Identity {
  readonly #fields: Fields;
  // null: not looked at yet.
  #user: Principal | undefined | null = null;
  #groups: readonly string[] | undefined;

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  get clientIp(): string | undefined {
    return this.#address("X-Client-IP");
  }

  get serverIp(): string | undefined {
    return this.#address("X-Server-IP");
  }

  get subscriberId(): string | undefined {
    const value = fieldValue(this.#fields, "X-Subscriber-ID");
    if (value === undefined || value.length > maxTextLength) return undefined;
    return cleaned(value) || undefined;
  }

  get user(): Principal | undefined {
    if (this.#user === null) this.#user = firstUser(this.#fields);
    return this.#user;
  }

  get groups(): readonly string[] {
    this.#groups ??= groupNames(fieldValue(this.#fields, "X-Authenticated-Groups") ?? "");
    return this.#groups;
  }

  #address(name: string): string | undefined {
    const value = fieldValue(this.#fields, name);
    return value === undefined ? undefined : canonicalAddress(value);
  }
}

function firstUser(fields: Fields): Principal | undefined {
  for (const name of userFields) {
    const value = fieldValue(fields, name);
    // What is beyond every real name is not cut to something that might be another's.
    if (value === undefined || value.length > maxValueLength) continue;
    const user = principal(plainOrBase64(value));
    if (user !== undefined) return user;
  }
  return undefined;
}

function groupNames(value: string): readonly string[] {
  const list = plainOrBase64(value);
  const separator = /\bldaps?:\/\//i.test(list) ? schemeAhead : ",";
  // Some clients encode each group, not the list.
  const read = list === value.trim() ? plainOrBase64 : (item: string): string => item;
  return list
    .split(separator, maxGroups)
    .map((item) => principal(read(item))?.name)
    .filter((name) => name !== undefined);
}

function principal(text: string): Principal | undefined {
  const clean = cleaned(text);
  return clean.length > maxTextLength ? undefined : parsePrincipal(clean);
}

/** Without control and format characters, which have no place in a name and deceive in a log. */
function cleaned(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}]/gu, "")
    .trim();
}
