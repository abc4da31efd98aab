/** The corpora by name. */
import { attack } from './attack.ts';
import type { Corpus } from './event.ts';
import { hostile } from './hostile.ts';
import { large } from './large.ts';
import { ordinaryEvents } from './ordinary.ts';
import { small } from './small.ts';
import { unkind } from './unkind.ts';
import { aks, eks, gke, kubernetes, type Wrapper } from './wrappers.ts';

const wrapped =
  (wrapper: Wrapper): Corpus =>
  (count, seed, first = 0) =>
    ordinaryEvents(count, seed, first).map((event, offset) => JSON.stringify(wrapper(event, first + offset)));

export const corpora = {
  ordinary: wrapped(kubernetes),
  eks: wrapped(eks),
  aks: wrapped(aks),
  gke: wrapped(gke),
  unkind,
  attack,
  large,
  small,
  hostile,
} satisfies Record<string, Corpus>;

export type CorpusName = keyof typeof corpora;
export type { Corpus };
