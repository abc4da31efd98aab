/** What is written to the log: nothing that moves the cursor, reverses text, or passes for a line of its own. */
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { describeDefect } from '../../src/command-line/cli-errors.ts';
import { logLine, logOptions } from '../../src/command-line/log-lines.ts';

const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
/** C0, DEL, C1, zero width, bidi, line and paragraph separators, BOM, half a surrogate pair. */
const hostile = [
  ...Array.from({ length: 0x20 }, (_, code) => code).filter((code) => code !== 9 && code !== 10),
  ...[0x7f, 0x80, 0x85, 0x9b, 0x9f, 0xad, 0x61c, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029],
  ...[0x202a, 0x202b, 0x202d, 0x202e, 0x2066, 0x2069, 0xfeff, 0xd800, 0xdfff, 0xe0041],
].map((code) => String.fromCodePoint(code));

function logged(log: (logger: pino.Logger) => void): string {
  let line = '';
  log(pino(logOptions('info'), { write: (text: string) => void (line += text) }));
  return line;
}

/** All texts in a value, including the names of members. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return [...Object.keys(value), ...Object.values(value).flatMap(textsOf)];
}

test.each([
  ['a message', (logger: pino.Logger, text: string) => logger.info(text)],
  ['a member', (logger: pino.Logger, text: string) => logger.info({ from: text }, 'm')],
  ['the name of a member', (logger: pino.Logger, text: string) => logger.info({ [text]: 1 }, 'm')],
  ['a list in a member', (logger: pino.Logger, text: string) => logger.info({ rules: [{ name: text }] }, 'm')],
  ['an error', (logger: pino.Logger, text: string) => logger.error({ err: new Error(text) }, 'm')],
  ['what a child is bound to', (logger: pino.Logger, text: string) => logger.child({ reqId: text }).warn('m')],
])('%s has no character that cannot be seen, in either form', (_, log) => {
  for (const character of hostile) {
    const json = logged((logger) => log(logger, `a${character}b`));
    expect(json.endsWith('}\n') && !hidden.test(json.slice(0, -1)), JSON.stringify(character)).toBe(true);
    // A tool that parses the JSON prints none either; a stack has line feeds.
    for (const text of textsOf(JSON.parse(json))) expect(text.replaceAll('\n', '')).not.toMatch(hidden);
    expect(logLine(json, { hasColors: false }).replaceAll('\n', '')).not.toMatch(hidden);
  }
});

test('the description of a defect that ends the process has none either', () => {
  for (const character of hostile) {
    const text = describeDefect(new Error(`Unexpected token '${character}'`));
    expect(text.replaceAll('\n', '')).not.toMatch(hidden);
    expect(text).toContain('    at ');
  }
});

test('visible characters are unchanged', () => {
  const text = 'ünïcode 日本 😀 C:\\u001b\\path "quoted"\n\tsecond';
  expect(JSON.parse(logged((logger) => logger.info({ text }, text)))).toMatchObject({ text, msg: text });
});

test('no text passes for a line, nor for a member, of its own', () => {
  const forged = 'x\n20:00:00 info  Stopped';
  const json = logged((logger) => logger.warn({ from: 'x status=200', url: forged }, forged));
  const lines = logLine(json, { hasColors: false }).trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/^ {2}20:00:00 info {2}Stopped from="x status=200" url="x\\n20:00:00 info {2}Stopped"$/);
});
