import { randomBytes } from "node:crypto";
import { type RedisConnection, runScript, script, type ValueSeal } from "../cache/index.ts";
import { MAX_RECIPIENTS, type Recipient, recipientSchema } from "./recipient.ts";
import { Holding, type ScanLedger, type TakenScan } from "./scan-ledger.ts";
import { decodeRecord, encodeRecord, type ScanRecord } from "./scan-record.ts";

export interface RedisLedgerOptions {
  readonly connection: RedisConnection;
  readonly seal: ValueSeal;
  /** After so long without a renewal a scan belongs to whoever takes it. */
  readonly leaseMs: number;
  /** Called for each value that does not verify. */
  readonly onUnverified: () => void;
}

/** Nobody waits for these but scans that run for minutes. */
const TIMEOUT_MS = 2000;
/** How long a pod that comes back can be told that another one ended its scan. */
const TOMBSTONE_MS = 600_000;
/** All of it goes when nobody wrote for so long. */
const FORGET_MS = 2 * 86_400_000;
const CHANNEL = "background";

/**
 * Of all scripts. KEYS: when leases end (sorted set), owners, records (hashes), recipients (list). They
 * lie on one node of a cluster. Times are those of Redis, since clocks of pods differ. What is of another
 * type under these keys is not ours.
 */
const common = `
local due, owners, records = KEYS[1], KEYS[2], KEYS[3]
local id, token = ARGV[1], ARGV[2]
local probes = {
  {'ZSCORE', due, id}, {'HEXISTS', owners, id}, {'HEXISTS', records, id}, {'LRANGE', KEYS[4], 0, 0}
}
for _, probe in ipairs(probes) do
  local answer = redis.pcall(unpack(probe))
  if type(answer) == 'table' and answer.err and string.sub(answer.err, 1, 9) == 'WRONGTYPE' then
    redis.call('DEL', probe[2])
  end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function hold(ms)
  redis.call('ZADD', due, now + ms, id)
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ${FORGET_MS}) end
end
local function note(recipient)
  if recipient ~= '' then
    redis.call('RPUSH', KEYS[4], recipient)
    redis.call('LTRIM', KEYS[4], 0, ${MAX_RECIPIENTS - 1})
    redis.call('PEXPIRE', KEYS[4], ${FORGET_MS})
  end
end
`;

/**
 * ARGV: …, lease in ms, record, recipient, "1" to put it in the place of what is there. {1}: entered;
 * {0, record}: it is there already, and somebody follows it or is about to take it over. Otherwise
 * nobody ever would: of what is known of it Redis has lost a part.
 */
const enterScript = script(`${common}
note(ARGV[5])
local known = redis.call('HGET', records, id)
local lease = redis.call('ZSCORE', due, id)
if known and lease and ARGV[6] ~= '1' and math.abs(lease - now) <= 2 * ARGV[3] then
  return {0, known}
end
redis.call('HSET', records, id, ARGV[4])
redis.call('HSET', owners, id, token)
hold(tonumber(ARGV[3]))
return {1}
`);

/** ARGV: id, token, recipient. */
const noteScript = script(`${common}
if redis.call('HEXISTS', records, id) == 1 then note(ARGV[3]) end
return 1
`);

/** ARGV: …, lease in ms, record. 1: held; 0: another's. What Redis has lost is entered anew. */
const renewScript = script(`${common}
local owner = redis.call('HGET', owners, id)
if owner and owner ~= token then return 0 end
redis.call('HSET', records, id, ARGV[4])
redis.call('HSET', owners, id, token)
hold(tonumber(ARGV[3]))
return 1
`);

/** ARGV: …, pause in ms, channel. 1: offered; 0: it is not ours to offer. */
const offerScript = script(`${common}
if redis.call('HGET', owners, id) ~= token then return 0 end
redis.call('HSET', owners, id, '')
hold(tonumber(ARGV[3]))
if ARGV[3] == '0' then redis.call('PUBLISH', ARGV[4], '') end
return 1
`);

/**
 * ARGV: …, "1" to leave a mark by which a pod that comes back sees that its scan has ended.
 * {1, …}: ended; {0}: another's; {-1}: not known. Behind it the recipients.
 */
const endScript = script(`${common}
local owner = redis.call('HGET', owners, id)
if owner and owner ~= token then return {0} end
local noted = redis.call('LRANGE', KEYS[4], 0, -1)
redis.call('DEL', KEYS[4])
redis.call('HDEL', records, id)
if ARGV[3] == '1' then
  redis.call('HSET', owners, id, '!')
  hold(${TOMBSTONE_MS})
else
  redis.call('HDEL', owners, id)
  redis.call('ZREM', due, id)
end
table.insert(noted, 1, owner and 1 or -1)
return noted
`);

/** ARGV: "", token, lease in ms, how many. Pairs of id and record. */
const takeScript = script(`${common}
local found = {}
for _, one in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, tonumber(ARGV[4]))) do
  local record = redis.call('HGET', records, one)
  if record then
    redis.call('HSET', owners, one, token)
    redis.call('ZADD', due, now + tonumber(ARGV[3]), one)
    table.insert(found, one)
    table.insert(found, record)
  else
    redis.call('HDEL', owners, one)
    redis.call('ZREM', due, one)
  end
end
return found
`);

/** Background scans of all pods that use the same Redis. */
export class RedisLedger implements ScanLedger {
  readonly #options: RedisLedgerOptions;
  /** Of this process, as no other is called. */
  readonly #token = randomBytes(15).toString("base64url");
  readonly #place: string;

  constructor(options: RedisLedgerOptions) {
    this.#options = options;
    // In braces what Redis Cluster places keys by.
    this.#place = `${options.connection.prefix}{background}:`;
  }

  async enter(key: string, record: ScanRecord, recipient: Recipient | undefined): Promise<Holding> {
    const value = this.#sealed(key, encodeRecord(record));
    if (value === undefined) return Holding.Unknown;
    const noted = recipient === undefined ? "" : this.#sealedRecipient(key, recipient);
    const reply = await this.#run(enterScript, key, this.#options.leaseMs, value, noted, "0");
    const [entered, known] = Array.isArray(reply) ? reply : [undefined];
    if (entered !== 0 || this.#isUnderWay(key, known as Buffer, record)) return holdingOf(entered);
    // Else whoever can write to Redis could keep a content from being scanned at all.
    const forced = await this.#run(enterScript, key, this.#options.leaseMs, value, "", "1");
    return holdingOf(Array.isArray(forced) ? forced[0] : undefined);
  }

  async note(key: string, recipient: Recipient): Promise<void> {
    await this.#run(noteScript, key, this.#sealedRecipient(key, recipient));
  }

  async renew(key: string, record: ScanRecord): Promise<Holding> {
    const value = this.#sealed(key, encodeRecord(record));
    if (value === undefined) return Holding.Unknown;
    return holdingOf(await this.#run(renewScript, key, this.#options.leaseMs, value));
  }

  async offer(key: string, afterMs: number): Promise<boolean> {
    const channel = this.#options.connection.prefix + CHANNEL;
    return (await this.#run(offerScript, key, afterMs, channel)) === 1;
  }

  async end(key: string, isLost: boolean) {
    const reply = await this.#run(endScript, key, isLost ? "0" : "1");
    const [ended, ...noted] = Array.isArray(reply) ? reply : [undefined];
    const recipients = noted.map((one) => this.#openedRecipient(key, one as Buffer));
    return { holding: holdingOf(ended), recipients: recipients.filter((one) => one !== undefined) };
  }

  async take(atMost: number): Promise<readonly TakenScan[]> {
    const reply = await this.#run(takeScript, "", this.#options.leaseMs, atMost);
    if (!Array.isArray(reply)) return [];
    const taken: TakenScan[] = [];
    for (let at = 0; at < reply.length; at += 2) {
      const key = String(reply[at]);
      const bytes = this.#opened(key, reply[at + 1] as Buffer);
      const record = bytes && decodeRecord(bytes);
      if (record !== undefined) taken.push({ key, record });
      // Nobody who has the key wrote it, or another version did; it holds up nobody.
      else void this.end(key, true);
    }
    return taken;
  }

  onOffer(listener: () => void): void {
    const { connection } = this.#options;
    connection.listen(CHANNEL, listener);
    connection.onReady(listener);
  }

  async #run(
    what: Parameters<typeof runScript>[1],
    key: string,
    ...args: readonly (string | number | Buffer)[]
  ): Promise<unknown> {
    const keys = ["due", "owners", "records", `to:${key}`].map((name) => this.#place + name);
    const reply = await this.#options.connection.run(
      (client) => runScript(client, what, keys, [key, this.#token, ...args]),
      { timeoutMs: TIMEOUT_MS },
    );
    return reply.kind === "value" ? reply.value : undefined;
  }

  /** Whether pods wrote this, of a scan whose time was not up when the other one began. */
  #isUnderWay(key: string, sealed: Buffer, { startedAt }: ScanRecord): boolean {
    const bytes = this.#opened(key, sealed);
    const known = bytes && decodeRecord(bytes);
    return known !== undefined && known.expiresAt > startedAt;
  }

  #sealed(key: string, bytes: Buffer | undefined): Buffer | undefined {
    return bytes && this.#options.seal.seal(this.#place + key, bytes);
  }

  #sealedRecipient(key: string, recipient: Recipient): Buffer {
    const bytes = Buffer.from(JSON.stringify(recipient));
    return this.#options.seal.seal(`${this.#place}to:${key}`, bytes);
  }

  #opened(key: string, sealed: Buffer): Buffer | undefined {
    const bytes = this.#options.seal.open(this.#place + key, sealed);
    if (bytes === undefined) this.#options.onUnverified();
    return bytes;
  }

  #openedRecipient(key: string, sealed: Buffer): Recipient | undefined {
    const bytes = this.#options.seal.open(`${this.#place}to:${key}`, sealed);
    if (bytes === undefined) {
      this.#options.onUnverified();
      return undefined;
    }
    try {
      return recipientSchema.safeParse(JSON.parse(bytes.toString())).data;
    } catch {
      return undefined;
    }
  }
}

function holdingOf(reply: unknown): Holding {
  if (reply === 1) return Holding.Ours;
  return reply === 0 ? Holding.Theirs : Holding.Unknown;
}
