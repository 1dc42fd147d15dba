import { hash } from "node:crypto";
import {
  CacheScope,
  type ClientIdentity,
  type JudgedContext,
  type JudgedEntity,
} from "../scanning/index.ts";
import type { VerdictKey } from "./verdict-cache.ts";

/** A scanner as far as keys are concerned. */
export interface KeyedScanner {
  /** As `purge` names it. */
  readonly name: string;
  /** Shared by no two scanners whose verdicts could differ, and the same on every pod. */
  readonly identity: string;
  readonly scope: CacheScope;
}

type KeyedEntity = Omit<JudgedEntity, "size">;

const VERSION = "v1";
/** 192 bits: finding two inputs with one key takes 2^96 tries. */
const DIGEST_CHARACTERS = 32;

/**
 * The key of a verdict, `v1|scanner|epoch|policy|scope parts`, hashed; undefined when the verdict
 * depends on what is not known here, or on this one transaction.
 */
export function verdictKey(
  scanner: KeyedScanner,
  epoch: string,
  entity: KeyedEntity,
  context: JudgedContext,
): VerdictKey | undefined {
  const parts = scopeParts(scanner.scope, entity, context);
  if (parts === undefined) return undefined;
  const { name, identity, scope } = scanner;
  // JSON keeps the parts apart whatever they hold.
  // Asked for new content, a scanner that makes some says otherwise of the old.
  const asked = [context.policy ?? null, context.takesReplacement ?? false];
  const text = JSON.stringify([VERSION, identity, epoch, ...asked, scope, ...parts]);
  return {
    digest: hash("sha256", text, "base64url").slice(0, DIGEST_CHARACTERS),
    scanner: name,
    sha256: entity.sha256,
  };
}

/**
 * The scopes with a URL or a user hold all that such a scanner may be told beside it: one that judges
 * the address of the user, or the name of the file, declares the nearest word that there is.
 */
function scopeParts(
  scope: CacheScope,
  { sha256, declaredType = "", fileName = "" }: KeyedEntity,
  { url, host, identity }: JudgedContext,
): readonly unknown[] | undefined {
  const described = [sha256, declaredType, fileName];
  switch (scope) {
    case CacheScope.Content:
      return [sha256];
    case CacheScope.ContentAndType:
      return [sha256, declaredType];
    case CacheScope.ContentAndName:
      return described;
    case CacheScope.ContentAndUrl:
      return url === undefined ? undefined : [...described, url, host ?? ""];
    case CacheScope.Url:
      return url === undefined ? undefined : [url];
    case CacheScope.Host:
      return host === undefined ? undefined : [host];
    case CacheScope.User:
      return identity?.user === undefined ? undefined : [...described, ...identityParts(identity)];
    case CacheScope.None:
      return undefined;
    default:
      return scope satisfies never;
  }
}

function identityParts({ user, address, groups = [] }: ClientIdentity): readonly unknown[] {
  return [user, address ?? "", groups];
}

/** What a key of each scope holds. */
const dependencies: Readonly<Record<CacheScope, readonly string[] | undefined>> = {
  [CacheScope.Content]: ["content"],
  [CacheScope.ContentAndType]: ["content", "type"],
  [CacheScope.ContentAndName]: ["content", "type", "name"],
  [CacheScope.ContentAndUrl]: ["content", "type", "name", "url", "host"],
  [CacheScope.Url]: ["url", "host"],
  [CacheScope.Host]: ["host"],
  [CacheScope.User]: ["content", "type", "name", "user"],
  [CacheScope.None]: undefined,
};

/** Whether a key of the scope `declared` holds all that a verdict of the scope `own` depends on. */
export function coversScope(declared: CacheScope, own: CacheScope): boolean {
  const needed = dependencies[own];
  const held = dependencies[declared];
  return needed !== undefined && held !== undefined && needed.every((part) => held.includes(part));
}
