/** The one script that the server runs: writes the changes of a slice if everything that it has read is unchanged, else
 * answers with the current values. A slice thus takes one round trip, and a further one each time that it has to run
 * again. */
import { createHash } from 'node:crypto';
import { FOREIGN, type KeyNames, VERSION_LENGTH } from './stored.ts';

/** Bytes of values that one answer holds; beyond that, only versions. Half of what the store in memory holds by
 * default: a slice that reads more would be an attack on the memory of this process. */
const MAX_ANSWER = 32 * 1024 * 1024;

/** KEYS: secret, those of values. ARGV: secret, most bytes; for each value the version that it was read with, what to do
 * (`r`ead, `k`eep, `s`et, `d`elete), its TTL in milliseconds and its text.
 *
 * If the secret is gone, as after FLUSHALL, that of the first process to come counts. A key of another type than string
 * counts as absent, and is overwritten. */
const LUA = `
local secret = redis.call('GET', KEYS[1])
if secret and secret ~= ARGV[1] then return {'secret'} end
local answer = {'conflict'}
local bytes = 0
for i = 2, #KEYS do
  local expected = ARGV[i * 4 - 5]
  local found = redis.pcall('GETRANGE', KEYS[i], 0, ${VERSION_LENGTH - 1})
  if type(found) ~= 'string' then found = '' end
  local same = found == expected
  if expected == '${FOREIGN}' then same = #found < ${VERSION_LENGTH} or string.find(found, '[^%w_-]') ~= nil end
  if not same then
    local value = false
    if found ~= '' then
      bytes = bytes + redis.call('STRLEN', KEYS[i])
      value = bytes > tonumber(ARGV[2]) and found or redis.call('GET', KEYS[i])
    end
    answer[#answer + 1] = i - 2
    answer[#answer + 1] = value
  end
end
if #answer > 1 then return answer end
if not secret then redis.call('SET', KEYS[1], ARGV[1]) end
for i = 2, #KEYS do
  local what = ARGV[i * 4 - 4]
  if what == 's' then redis.call('SET', KEYS[i], ARGV[i * 4 - 2], 'PX', ARGV[i * 4 - 3])
  elseif what == 'k' then redis.call('PEXPIRE', KEYS[i], ARGV[i * 4 - 3])
  elseif what == 'd' then redis.call('DEL', KEYS[i]) end
end
return {'written'}
`;

const SHA = createHash('sha1').update(LUA).digest('hex');

/** What becomes of a value. `keep`: it stays as it is, and its TTL restarts. */
export type Act = 'read' | 'keep' | 'set' | 'delete';

/** A value that a slice has read or changed. */
export interface Item {
  /** Of its key. */
  name: string;
  /** The version that it was read with. */
  expected: string;
  act: Act;
  /** Milliseconds. */
  ttl: number;
  /** Of `set`. */
  text: string;
}

export type Answer =
  | { kind: 'written' }
  /** `found` has, by the index of the item, the current value in place of what was read; undefined if there is none. */
  | { kind: 'conflict'; found: [index: number, text: string | undefined][] }
  /** The keys of the store have another secret by now. */
  | { kind: 'secret' };

/** Sends a command to the server.
 * @throws Error with the server's answer, or why there was none */
export type Send = (command: readonly string[]) => Promise<unknown>;

/** Writes the changes if everything is as it was read.
 * @param secret as `secretText` gives it
 * @throws whatever `send` throws */
export async function exchange(
  send: Send,
  names: Pick<KeyNames, 'secret'>,
  { secret, items }: { secret: string; items: readonly Item[] },
): Promise<Answer> {
  const command = [
    ...['EVALSHA', SHA, String(items.length + 1), names.secret],
    ...items.map(({ name }) => name),
    ...[secret, String(MAX_ANSWER)],
    ...items.flatMap(({ expected, act, ttl, text }) => [expected, act[0]!, String(ttl), text]),
  ];
  const reply = await send(command).catch((error: Error) => {
    // The server was restarted, or was a replica before.
    if (!error.message.startsWith('NOSCRIPT')) throw error;
    return send(['EVAL', LUA, ...command.slice(2)]);
  });
  const answer = answerIn(reply, items.length);
  if (answer === undefined) throw new Error('the server does not answer as a script of Tripline does');
  return answer;
}

function answerIn(reply: unknown, count: number): Answer | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [kind, ...rest] = reply;
  if (kind === 'secret') return { kind };
  if (kind === 'written') return { kind };
  if (kind !== 'conflict' || rest.length === 0 || rest.length % 2 !== 0) return undefined;
  const found: [number, string | undefined][] = [];
  for (let i = 0; i < rest.length; i += 2) {
    const [index, text] = [Number(rest[i]), rest[i + 1]];
    if (!(index >= 0 && index < count)) return undefined;
    found.push([index, typeof text === 'string' ? text : undefined]);
  }
  return { kind, found };
}
