/** The identity of the tracer and the meter. */
import { readFileSync } from 'node:fs';

/** The name of Tripline's tracer and meter, and of the service if the environment has no other. */
export const SCOPE = 'tripline';

/** The version of the package, the tracer, the meter and the service. */
export const VERSION: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
