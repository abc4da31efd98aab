/** The log as lines for a person, in the place of its JSON objects. */
import type { Output } from './process-io.ts';
import { styled, styleOf } from './text.ts';

/** What each line has, or what the text says otherwise. */
const left = ['level', 'time', 'msg', 'pid', 'hostname', 'err'];

/** One line of JSON as text: time, level, message, then the other members as `name=value`. */
export function logLine(json: string, screen: Pick<Output, 'hasColors'>): string {
  const entry = JSON.parse(json) as Record<string, unknown>;
  const { level, time, msg, err } = entry;
  const members = Object.entries(entry).filter(([name]) => !left.includes(name));
  const more = members.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const head = `${String(time).slice(11, 19)} ${String(level).padEnd(5)}`;
  const style = styleOf(String(level));
  const line = [style === undefined ? head : styled(style, head, screen), msg];
  if (more.length > 0) line.push(styled('dim', more.join(' '), screen));
  const { stack, message } = (err ?? {}) as { stack?: string; message?: string };
  const trouble = stack ?? message;
  return `${line.join(' ')}\n${trouble === undefined ? '' : `${trouble.replace(/^/gm, '  ')}\n`}`;
}
