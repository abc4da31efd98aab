/** Asks for a credential if the API requires one. */
import { useRef } from 'preact/hooks';
import { isSignedIn, signIn } from '../client.ts';
import { Heading, Note, Panel } from '../parts.tsx';

export function SignIn() {
  const form = useRef<HTMLFormElement>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    const read = (name: string) => String(new FormData(form.current!).get(name) ?? '');
    const [user, secret] = [read('user'), read('secret')];
    signIn(user === '' ? { token: secret } : { user, password: secret });
  };
  return (
    <div class="page narrow">
      <Heading>Sign in</Heading>
      {isSignedIn.value ? (
        <Note kind="bad" icon="warn">
          <p>
            <strong>This credential opens nothing here.</strong>
          </p>
          <p>
            See <code>auth</code> in its settings: the credential's endpoints have to name <code>console</code>.
          </p>
        </Note>
      ) : null}
      <Panel title="Credential" sub="as the settings of the sidecar name it">
        <form class="body stack" ref={form} onSubmit={submit}>
          <label class="labelled">
            <span>User; empty for a token</span>
            <span class="field">
              <input name="user" autocomplete="username" spellcheck={false} />
            </span>
          </label>
          <label class="labelled">
            <span>Password or token</span>
            <span class="field">
              <input name="secret" type="password" autocomplete="current-password" required />
            </span>
          </label>
          <div>
            <button type="submit" class="btn pri">
              Sign in
            </button>
          </div>
          <p class="dim">Kept in this tab alone, until it is closed. It is sent to this sidecar and nowhere else.</p>
        </form>
      </Panel>
    </div>
  );
}
