/** The lines of the log: which characters they may contain, and how they look to a person instead of JSON objects. */
import { type LoggerOptions, stdTimeFunctions } from 'pino';
import { printable } from '../sigma/rule-problem.ts';
import type { Output } from './process-io.ts';
import { styled, styleOf } from './text.ts';

/** Options of the log, whatever it is written to. */
export function logOptions(level: string): LoggerOptions {
  return {
    level,
    // Words and dates, for those who read a log without a tool.
    formatters: { level: (label) => ({ level: label }) },
    timestamp: stdTimeFunctions.isoTime,
    hooks: { streamWrite: visible },
  };
}

/** An escape, or a character that does not occur in printed text. */
const ESCAPE_OR_CONTROL = /\\(?:u([0-9a-f]{4})|.)|(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/giu;

/** A line of the log in which each control or direction character is replaced by a visible one, whether it appears raw or as
 * an escape, which a tool would turn back into the character. Everything that is logged passes through here: tags, names, URLs,
 * header values and messages of libraries come from whoever sends. Line feeds stay escaped, as in a stack. */
export function visible(line: string): string {
  return line.replace(ESCAPE_OR_CONTROL, (found, code: string | undefined) => {
    if (/^\\[bfr]/.test(found)) return REPLACEMENT;
    if (code === undefined) return found.startsWith('\\') ? found : REPLACEMENT;
    const character = String.fromCharCode(Number.parseInt(code, 16));
    return printable(character) === character ? found : REPLACEMENT;
  });
}

const REPLACEMENT = '\ufffd';

/** Members that every line has, or that the text shows in another form. */
const left = ['level', 'time', 'msg', 'pid', 'hostname', 'err'];

/** One line of JSON as text: time, level, message, then the other members as `name=value`. Continuation lines are indented,
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
  const details = stack ?? message;
  return `${line.join(' ')}\n${details === undefined ? '' : `  ${indented(details)}\n`}`;
}

const isWord = (value: unknown) => typeof value === 'string' && /^[^\s"=]+$/.test(value);
const indented = (text: string) => text.replaceAll('\n', '\n  ');
