/** The lines of the log: what may stand in them, and how they look to a person in the place of JSON objects. */
import { type LoggerOptions, stdTimeFunctions } from 'pino';
import { printable } from '../sigma/rule-problem.ts';
import type { Output } from './process-io.ts';
import { styled, styleOf } from './text.ts';

/** How the log is made, whatever it is written to. */
export function logOptions(level: string): LoggerOptions {
  return {
    level,
    // Words and dates, for those who read a log without a tool at hand.
    formatters: { level: (label) => ({ level: label }) },
    timestamp: stdTimeFunctions.isoTime,
    hooks: { streamWrite: visible },
  };
}

/** An escape, or a character that no printed text holds. */
const ESCAPE_OR_CONTROL = /\\(?:u([0-9a-f]{4})|.)|(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/giu;

/** A line of the log in which each control or direction character gives way to one that can be seen, whether it stands as
 * it is or as an escape, of which a tool makes the character again. All that is logged passes here: tags, names, URLs,
 * header values and messages of libraries come from whoever sends. Line feeds stay escaped, as a stack has them. */
export function visible(line: string): string {
  return line.replace(ESCAPE_OR_CONTROL, (found, code: string | undefined) => {
    if (/^\\[bfr]/.test(found)) return REPLACEMENT;
    if (code === undefined) return found.startsWith('\\') ? found : REPLACEMENT;
    const character = String.fromCharCode(Number.parseInt(code, 16));
    return printable(character) === character ? found : REPLACEMENT;
  });
}

const REPLACEMENT = '\ufffd';

/** What each line has, or what the text says otherwise. */
const left = ['level', 'time', 'msg', 'pid', 'hostname', 'err'];

/** One line of JSON as text: time, level, message, then the other members as `name=value`. What goes on below is indented,
 * and a value with spaces is quoted, so that no text can pass for a line or a member of its own. */
export function logLine(json: string, screen: Pick<Output, 'hasColors'>): string {
  const entry = JSON.parse(json) as Record<string, unknown>;
  const { level, time, msg, err } = entry;
  const members = Object.entries(entry).filter(([name]) => !left.includes(name));
  const more = members.map(([name, value]) => `${name}=${isWord(value) ? value : JSON.stringify(value)}`);
  const head = `${String(time).slice(11, 19)} ${String(level).padEnd(5)}`;
  const style = styleOf(String(level));
  const line = [style === undefined ? head : styled(style, head, screen), indented(String(msg))];
  if (more.length > 0) line.push(styled('dim', more.join(' '), screen));
  const { stack, message } = (err ?? {}) as { stack?: string; message?: string };
  const trouble = stack ?? message;
  return `${line.join(' ')}\n${trouble === undefined ? '' : `  ${indented(trouble)}\n`}`;
}

const isWord = (value: unknown) => typeof value === 'string' && /^[^\s"=]+$/.test(value);
const indented = (text: string) => text.replaceAll('\n', '\n  ');
