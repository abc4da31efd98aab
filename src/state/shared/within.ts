/** What a server has not done in time counts as not done. */

class Timeout extends Error {
  readonly code = 'timeout';
}

/** @param timeout milliseconds
 * @throws Error if it takes longer */
export async function within<T>(promise: Promise<T>, timeout: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Timeout(`no answer within ${timeout} ms`)), timeout);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
