/** Who made a request. */
import { type JsonMap, textAt } from '../../json/map.ts';
import type { AuthenticationMetadata, User } from '../../record.ts';
import { mapIn, marked, structured, textsOf } from './members.ts';

export function userOf(map: JsonMap | undefined, maxDepth: number): User | undefined {
  if (map === undefined) return undefined;
  const uid = textAt(map, 'uid');
  const extra = mapIn(map, 'extra', maxDepth);
  const user: User = {
    username: textAt(map, 'username') ?? '',
    ...(uid !== undefined && { uid }),
    groups: textsOf(structured(map, 'groups', maxDepth)) ?? (Object.hasOwn(map, 'groups') ? null : []),
    ...(extra !== undefined && { extra: extraOf(extra) }),
  };
  // A user without any member is nobody. One with other members was authenticated, and has a name.
  const isNamed = textAt(map, 'username') !== undefined || Object.keys(map).length === 0;
  return marked(user, map, isNamed ? undefined : 'missing');
}

export function authenticationOf(map: JsonMap | undefined): AuthenticationMetadata | undefined {
  if (map === undefined) return undefined;
  const impersonationConstraint = textAt(map, 'impersonationConstraint');
  return marked({ ...(impersonationConstraint !== undefined && { impersonationConstraint }) }, map);
}

function extraOf(map: JsonMap): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(map).flatMap(([key, value]) => {
      const texts = typeof value === 'string' ? [value] : textsOf(value);
      return texts === undefined ? [] : [[key, texts]];
    }),
  );
}
