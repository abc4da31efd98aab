/** The detections that the bundled rules say they cover exist. */
import { expect, it } from 'vitest';
import { bundledRules, packs } from '../scripts/rule-pages.ts';

it.each(Object.entries(packs))('%s has the detections that rules say they cover', (name, { detections, leftOut }) => {
  const strangers = bundledRules().flatMap(({ document }) =>
    ((document.covers as Record<string, readonly string[]>)[name] ?? [])
      .filter((detection) => !detections.includes(detection))
      .map((detection) => `${document.name}: ${detection}`),
  );
  expect(strangers).toEqual([]);
  expect(new Set(detections).size).toBe(detections.length);
  expect(detections.filter((detection) => Object.hasOwn(leftOut, detection))).toEqual([]);
});
