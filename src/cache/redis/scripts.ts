import { hash } from "node:crypto";
import type { RedisClient } from "./redis-client.ts";

/** A Lua script that Redis runs as a whole. */
export interface Script {
  readonly text: string;
  readonly sha1: string;
}

export function script(text: string): Script {
  return { text, sha1: hash("sha1", text, "hex") };
}

/**
 * Gives the value, or the lock to whoever asks, or neither: `{value}`, `{false, 1}`, `{false, 0}`.
 * KEYS: value, lock. ARGV: token, lifetime of the lock in ms, largest value, and "1" to take the
 * lock although there is a value.
 *
 * What lies under our keys and is not ours is removed. A lock that is waited for gets a mark, so that
 * its end is told only when somebody listens. Where Redis takes no writes everybody gets the lock
 * without there being one (`{false, 2}`): then each pod scans for itself. A replica that was a master
 * says so by an error, at which the client looks for the new one.
 */
export const claimScript: Script = script(`
if ARGV[4] ~= '1' then
  local size = redis.pcall('STRLEN', KEYS[1])
  if type(size) == 'number' and size <= tonumber(ARGV[3]) then
    if size > 0 then
      return {redis.call('GET', KEYS[1])}
    end
  else
    redis.pcall('DEL', KEYS[1])
  end
end
local held = redis.pcall('GET', KEYS[2])
if type(held) == 'table' then
  redis.pcall('DEL', KEYS[2])
  held = false
end
if held then
  if string.sub(held, -1) ~= '+' then
    redis.pcall('SET', KEYS[2], held .. '+', 'KEEPTTL')
  end
  return {false, 0}
end
local taken = redis.pcall('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
if taken.ok then
  return {false, 1}
end
if string.sub(taken.err, 1, 8) == 'READONLY' then
  return taken
end
return {false, 2}
`);

/** KEYS: lock. ARGV: token, lifetime in ms. 1 when the lock is still that of the token. */
export const renewScript: Script = script(`
local held = redis.pcall('GET', KEYS[1])
if type(held) == 'string' and string.sub(held, 1, #ARGV[1]) == ARGV[1] then
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
`);

/**
 * Stores the value, if there is one, and releases the lock. Who has lost the lock stores nothing where
 * there is a value already: a newer scan may have said it. 1 when stored.
 * KEYS: value, lock. ARGV: token, value or "", its lifetime in ms, channel, what to tell there.
 */
export const endScript: Script = script(`
local held = redis.pcall('GET', KEYS[2])
local mine = type(held) == 'string' and string.sub(held, 1, #ARGV[1]) == ARGV[1]
local stored = false
if ARGV[2] ~= '' then
  if mine then
    stored = redis.pcall('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  else
    stored = redis.pcall('SET', KEYS[1], ARGV[2], 'PX', ARGV[3], 'NX')
  end
end
if mine then
  redis.call('DEL', KEYS[2])
  if #held > #ARGV[1] then
    redis.call('PUBLISH', ARGV[4], ARGV[5])
  end
end
if stored and stored.err and string.sub(stored.err, 1, 8) == 'READONLY' then
  return stored
end
return (stored and stored.ok) and 1 or 0
`);

/** Methods that ioredis has for every command and declares for some. */
interface ScriptCommands {
  evalshaBuffer(sha1: string, count: number, ...keysAndArgs: ScriptArguments): Promise<unknown>;
  evalBuffer(text: string, count: number, ...keysAndArgs: ScriptArguments): Promise<unknown>;
}
type ScriptArguments = readonly (string | number | Buffer)[];

/** Runs a script by its hash, and by its text where Redis does not know it (any more). */
export async function runScript(
  client: RedisClient,
  { text, sha1 }: Script,
  keys: readonly string[],
  args: ScriptArguments,
): Promise<unknown> {
  const scripting = client as unknown as ScriptCommands;
  try {
    return await scripting.evalshaBuffer(sha1, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error as Error).message.startsWith("NOSCRIPT")) throw error;
    return await scripting.evalBuffer(text, keys.length, ...keys, ...args);
  }
}
