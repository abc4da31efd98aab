/** Where the page of the console lies, built: beside the modules as they are published, in dist/ of the sources. */
import { fileURLToPath } from 'node:url';

const isSource = import.meta.url.endsWith('.ts');

export const pageFolder = fileURLToPath(new URL(isSource ? '../../dist/console' : '../console', import.meta.url));
