import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import createFastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { buildOpenApiDocument } from './api-document';

/**
 * The viewer's program knows a proxy and services of its makers; whatever it tries, the browser asks nobody but us, and runs
 * no script but from here. Its styles are elements and attributes that it makes as it goes, which no hash can name beforehand.
 */
const ownScriptsOnly = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The viewer's own page starts it by a script in the page; this one, by a file, so that none in a page has to be allowed. */
const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>AI Studio</title>
  </head>
  <body>
    <div id="app"></div>
    <script src="/docs/js/scalar.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const viewerSettings = {
  url: '/docs/openapi.json',
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
};

const start = `Scalar.createApiReference('#app', ${JSON.stringify(viewerSettings, null, 2)});\n`;

/** Serves the document at `/docs/openapi.json` and a browser view of it at `/docs`. Nothing is loaded from elsewhere. */
export function serveDocs(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  let document: OpenAPIObject | undefined;
  let program: Promise<FastifyInstance> | undefined;
  const answer = (type: string, body: string) => (_request: FastifyRequest, reply: FastifyReply) =>
    reply.type(`${type}; charset=utf-8`).header('content-security-policy', ownScriptsOnly).send(body);
  fastify.get('/docs/openapi.json', () => (document ??= buildOpenApiDocument(app)));
  fastify.get('/docs', answer('text/html', page));
  fastify.get('/docs/', answer('text/html', page));
  fastify.get('/docs/start.js', answer('text/javascript', start));
  fastify.get('/docs/js/scalar.js', async ({ url }, reply) => {
    const { statusCode, headers, rawPayload } = await (await (program ??= loadProgram())).inject(url);
    return reply.status(statusCode).headers(headers).send(rawPayload);
  });
}

/** Five megabytes of program that few servers are ever asked for: loaded with the first question. */
async function loadProgram(): Promise<FastifyInstance> {
  const { default: scalar } = await import('@scalar/fastify-api-reference');
  const view = createFastify();
  await view.register(scalar, { routePrefix: '/docs', configuration: viewerSettings });
  return view;
}
