/** Loads data for a page, with its progress. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiProblem, signIns } from './client.ts';
import { refreshes } from './state.ts';

export interface Loaded<Data> {
  /** Undefined until it is loaded; the previous data while it is reloaded. */
  data: Data | undefined;
  problem: ApiProblem | undefined;
  isLoading: boolean;
}

/** @param key identifies what is loaded: a change reloads it, and undefined loads nothing
 * @param delay milliseconds to wait first, so that not every one of many keys is loaded */
export function useLoaded<Data>(
  key: string | undefined,
  load: (signal: AbortSignal) => Promise<Data>,
  delay = 0,
): Loaded<Data> {
  const [loaded, setLoaded] = useState<Loaded<Data>>({ data: undefined, problem: undefined, isLoading: true });
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (key === undefined) return;
    const stop = new AbortController();
    setLoaded((before) => ({ ...before, isLoading: true }));
    const timer = setTimeout(async () => {
      try {
        const data = await latest.current(stop.signal);
        if (!stop.signal.aborted) setLoaded({ data, problem: undefined, isLoading: false });
      } catch (error) {
        if (stop.signal.aborted) return;
        setLoaded(({ data }) => ({ data, problem: problemOf(error), isLoading: false }));
      }
    }, delay);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [key, delay, refreshes.value, signIns.value]);
  return loaded;
}

export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem(undefined, 'page', error instanceof Error ? error.message : String(error), 'Reload the page.');
}
