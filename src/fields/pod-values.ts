/** Values of pod specs in one spelling each, so that a rule need not know the others. */

/** An absolute path without `//`, `.`, `..` and a slash at its end: `/var/../etc//` is `/etc`. */
export function plainPath(path: string): string {
  const way: string[] = [];
  for (const step of path.split('/')) {
    if (step === '..') way.pop();
    else if (step !== '' && step !== '.') way.push(step);
  }
  return `/${way.join('/')}`;
}

/** A Linux capability as Kubernetes documents it: `cap_sys_admin` is `SYS_ADMIN`. Runtimes accept both. */
export function capabilityName(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}

/** An image reference without tag and digest; the port of a registry is not a tag: `reg:5000/a/b:1@sha256:…` is
 * `reg:5000/a/b`. */
export function imageRepository(reference: string): string {
  const [name] = reference.split('@', 1);
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
}
