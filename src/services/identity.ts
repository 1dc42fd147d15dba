import { type Fields, fieldValue } from "../protocol/index.ts";
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
 * Who sent the message, as the ICAP client says in fields of its request. Nothing is verified here:
 * believe it only from clients that you configured. Each part is decoded when it is first asked
 * for; what cannot be read is absent, never an error.
 */
export class Identity {
  readonly #fields: Fields;
  #user: Principal | undefined;
  #groups: readonly Principal[] | undefined;
  #userWasRead = false;

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  /** `X-Client-IP`, canonical (RFC 5952). */
  get clientIp(): string | undefined {
    return this.#address("X-Client-IP");
  }

  /** `X-Server-IP`, canonical (RFC 5952). */
  get serverIp(): string | undefined {
    return this.#address("X-Server-IP");
  }

  /** `X-Subscriber-ID`: opaque, cleaned. */
  get subscriberId(): string | undefined {
    return cleaned(fieldValue(this.#fields, "X-Subscriber-ID") ?? "") || undefined;
  }

  get user(): Principal | undefined {
    if (!this.#userWasRead) {
      this.#userWasRead = true;
      this.#user = firstUser(this.#fields);
    }
    return this.#user;
  }

  /** The groups of `X-Authenticated-Groups`, in the order given. */
  get groups(): readonly Principal[] {
    this.#groups ??= groupList(fieldValue(this.#fields, "X-Authenticated-Groups") ?? "");
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

function groupList(value: string): readonly Principal[] {
  const list = plainOrBase64(value);
  const separator = /\bldap:\/\//i.test(list) ? schemeAhead : ",";
  return (
    list
      .split(separator, maxGroups)
      // Some clients encode each group, not the list.
      .map((item) => principal(list === value.trim() ? plainOrBase64(item) : item))
      .filter((group) => group !== undefined)
  );
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
