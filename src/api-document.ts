import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { describeOperations } from './api-operations';
import { ErrorView } from './platform/http';

const about = `The control plane for a company's AI.

Accounts, teams and sessions are under /api/auth: sign in there, and send the session token as a bearer token or let the
browser send its cookie. A service sends an API key of its team as the bearer token:
POST /api/v1/api-keys makes one.

Whatever is no success has the body of \`ErrorView\`: \`code\` is for programs, of a closed list; \`message\` says what to do
next. A request that is not HTTP, comes too slowly, or whose head is longer than 16 KiB gets 400, 408 or 431 with the same
body.`;

/** The OpenAPI document of the running routes, with everything that they may answer. */
export function buildOpenApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const options = new DocumentBuilder()
    .setTitle('AI Studio')
    .setDescription(about)
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'Session token' })
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        description: "API key of a team, `ais_…`, with the operation's permission",
      },
      'apiKey',
    )
    .addCookieAuth(
      'better-auth.session_token',
      { type: 'apiKey', description: 'Session cookie; `__Secure-` stands before its name over https' },
      'cookie',
    )
    .build();
  const document = SwaggerModule.createDocument(app, options, { extraModels: [ErrorView] });
  describeOperations(document);
  return document;
}
