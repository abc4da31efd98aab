/** The request for a certificate in a CertificateSigningRequest, decoded so that names in it can be searched. */

const BEGIN = '-----BEGIN CERTIFICATE REQUEST-----';
const END = '-----END CERTIFICATE REQUEST-----';

/** kube-apiserver accepts no larger bodies, so a longer text is never signed. */
const MAX_LENGTH = 3 * 1024 * 1024;

/** The DER of each PEM block of `spec.request`, each byte a character (Latin-1): names in a subject are plain text in it.
 * Empty if the text is not Base64 of PEM. Kubernetes signs the first block that can be read, whatever precedes it, so all
 * are returned.
 * @param request Base64 of PEM, as an API object has it */
export function certificateRequests(request: unknown): string[] {
  if (typeof request !== 'string' || request.length > MAX_LENGTH) return [];
  const pem = fromBase64(request) ?? '';
  return pem
    .split(BEGIN)
    .slice(1)
    .flatMap((block) => {
      const end = block.indexOf(END);
      return end === -1 ? [] : (fromBase64(withoutHeaders(block.slice(0, end))) ?? []);
    });
}

/** PEM may have headers, `name: value`, before its data. */
function withoutHeaders(block: string): string {
  return block
    .split('\n')
    .filter((line) => !line.includes(':'))
    .join('');
}

/** Bytes as Latin-1, or undefined for what is empty or not Base64. */
function fromBase64(text: string): string | undefined {
  const data = text.replace(/\s/g, '');
  return /^[A-Za-z0-9+/]+={0,2}$/.test(data) ? Buffer.from(data, 'base64').toString('latin1') : undefined;
}
