/** What cannot be used as its file has it: it is left out, or stays as it was. The rest is live regardless. */
import { dirname } from 'node:path';
import type { RuleProblem } from '../sigma/index.ts';

/** The principle, in the words of the log, of `lint --help` and of docs/operation.md. */
export const whatBecomesOfBroken =
  'What cannot be used is left out, and all the rest is live: at the start, and when files change while Tripline runs. ' +
  'What was live before and is broken by a change stays live in its last good version, until its file is fixed or removed.';

/** A rule, correlation, exception or list, by what identifies it from one version of its file to the next. */
export interface Named {
  path: string;
  name: string;
}

/** One of them with something wrong with it; or an override. */
export interface Broken extends Named {
  /** In order of place; at least one. */
  problems: readonly RuleProblem[];
  /** `left out`: it is not live; `as before`: it is live in its last good version; `live`: it is live as written, except
   * for what is wrong with it, such as a name in it that does not exist. */
  now: 'left out' | 'as before' | 'live';
}

export function keyOf({ path, name }: Named): string {
  return `${path}\0${name}`;
}

/** What stays as it was, of what could be used before: anything that its file no longer has, or no longer in a usable
 * form, while something in the file cannot be used. It is not always possible to see which document that was.
 * @param usable what can be used now
 * @param unusable why other documents and files cannot be used */
export function lastGood<T extends Named>(
  before: readonly T[],
  usable: readonly Named[],
  unusable: readonly RuleProblem[],
): T[] {
  const now = new Set(usable.map(keyOf));
  const faulty = new Set(unusable.map(({ path }) => path));
  return before.filter((one) => !now.has(keyOf(one)) && placeIn(faulty, one.path) !== undefined);
}

/** The documents, with what is kept in its old place: each after the one that it followed, as findings appear in this
 * order. */
export function withKept<T extends Named>(
  documents: readonly T[],
  kept: ReadonlySet<Named>,
  before: readonly T[],
): T[] {
  const keptKeys = new Set(before.filter((one) => kept.has(one)).map(keyOf));
  const others = documents.filter((one) => !keptKeys.has(keyOf(one)));
  const otherKeys = new Set(others.map(keyOf));
  const followers = new Map<string | undefined, T[]>();
  let last: string | undefined;
  for (const one of before) {
    const key = keyOf(one);
    if (keptKeys.has(key)) followers.set(last, [...(followers.get(last) ?? []), one]);
    else if (otherKeys.has(key)) last = key;
  }
  return [...(followers.get(undefined) ?? []), ...others.flatMap((one) => [one, ...(followers.get(keyOf(one)) ?? [])])];
}

/** What is broken. A document that is broken under a name other than the one it had is the one that is kept.
 * @param kept what is live in its last good version
 * @param live what is live at all */
export function brokenIn(problems: readonly RuleProblem[], kept: readonly Named[], live: readonly Named[]): Broken[] {
  const groups = Map.groupBy(problems, ({ path, name }) => keyOf({ path, name: name ?? stemOf(path) }));
  const places = new Set(problems.map(({ path }) => path));
  const asBefore = new Map<string, Broken>();
  const explained = new Set<string>();
  for (const { path, name } of kept) {
    const key = keyOf({ path, name });
    const place = placeIn(places, path) ?? path;
    const own = groups.get(key) ?? problems.filter((problem) => problem.path === place);
    for (const { path, name = stemOf(path) } of own) explained.add(keyOf({ path, name }));
    asBefore.set(key, { path, name, problems: own, now: 'as before' });
  }
  const liveKeys = new Set(live.map(keyOf));
  const others = [...groups].flatMap(([key, own]): Broken[] => {
    if (explained.has(key)) return [];
    const { path, name = stemOf(path) } = own[0]!;
    return [{ path, name, problems: own, now: liveKeys.has(key) ? 'live' : 'left out' }];
  });
  return [...asBefore.values(), ...others];
}

/** The path, or the folder above it, that is in `named`. */
function placeIn(named: ReadonlySet<string>, path: string): string | undefined {
  for (let place = path; ; place = dirname(place)) {
    if (named.has(place)) return place;
    if (dirname(place) === place) return undefined;
  }
}

/** The name of a document that does not say its own. */
export function stemOf(path: string): string {
  return path.replace(/^.*[\\/]/, '').replace(/\.ya?ml$/i, '');
}
