/** The frame, with the page of the current address. */
import { useEffect } from 'preact/hooks';
import type { Now as NowAnswer, Session } from '../api.ts';
import { askJson, isSignInNeeded } from './client.ts';
import { Rail, Top } from './frame.tsx';
import { KeysDialog } from './keys.tsx';
import { connection } from './live.ts';
import { useLoaded } from './loaded.ts';
import { Finding } from './pages/finding.tsx';
import { Findings } from './pages/findings.tsx';
import { Now } from './pages/now.tsx';
import { Rule } from './pages/rule.tsx';
import { Rules } from './pages/rules.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { Tune } from './pages/tune.tsx';
import { WhyNot } from './pages/why-not.tsx';
import { Heading } from './parts.tsx';
import { address, now, nowProblem, pageNames, said, session } from './state.ts';
import { plainText } from './untrusted.ts';

export function App() {
  const { page, id } = address.value;
  const { data } = useLoaded('session', (signal) => askJson<Session>('session', { signal }));
  useEffect(() => {
    session.value = data;
  }, [data]);
  const first = useLoaded('now', (signal) => askJson<NowAnswer>('now', { signal }));
  useEffect(() => {
    if (first.data !== undefined) now.value = first.data;
    nowProblem.value = first.problem;
  }, [first.data, first.problem]);
  useEffect(() => {
    document.title = `${id === undefined ? pageNames[page] : plainText(id, 40)} · Tripline`;
  }, [page, id]);
  useFocusOnNewPage(`${page} ${id ?? ''}`);
  const skip = (event: MouseEvent) => {
    event.preventDefault();
    document.getElementById('main')!.focus();
  };
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: it goes to a place in the page, which the address does not say */}
      <a class="skip" href="#main" onClick={skip}>
        Skip to the page
      </a>
      <div class="app">
        <Rail />
        <Top />
        <main id="main" tabIndex={-1}>
          {isSignInNeeded.value ? <SignIn /> : <Page key={id ?? page} />}
        </main>
      </div>
      <div class="sr" role="status">
        {said.value}
      </div>
      <div class="sr" role="alert">
        {connection.value.state === 'lost' ? 'The connection to the sidecar is lost' : ''}
      </div>
      <KeysDialog />
    </>
  );
}

function Page() {
  const { page, id = '' } = address.value;
  switch (page) {
    case 'now':
      return <Now />;
    case 'findings':
      return <Findings />;
    case 'finding':
      return <Finding id={id} />;
    case 'why-not':
      return <WhyNot />;
    case 'rules':
      return <Rules />;
    case 'rule':
      return <Rule name={id} />;
    case 'tune':
      return <Tune />;
    case 'unknown':
      return (
        <div class="page">
          <Heading>There is no such page</Heading>
        </div>
      );
  }
}

/** The heading of a new page gets the focus, so that a screen reader announces it. */
function useFocusOnNewPage(key: string): void {
  useEffect(() => {
    const main = document.getElementById('main')!;
    main.scrollTop = 0;
    (main.querySelector('h1') ?? main).focus({ preventScroll: true });
  }, [key]);
}
