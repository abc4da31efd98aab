/** The annotations of an event, in the spelling of kube-apiserver. */
import { isMap, type JsonMap } from '../../json/map.ts';
import { textOf } from '../../json/typed.ts';
import { marked } from './members.ts';

/** Levels of maps that a pipeline has made of the dots in one annotation key. */
const MAX_UNDOTTED = 8;
/** A domain, a slash and a name, within Kubernetes' own bounds, are 317 characters; a prefix of several keys is repeated for
 * each of them, and so must be short. */
const MAX_ANNOTATION_PREFIX = 317;

export function annotationsOf(map: JsonMap | undefined): Record<string, string> | undefined {
  return map && marked(Object.fromEntries(annotationEntries(map, '', MAX_UNDOTTED)), map);
}

function annotationEntries(map: JsonMap, prefix: string, levels: number): [string, string][] {
  return Object.entries(map).flatMap(([key, value]): [string, string][] => {
    const path = prefix + key;
    if (isMap(value)) {
      const isKey = levels > 1 && path.length < MAX_ANNOTATION_PREFIX;
      return isKey ? annotationEntries(value, `${path}.`, levels - 1) : [];
    }
    const text = textOf(value);
    // Before the slash is a domain, which cannot contain `_`: it was a dot before Elastic stored it.
    return text === undefined ? [] : [[path.replace(/^[^/]*(?=\/)/, (domain) => domain.replaceAll('_', '.')), text]];
  });
}
