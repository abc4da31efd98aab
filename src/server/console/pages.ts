/** The files of the page: read once, when the first is requested. They contain no data, and need no credentials. */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Problem } from '../../problem.ts';

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

/** Paths of the page, which decides by itself what to show there. */
const pagePaths = ['/', '/findings', '/findings/:id', '/why-not', '/rules', '/rules/:name', '/tune'];
/** Names that contain a hash of the file's content. */
const hashed = /[-.][0-9A-Za-z_-]{8,}\.\w+$/;

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Tripline</title>
<h1>The page of the console has not been built</h1>
<p>Run <code>npm run build:console</code>, and reload this page. The API is at <code>/console/v1/now</code>.</p></html>
`;

interface PageFile {
  bytes: Buffer;
  mediaType: string;
}

/** @param folder where the built page is, with an index.html */
export function pageRoutes(app: FastifyInstance, folder: string): void {
  let files: ReadonlyMap<string, PageFile> | undefined;
  const filesNow = (): ReadonlyMap<string, PageFile> => {
    if (files === undefined || files.size === 0) files = readFiles(folder);
    return files;
  };
  const send = (reply: FastifyReply, { bytes, mediaType }: PageFile) => reply.type(mediaType).send(bytes);
  for (const url of pagePaths) {
    app.get(url, { config: { open: true } }, async (_, reply) => {
      const page = filesNow().get('index.html');
      if (page !== undefined) return send(reply, page);
      return reply.code(503).type(mediaTypes['.html']!).send(notBuilt);
    });
  }
  app.get('/assets/*', { config: { open: true } }, async (request, reply) => {
    const path = `assets/${(request.params as { '*': string })['*']}`;
    const file = filesNow().get(path);
    if (file === undefined) throw new Problem('request.not_found', `GET /${path.slice(0, 200)}`);
    if (hashed.test(path)) reply.header('cache-control', 'public, max-age=31536000, immutable');
    return send(reply, file);
  });
}

/** By path below the folder. Requests are looked up here, so that none becomes a path on disk. */
function readFiles(folder: string): Map<string, PageFile> {
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return new Map();
  }
  return new Map(
    names.flatMap((name): [string, PageFile][] => {
      const mediaType = mediaTypes[extname(name)];
      if (mediaType === undefined) return [];
      return [[name.split(sep).join('/'), { bytes: readFileSync(join(folder, name)), mediaType }]];
    }),
  );
}
