import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import createFastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';

/** The OpenAPI document of the running routes. */
export function buildOpenApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const options = new DocumentBuilder()
    .setTitle('AI Studio')
    .setDescription(
      "The control plane for a company's AI. Accounts, teams and sessions are under /api/auth; sign in there and send the session token as a bearer token. Services send an API key of their team instead: POST /api/v1/api-keys makes one.",
    )
    .setVersion('1')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      description: 'Session token, or an API key of a team (ais_…)',
    })
    .addSecurityRequirements('bearer')
    .addGlobalParameters({
      name: 'x-team-id',
      in: 'header',
      required: false,
      description:
        "The team that the call is for; the session's active team where absent. An API key is of one team: it may only repeat it",
      schema: { type: 'string', format: 'uuid' },
    })
    .build();
  return SwaggerModule.createDocument(app, options);
}

/** The viewer's program knows a proxy and services of its makers; whatever it tries, the browser asks nobody but us. */
const sameOriginOnly = [
  "default-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "frame-ancestors 'none'",
].join('; ');

/** Serves the document at `/docs/openapi.json` and a browser view of it at `/docs`. Nothing is loaded from elsewhere. */
export function serveDocs(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  let document: OpenAPIObject | undefined;
  let browser: Promise<FastifyInstance> | undefined;
  const browse = async (request: FastifyRequest, reply: FastifyReply) => {
    const view = await (browser ??= createBrowserView());
    const answer = await view.inject({ method: 'GET', url: request.url });
    if (answer.statusCode === 404) return reply.callNotFound();
    const headers = { ...answer.headers, 'content-security-policy': sameOriginOnly };
    return reply.status(answer.statusCode).headers(headers).send(answer.rawPayload);
  };
  fastify.get('/docs/openapi.json', () => (document ??= buildOpenApiDocument(app)));
  fastify.get('/docs', browse);
  fastify.get('/docs/*', browse);
}

/** Five megabytes of program that few servers are ever asked for: loaded with the first question. */
async function createBrowserView(): Promise<FastifyInstance> {
  const { default: scalar } = await import('@scalar/fastify-api-reference');
  const view = createFastify();
  await view.register(scalar, {
    routePrefix: '/docs',
    configuration: {
      url: '/docs/openapi.json',
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
      title: 'AI Studio',
    },
  });
  return view;
}
