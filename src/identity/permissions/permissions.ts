/**
 * What a caller has to be. `public`: anybody; `member`, `admin`: with that role (or above) in the
 * team that the call is for; `platformAdmin`: of this instance, with or without a team; `anyAdmin`: one of these two,
 * and the service decides which of them what is asked for needs.
 */
export type RequiredRole = 'public' | 'member' | 'admin' | 'platformAdmin' | 'anyAdmin';

/**
 * The one permission table. Every REST route and tRPC procedure names one of these; both transports decide by it.
 * A route that names none is refused at run time and fails a test. API keys are given these names as their scopes.
 */
export const permissions = {
  'health.read': 'public',
  'metrics.read': 'public', // its controller asks for a token that no user has
  'auth.use': 'public',
  'appConfig.readTeam': 'member',
  'appConfig.writeTeam': 'admin',
  'appConfig.readOwn': 'member',
  'appConfig.writeOwn': 'member',
  'providers.read': 'member',
  'providers.write': 'platformAdmin',
  'teamProviders.write': 'admin',
  'tokens.read': 'admin',
  'tokens.write': 'admin',
  'models.read': 'member',
  'models.write': 'platformAdmin',
  'teamModels.read': 'member',
  'teamModels.write': 'admin',
  'agents.read': 'member',
  'agents.write': 'admin',
  'prompts.read': 'member',
  'executions.read': 'member',
  'executions.readTeam': 'admin',
  'chat.use': 'member',
  'audit.read': 'anyAdmin',
  'apiKeys.read': 'admin',
  'apiKeys.write': 'admin',
} as const satisfies Record<string, RequiredRole>;

export type Permission = keyof typeof permissions;
