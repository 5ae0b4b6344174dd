import type { Credential } from './credentials';
import { identityRecipes } from './identity-recipes';
import { slots as id, type Template } from './slots';

/** How a door is called rightly, and where ids stand in the call. A door may have several. */
export interface Recipe {
  /** `PATCH /api/v1/agents/:agentId`, or `mutation aiAgents.update`. */
  door: string;
  input: Template;
  /** The least that may call it; the admin of a team where absent. */
  by?: Credential;
  /** Why even the right call is refused here; otherwise it has to succeed. */
  refused?: string;
  /** Why it may say that there is such a thing elsewhere. What is there, it never may. */
  tells?: string;
}

/** What REST and tRPC have alike is written once: the fields of the path, the query and the body are the procedure's input. */
const both = (doors: string[], input: Template, by?: Credential): Recipe[] =>
  doors.map((door) => ({ door, input, ...(by ? { by } : {}) }));

const taken = (recipe: Recipe): Recipe => ({ ...recipe, refused: 'the team has one of that name' });

const agent = { name: 'A new agent', instructions: 'Answer.', description: 'x' };
const endpoint = { displayName: 'A new endpoint', baseUrl: 'http://127.0.0.1:9/v1' };
const listed = [{ modelKey: 'listed', displayName: 'Listed' }];
const config = { teamInstructions: { enabled: true, content: 'Be brief.' } };
const own = { userInstructions: { enabled: true, content: 'Be kind.' } };
const [providers, models, sync] = ['/api/v1/providers', '/api/v1/models', '/api/v1/model-sync'];
const [teamProviders, teamModels] = ['/api/v1/team-providers', '/api/v1/team-models'];
const keys = '/api/v1/api-keys';
const [tokens, agents, chats] = ['/api/v1/tokens', '/api/v1/agents', '/api/v1/chat/sessions'];

const recipesOfTeams: Recipe[] = [
  ...both(['GET /api/v1/app-config/:appId/team', 'query app.getAppTeamConfig'], { appId: 'aiStudio' }),
  ...both(['PUT /api/v1/app-config/:appId/team', 'mutation app.saveAppTeamConfig'], {
    appId: 'aiStudio',
    config,
  }),
  ...both(['GET /api/v1/app-config/:appId/me', 'query app.getUserAppTeamConfig'], { appId: 'aiStudio' }),
  ...both(['PUT /api/v1/app-config/:appId/me', 'mutation app.saveUserAppTeamConfig'], {
    appId: 'aiStudio',
    config: own,
  }),
  ...both(['PUT /api/v1/app-config/:appId/me', 'mutation app.saveUserAppTeamConfig'], {
    appId: 'chat',
    config: { defaultModelId: id.model },
  }),
  ...both([`GET ${providers}`, 'query aiProviders.find'], {}),
  ...both([`POST ${teamProviders}`, 'mutation aiProviders.createForTeam'], { ...endpoint, models: listed }),
  ...both([`POST ${teamProviders}`, 'mutation aiProviders.createForTeam'], {
    ...endpoint,
    displayName: id.providerName,
  }).map(taken),
  ...both([`PATCH ${teamProviders}/:providerId`, 'mutation aiProviders.updateForTeam'], {
    providerId: id.provider,
    displayName: 'Renamed',
  }),
  ...both([`PATCH ${teamProviders}/:providerId`, 'mutation aiProviders.updateForTeam'], {
    providerId: id.provider,
    models: listed,
  }),
  ...both([`DELETE ${teamProviders}/:providerId`, 'mutation aiProviders.deleteForTeam'], {
    providerId: id.provider,
  }),
  ...both([`GET ${tokens}`, 'query aiTokens.find'], {}),
  ...both([`PUT ${tokens}/:providerId`, 'mutation aiTokens.save'], {
    providerId: id.provider,
    token: 'sk-another-key-0001',
  }),
  ...both([`POST ${tokens}/:providerId/test`, 'mutation aiTokens.test'], { providerId: id.provider }),
  ...both([`PUT ${tokens}/:providerId`, 'mutation aiTokens.save'], {
    providerId: 'openai',
    token: 'sk-another-key-0001',
  }),
  ...both([`DELETE ${tokens}/:providerId`, 'mutation aiTokens.removeByProvider'], { providerId: 'openai' }),
  ...both([`DELETE ${tokens}/:providerId`, 'mutation aiTokens.removeByProvider'], {
    providerId: id.provider,
  }),
  ...both([`GET ${models}`, 'query aiModels.find'], { cursor: id.modelsCursor, provider: 'sandbox' }),
  ...both([`GET ${models}`, 'query aiModels.find'], { provider: id.provider }),
  ...both([`GET ${teamModels}`, 'query aiTeamModels.findAvailable'], { cursor: id.teamModelsCursor }),
  ...both([`GET ${teamModels}`, 'query aiTeamModels.findAvailable'], {}),
  ...both([`GET ${teamModels}/default`, 'query aiTeamModels.getDefault'], {}),
  ...both([`PATCH ${teamModels}/:modelId`, 'mutation aiTeamModels.update'], {
    modelId: id.model,
    settings: { temperature: 0.25 },
  }),
  ...both([`PATCH ${teamModels}/:modelId`, 'mutation aiTeamModels.toggle'], {
    modelId: id.model,
    enabled: false,
  }),
  ...both([`PUT ${teamModels}/default`, 'mutation aiTeamModels.setDefault'], { modelId: id.model }),
  ...both([`PUT ${teamModels}/order`, 'mutation aiTeamModels.reorder'], {
    modelIds: [id.model, 'sandbox/echo'],
  }),
  ...both([`POST ${teamModels}/:modelId/test`, 'mutation aiTeamModels.test'], { modelId: id.model }),
  ...both([`GET ${keys}`, 'query apiKeys.find'], {}),
  ...both([`POST ${keys}`, 'mutation apiKeys.create'], { name: 'A new key', scopes: ['chat.use'] }),
  ...both([`DELETE ${keys}/:keyId`, 'mutation apiKeys.delete'], { keyId: id.apiKey }),
  ...both([`GET ${agents}`, 'query aiAgents.find'], { cursor: id.agentsCursor }),
  ...both([`GET ${agents}`, 'query aiAgents.find'], { q: id.agentName }),
  ...both([`POST ${agents}`, 'mutation aiAgents.create'], { ...agent, modelId: id.model }),
  ...both([`POST ${agents}`, 'mutation aiAgents.create'], { ...agent, name: id.agentName }).map(taken),
  ...both([`GET ${agents}/:agentId`, 'query aiAgents.get'], { agentId: id.agent }),
  ...both([`PATCH ${agents}/:agentId`, 'mutation aiAgents.update'], {
    agentId: id.agent,
    description: 'Another',
    modelId: id.model,
  }),
  ...both([`DELETE ${agents}/:agentId`, 'mutation aiAgents.delete'], { agentId: id.agent }),
  ...both([`GET ${agents}/:agentId/versions`, 'query aiAgents.findVersions'], { agentId: id.agent }),
  ...both([`GET ${agents}/:agentId/versions`, 'query aiAgents.findVersions'], {
    agentId: id.agent,
    cursor: id.versionsCursor,
  }),
  ...both([`POST ${agents}/:agentId/rollback`, 'mutation aiAgents.rollback'], {
    agentId: id.agent,
    version: 1,
  }),
  ...both(['GET /api/v1/prompts/preview', 'query aiPrompts.getSystemPrompt'], {
    agentId: id.agent,
    modelId: id.model,
  }),
  ...both(['GET /api/v1/executions', 'query aiExecutions.find'], {
    userId: id.user,
    modelId: id.model,
    cursor: id.executionsCursor,
  }),
  ...both(['GET /api/v1/executions', 'query aiExecutions.find'], { modelId: id.modelRef }),
  ...both(['GET /api/v1/executions', 'query aiExecutions.find'], {}),
  ...both(['GET /api/v1/executions', 'query aiExecutions.find'], {}, 'member'),
  ...both(['GET /api/v1/executions/:executionId/prompt', 'query aiExecutions.getPrompt'], {
    executionId: id.execution,
  }),
  ...both(['GET /api/v1/audit-events', 'query aiAudit.find'], {
    actorId: id.user,
    targetId: id.target,
    cursor: id.auditCursor,
  }),
  ...both(['GET /api/v1/audit-events', 'query aiAudit.find'], {}),
];

const [chat, folders] = ['/api/v1/chat', '/api/v1/chat/folders'];
const submitted = { trigger: 'submit-message', modelId: 'sandbox/echo' };
const hello = [{ type: 'text', text: 'Hello' }];

/** What useChat calls: conversations by the client's own ids. */
const recipesOfUiChat: Recipe[] = [
  ...both(
    [`POST ${chat}`],
    {
      ...submitted,
      id: id.chat,
      agentId: id.agent,
      folderId: id.folder,
      messages: [
        { id: id.message, role: 'user', parts: hello },
        { id: 'new', role: 'user', parts: hello },
      ],
    },
    'member',
  ),
  ...both([`POST ${chat}`], {
    ...submitted,
    id: id.session,
    messageId: 'ours-1',
    messages: [{ id: 'ours-1', role: 'user', parts: hello }],
  }),
  ...both([`POST ${chat}`], {
    id: id.session,
    trigger: 'regenerate-message',
    messageId: id.message,
    messages: [],
    modelId: id.model,
  }),
  ...both([`POST ${chat}`], {
    ...submitted,
    id: 'a-new-chat',
    agentId: id.agent,
    folderId: id.folder,
    messages: [{ id: 'first', role: 'user', parts: hello }],
  }),
  ...both([`GET ${chat}/:chatId/messages`], { chatId: id.chat }, 'member'),
  ...both([`GET ${chat}/:chatId/stream`], { chatId: id.chat }, 'member'),
  ...both([`POST ${chat}/:chatId/stop`], { chatId: id.chat }, 'member'),
];

const recipesOfFolders: Recipe[] = [
  ...both([`GET ${folders}`, 'query chat.findFolders'], {}, 'member'),
  ...both([`POST ${folders}`, 'mutation chat.createFolder'], { name: 'A new folder' }, 'member'),
  ...both(
    [`PATCH ${folders}/:folderId`, 'mutation chat.updateFolder'],
    { folderId: id.folder, name: 'Renamed' },
    'member',
  ),
  ...both([`DELETE ${folders}/:folderId`, 'mutation chat.deleteFolder'], { folderId: id.folder }, 'member'),
];

const recipesOfChat: Recipe[] = [
  ...recipesOfUiChat,
  ...recipesOfFolders,
  ...both([`GET ${chats}`, 'query chat.findSessions'], { folderId: id.folder }),
  ...both([`GET ${chats}`, 'query chat.findSessions'], { q: 'zq7canary', cursor: id.sessionsCursor }),
  ...both([`GET ${chats}`, 'query chat.findSessions'], { q: 'ours', folderId: 'none' }),
  ...both([`POST ${chats}`, 'mutation chat.createSession'], { folderId: id.folder }),
  ...both([`PATCH ${chats}/:sessionId`, 'mutation chat.updateSession'], {
    sessionId: id.session,
    folderId: id.folder,
    headMessageId: id.message,
  }),
  ...both([`GET ${chats}/:sessionId/messages`, 'query chat.getMessages'], {
    sessionId: id.session,
    branch: id.message,
  }),
  ...both([`POST ${chats}/:sessionId/messages`, 'subscription chat.sendMessage'], {
    sessionId: id.session,
    text: 'Hello',
    parentId: id.message,
  }),
  ...both([`POST ${chats}/:sessionId/messages/:messageId/regenerate`, 'subscription chat.regenerate'], {
    sessionId: id.session,
    messageId: id.message,
  }),
  ...(['markdown', 'json'] as const).flatMap((format) =>
    both(
      [`GET ${chats}/:sessionId/export`, 'subscription chat.exportSession'],
      { sessionId: id.session, format },
      'member',
    ),
  ),
  ...both(
    [`GET ${chats}/:sessionId/files/:fileId`, 'query chat.getFile'],
    { sessionId: id.session, fileId: id.file },
    'member',
  ),
  ...both([`GET ${chats}`, 'query chat.findSessions'], { cursor: id.sessionsCursor }, 'member'),
  ...both(
    [`POST ${chats}`, 'mutation chat.createSession'],
    { agentId: id.agent, modelId: id.model },
    'member',
  ),
  ...both([`GET ${chats}/:sessionId`, 'query chat.getSession'], { sessionId: id.session }, 'member'),
  ...both(
    [`GET ${chats}/:sessionId/prompt`, 'query chat.getSystemPrompt'],
    { sessionId: id.session },
    'member',
  ),
  ...both([`PATCH ${chats}/:sessionId`, 'mutation chat.updateSession'], {
    sessionId: id.session,
    title: 'Another',
    modelId: id.model,
  }),
  ...both([`PATCH ${chats}/:sessionId`, 'mutation chat.updateSession'], {
    sessionId: id.session,
    agentId: id.agent,
  }),
  ...both([`DELETE ${chats}/:sessionId`, 'mutation chat.deleteSession'], { sessionId: id.session }, 'member'),
  ...both([`GET ${chats}/:sessionId/messages`, 'query chat.getMessages'], {
    sessionId: id.session,
    cursor: id.messagesCursor,
  }),
  ...both(
    [`GET ${chats}/:sessionId/messages/:messageId/context`, 'query chat.getContext'],
    { sessionId: id.session, messageId: id.answer },
    'member',
  ),
  ...both([`POST ${chats}/:sessionId/messages`, 'subscription chat.sendMessage'], {
    sessionId: id.session,
    text: 'Hello',
    modelId: id.model,
  }),
  ...both([`POST ${chats}/:sessionId/messages`, 'subscription chat.sendMessage'], {
    sessionId: id.session,
    message: { id: id.execution, role: 'user', parts: [{ type: 'text', text: 'Hello' }] },
  }),
  ...both(
    [`GET ${chats}/:sessionId/stream`, 'subscription chat.resumeMessage'],
    { sessionId: id.session },
    'member',
  ),
  ...both([`GET ${chats}/:sessionId/stream`], { sessionId: id.session, offset: 0 }, 'member'),
  ...both([`POST ${chats}/:sessionId/stop`, 'mutation chat.stop'], { sessionId: id.session }, 'member'),
];

/** What the platform admin alone may do: no team's id is any of theirs. */
const recipesOfThePlatform: Recipe[] = [
  ...both(
    [`POST ${providers}`, 'mutation aiProviders.create'],
    { id: 'made-here', kind: 'openai-compatible', ...endpoint },
    'platformAdmin',
  ),
  ...both(
    [`PATCH ${providers}/:providerId`, 'mutation aiProviders.update'],
    { providerId: 'spare', displayName: 'Spare' },
    'platformAdmin',
  ),
  ...both(
    [`DELETE ${providers}/:providerId`, 'mutation aiProviders.delete'],
    { providerId: 'spare' },
    'platformAdmin',
  ),
  ...both(
    [`POST ${models}`, 'mutation aiModels.create'],
    { providerId: 'spare', modelKey: 'made-here', displayName: 'Made here' },
    'platformAdmin',
  ),
  ...both(
    [`PATCH ${models}/:modelId`, 'mutation aiModels.update'],
    { modelId: 'spare/one', contextWindow: 5_000 },
    'platformAdmin',
  ),
  ...both(
    [`DELETE ${models}/:modelId`, 'mutation aiModels.delete'],
    { modelId: 'spare/one' },
    'platformAdmin',
  ),
  ...both(
    [`POST ${sync}/:providerId/diff`, 'mutation aiModelSync.diff'],
    { providerId: 'spare' },
    'platformAdmin',
  ),
  ...both([`GET ${sync}/runs`, 'query aiModelSync.findRuns'], { cursor: id.runsCursor }, 'platformAdmin'),
  ...both([`GET ${sync}/runs`, 'query aiModelSync.findRuns'], { provider: id.provider }, 'platformAdmin'),
  ...both(
    ['GET /api/v1/audit-events', 'query aiAudit.find'],
    { chain: 'instance', limit: 1 },
    'platformAdmin',
  ),
  ...[
    ...both([`PATCH ${providers}/:providerId`, 'mutation aiProviders.update'], {
      providerId: id.provider,
      displayName: 'Renamed',
    }),
    ...both([`DELETE ${providers}/:providerId`, 'mutation aiProviders.delete'], { providerId: id.provider }),
    ...both([`POST ${models}`, 'mutation aiModels.create'], {
      providerId: id.provider,
      modelKey: 'made-here',
      displayName: 'Made here',
    }),
    ...both([`PATCH ${models}/:modelId`, 'mutation aiModels.update'], {
      modelId: id.model,
      contextWindow: 5_000,
    }),
    ...both([`DELETE ${models}/:modelId`, 'mutation aiModels.delete'], { modelId: id.model }),
    ...both([`POST ${sync}/:providerId/diff`, 'mutation aiModelSync.diff'], { providerId: id.provider }),
    ...both([`POST ${sync}/:providerId/apply`, 'mutation aiModelSync.apply'], {
      providerId: id.provider,
      diffId: id.execution,
      accept: { newModels: [id.model] },
    }),
  ].map((recipe): Recipe => ({
    ...recipe,
    by: 'platformAdmin',
    refused: 'a team provides no part of the catalogue',
  })),
];

/** Every door of the running application has one: a test holds the two lists against each other. */
export const recipes: Recipe[] = [
  ...both(['GET /health/live'], {}),
  ...both(['GET /health/ready'], {}),
  { door: 'GET /metrics', input: {}, refused: 'it is for the operator, who has a token of its own for it' },
  ...recipesOfTeams,
  ...recipesOfChat,
  ...recipesOfThePlatform,
  ...identityRecipes,
];
