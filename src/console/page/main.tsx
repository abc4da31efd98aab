/** Entry point of the console's page. */
import { render } from 'preact';
import { App } from './app.tsx';
import { listenForKeys } from './keys.tsx';
import { openStream } from './live.ts';

render(<App />, document.getElementById('page')!);
listenForKeys();
openStream();
