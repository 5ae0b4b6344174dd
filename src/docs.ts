import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import scalar from '@scalar/fastify-api-reference';

/** The OpenAPI document of the running routes. */
export function buildOpenApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const options = new DocumentBuilder()
    .setTitle('AI Studio')
    .setDescription(
      "The control plane for a company's AI. Accounts, teams and sessions are under /api/auth; sign in there and send the session token as a bearer token.",
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'Session token' })
    .addSecurityRequirements('bearer')
    .addGlobalParameters({
      name: 'x-team-id',
      in: 'header',
      required: false,
      description: "The team that the call is for; the session's active team where absent",
      schema: { type: 'string', format: 'uuid' },
    })
    .build();
  return SwaggerModule.createDocument(app, options);
}

/** Serves the document at `/docs/openapi.json` and a browser view of it at `/docs`. Nothing is loaded from elsewhere. */
export async function serveDocs(app: NestFastifyApplication): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  let document: OpenAPIObject | undefined;
  fastify.get('/docs/openapi.json', () => (document ??= buildOpenApiDocument(app)));
  await fastify.register(scalar, {
    routePrefix: '/docs',
    configuration: {
      url: '/docs/openapi.json',
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
      title: 'AI Studio',
    },
  });
}
