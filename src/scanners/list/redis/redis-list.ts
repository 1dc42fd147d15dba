import { readFile } from "node:fs/promises";
import type { Redis } from "ioredis";
import { VerdictReason } from "../../../scanning/index.ts";
import { type Environment, readSecret } from "../../settings/secret.ts";
import type { HashAlgorithm } from "../hashes/hash-lines.ts";
import { type ListHit, type ListVerdict, listVerdict } from "../list-answer.ts";
import { domainsOf } from "../names/host-name.ts";
import type { FileListOptions, ListNeeds, LookupSubject, OpenList } from "../open-list.ts";
import type { RedisFact, RedisListSettings } from "./redis-settings.ts";

const MAX_BACKOFF_MS = 5000;
const FIRST_BACKOFF_MS = 100;
const MAX_VALUE_CHARS = 256;

/** Connects to the Redis of a list; whether it answers is for `notReady` to say. */
export async function openRedisList(
  settings: RedisListSettings,
  env: Environment,
  options: FileListOptions,
): Promise<OpenList> {
  const { url, username, password, caFile, timeout, name } = settings;
  const { Redis } = await import("ioredis");
  const redis = new Redis(url, {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: await readSecret(password, env) }),
    ...(caFile !== undefined && { tls: { ca: await readFile(caFile) } }),
    commandTimeout: timeout,
    connectTimeout: timeout,
    // A lookup that cannot be sent now is of no use later.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(FIRST_BACKOFF_MS * 2 ** attempt, MAX_BACKOFF_MS),
  });
  // The message of a failed connection may have the address, never the password.
  redis.on("error", ({ message }: Error) =>
    options.logger.debug("connection to Redis lost", { list: name, problem: message }),
  );
  const list = new RedisList(settings, redis);
  await list.start(options.pollMs);
  return list;
}

class RedisList implements OpenList {
  readonly name: string;
  readonly needs: ListNeeds;
  readonly entries = undefined;
  readonly skippedLines = 0;
  readonly failedReloads = 0;
  readonly loadedAt = undefined;
  readonly #settings: RedisListSettings;
  readonly #redis: Redis;
  #epoch: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: RedisListSettings, redis: Redis) {
    const { facts } = settings.lookup;
    const hashes: readonly HashAlgorithm[] = facts.includes("sha256") ? ["sha256"] : [];
    this.name = settings.name;
    this.needs = {
      hashes,
      host: facts.includes("host") || facts.includes("domains"),
      url: facts.includes("url"),
    };
    this.#settings = settings;
    this.#redis = redis;
  }

  /** Waits for the first connection, or its failure. */
  async start(pollMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#redis.once("ready", resolve);
      this.#redis.once("close", resolve);
    });
    await this.#readEpoch();
    if (this.#settings.epochKey !== undefined && pollMs > 0) {
      this.#timer = setInterval(() => void this.#readEpoch(), pollMs).unref();
    }
  }

  get epoch(): string | undefined {
    return this.#epoch;
  }

  get notReady(): string | undefined {
    return this.#redis.status === "ready"
      ? undefined
      : `Redis of list ${this.name} does not answer`;
  }

  async find(subject: LookupSubject): Promise<readonly ListHit[]> {
    const { command, facts, arguments: words } = this.#settings.lookup;
    const calls = argumentsOf(words, facts, subject);
    const values = await Promise.all(calls.map((call) => this.#redis.call(command, ...call)));
    const matter = facts.includes("sha256") ? "content" : "address";
    return values.flatMap((value) => this.#hitsOf(value, matter));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#redis.disconnect();
  }

  #hitsOf(value: unknown, matter: ListHit["matter"]): ListHit[] {
    if (value === null || value === 0) return [];
    const { name: list, verdict, values, reason } = this.#settings;
    const text = typeof value === "string" ? value.slice(0, MAX_VALUE_CHARS) : "";
    if (text === "unknown") return [];
    const ownReason = matter === "content" ? VerdictReason.Malware : VerdictReason.Category;
    const given = values?.[text] ?? verdictWord(text);
    const name = text === "" || verdictWord(text) !== undefined ? list : text;
    return [{ list, matter, verdict: given ?? verdict, reason: reason ?? ownReason, name }];
  }

  async #readEpoch(): Promise<void> {
    const { epochKey } = this.#settings;
    if (epochKey === undefined) return;
    // The one before holds while Redis does not answer: no verdict comes from it then.
    this.#epoch = await this.#redis.get(epochKey).then(
      (value) => value ?? "none",
      () => this.#epoch,
    );
  }
}

/** The arguments of every command that a subject leads to; none where a fact is not known. */
function argumentsOf(
  words: readonly string[],
  facts: readonly RedisFact[],
  subject: LookupSubject,
): string[][] {
  let calls: string[][] = [[...words]];
  for (const fact of facts) {
    const values = valuesOf(fact, subject);
    calls = calls.flatMap((call) =>
      values.map((value) => call.map((word) => word.replaceAll(`{${fact}}`, () => value))),
    );
  }
  return calls;
}

function valuesOf(fact: RedisFact, { hashes, hosts, url }: LookupSubject): readonly string[] {
  switch (fact) {
    case "sha256":
      return hashes.sha256 === undefined ? [] : [hashes.sha256];
    case "host":
      return hosts;
    case "domains":
      return [...new Set(hosts.flatMap(domainsOf))];
    case "url":
      // As it came, and in the one spelling: `HTTP://Bad.example:80/a/../` is `http://bad.example/`.
      return url === undefined ? [] : [...new Set([url, URL.parse(url)?.href ?? url])];
  }
}

function verdictWord(text: string): ListVerdict | undefined {
  return listVerdict.safeParse(text).data;
}
