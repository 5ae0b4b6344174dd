import { inspect } from 'node:util';
import { Inject, Injectable, Module } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { generateText, streamText } from 'ai';
import { appRegistry, toTeamId, toUserId, type Scope } from '@kdx/shared';
import { AiStudioModule, AiStudioService } from '../../src/ai-studio';
import { startTestApp, type TestApp } from '../support/app';
import { createTeam, signUp, type Answer, type Client } from '../support/client';
import {
  addTeamProvider,
  disableModel,
  expectStatus,
  listExecutions,
  setDefaultModel,
  type UsableModel,
} from '../support/providers';
import { eventually } from '../support/streams';
import { startWireServer, type WireServer } from '../support/wire';

const summariesApp = appRegistry.register({ id: 'summaries', displayName: 'Summaries' });

/** An executor as anybody would write one: prepare, run with the AI SDK, keep the result. */
@Injectable()
class SummaryService {
  constructor(@Inject(AiStudioService) readonly aiStudio: AiStudioService) {}

  async stream(scope: Scope, prompt: string, abortSignal?: AbortSignal) {
    const { id, model, system, settings } = await this.aiStudio.prepareExecution(scope);
    const { textStream } = streamText({
      model,
      instructions: system,
      ...settings,
      messages: [{ role: 'user', content: prompt }],
      maxRetries: 0,
      onError: () => undefined,
      ...(abortSignal ? { abortSignal } : {}),
    });
    return { id, textStream };
  }

  async summarise(scope: Scope, prompt: string) {
    const { id, model, system, settings } = await this.aiStudio.prepareExecution(scope);
    const { text } = await generateText({ model, instructions: system, ...settings, prompt, maxRetries: 0 });
    return { id, text };
  }
}

@Module({ imports: [AiStudioModule], providers: [SummaryService] })
class SummaryModule {}

describe('a consumer that imports AiStudioModule', () => {
  let app: TestApp;
  let admin: Client & { teamId: string };
  let server: WireServer;
  let model: UsableModel;
  let service: SummaryService;
  let scope: Scope;

  beforeAll(async () => {
    app = await startTestApp();
    admin = await createTeam(await createTeam(await signUp(app)));
    server = await startWireServer('openai');
    model = await addTeamProvider(admin, server, {
      name: 'one',
      key: 'sk-of-the-consumers-team',
      settings: { temperature: 0.5, maxOutputTokens: 99 },
    });
    await setDefaultModel(admin, model.id);
    await disableModel(admin, 'sandbox/echo');
    const module = await app.nest.get(LazyModuleLoader).load(() => SummaryModule);
    service = module.get(SummaryService);
    scope = { teamId: toTeamId(admin.teamId), userId: toUserId(admin.userId), appId: summariesApp };
  }, 60_000);

  afterEach(() => server.reset());

  afterAll(async () => {
    await app.close();
    await server.close();
  });

  /** The record of an execution, once it has ended. */
  const ended = (id: string): Promise<Answer['body']> =>
    eventually(async () =>
      (await listExecutions(admin)).find((item) => item.id === id && item.outcome !== 'running'),
    );

  it('gets a typed error where the team cannot run what it asks for', async () => {
    const other: Scope = { ...scope, teamId: toTeamId((await createTeam(admin)).teamId) };
    const { aiStudio } = service;
    await expect(aiStudio.getModel(other, model.ref)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(aiStudio.prepareExecution(other, { modelId: model.id })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(aiStudio.getModel(scope, 'sandbox/echo')).rejects.toMatchObject({
      code: 'MODEL_NOT_AVAILABLE',
    });
    await expect(aiStudio.getProviderToken(scope, 'openai')).rejects.toMatchObject({ code: 'TOKEN_MISSING' });
    await expect(aiStudio.getProviderToken(other, model.providerId)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const empty = await createTeam(admin);
    await disableModel(empty, 'sandbox/echo');
    const emptyScope: Scope = { ...scope, teamId: toTeamId(empty.teamId) };
    await expect(aiStudio.getDefaultModel(emptyScope)).rejects.toMatchObject({ code: 'NO_DEFAULT_MODEL' });
    await expect(aiStudio.prepareExecution(emptyScope)).rejects.toMatchObject({ code: 'NO_DEFAULT_MODEL' });
    expect(await aiStudio.getAvailableModels(emptyScope)).toEqual([]);
  });

  it('gets a provider token that cannot be printed by accident, and whose use is logged', async () => {
    const token = await service.aiStudio.getProviderToken(scope, model.providerId);
    const printed = [
      String(token),
      `${token}`,
      JSON.stringify({ token }),
      inspect(token, { showHidden: true, depth: 9 }),
      inspect({ token }),
    ];
    for (const text of printed) {
      expect(text).toContain('[secret]');
      expect(text).not.toContain('sk-of');
    }
    const logged = () => app.logs.filter((line) => line.includes('provider token revealed'));
    expect(logged()).toHaveLength(0);
    expect(token.reveal()).toBe('sk-of-the-consumers-team');
    expect(logged().map((line) => JSON.parse(line))).toMatchObject([
      { teamId: scope.teamId, userId: scope.userId, appId: 'summaries', providerId: model.providerId },
    ]);
    expect(app.logs.join('\n')).not.toContain('sk-of-the-consumers-team');
  });

  it('sees the models that the team can use, and the default', async () => {
    const shown = {
      id: model.id,
      ref: model.ref,
      providerId: model.providerId,
      displayName: 'one',
      isDefault: true,
    };
    expect(await service.aiStudio.getAvailableModels(scope)).toEqual([expect.objectContaining(shown)]);
    expect(await service.aiStudio.getDefaultModel(scope)).toMatchObject(shown);
    expect(await service.aiStudio.getModel(scope, model.ref)).toMatchObject(shown);
    expect(await service.aiStudio.getModel(scope, model.id)).toMatchObject(shown);
  });

  it('reads the system prompt that it will get, with where it comes from', async () => {
    const { version } = expectStatus(await admin.get('/api/v1/app-config/aiStudio/team'));
    const teamInstructions = { enabled: true, content: 'Answer in verse.', appliesTo: 'all' };
    expectStatus(
      await admin.put('/api/v1/app-config/aiStudio/team', { config: { teamInstructions }, version }),
    );
    const prompt = await service.aiStudio.getSystemPrompt(scope);
    expect(prompt.layers.map(({ layer }) => layer)).toEqual(['platform', 'team']);
    expect(prompt.system).toContain('Answer in verse.');
    const { system } = await service.aiStudio.prepareExecution(scope);
    expect(system).toBe(prompt.system);
  });

  it('prepares without a record: what never runs is not booked', async () => {
    const { id, candidates } = await service.aiStudio.prepareExecution(scope);
    expect(candidates).toEqual([
      { modelId: model.id, modelRef: model.ref, providerId: model.providerId, displayName: 'one' },
    ]);
    expect((await listExecutions(admin)).map((execution) => execution.id)).not.toContain(id);
    expect(server.requests).toEqual([]);
  });

  it('streams in three lines, and is booked under its own name', async () => {
    const { id, textStream } = await service.stream(scope, 'The long story');
    let text = '';
    for await (const delta of textStream) text += delta;
    expect(text).toBe('echo: The long story');
    expect(server.requests).toMatchObject([
      { body: { model: 'one-model', temperature: 0.5, max_tokens: 99 } },
    ]);
    expect(await ended(id)).toMatchObject({
      appId: 'summaries',
      userId: admin.userId,
      modelRef: model.ref,
      outcome: 'completed',
      usage: { inputTokens: 12, outputTokens: 7, source: 'provider' },
      attempts: [{ outcome: 'answered' }],
    });
    const { items } = expectStatus(await admin.get('/api/v1/executions?appId=summaries'));
    expect(items.map((execution: { id: string }) => execution.id)).toContain(id);
    expect(expectStatus(await admin.get('/api/v1/executions?appId=chat')).items).toEqual([]);
  });

  it('generates without streaming', async () => {
    const { id, text } = await service.summarise(scope, 'The short story');
    expect(text).toBe('echo: The short story');
    expect((server.requests[0]!.body as { stream?: boolean }).stream).not.toBe(true);
    expect(await ended(id)).toMatchObject({
      appId: 'summaries',
      outcome: 'completed',
      usage: { outputTokens: 7 },
    });
  });

  it('gets one safe error where no model answers, and it is booked', async () => {
    server.always({ fail: { status: 401, message: 'sk-of-the-consumers-team is wrong' } });
    const failure: unknown = await service.summarise(scope, 'Hello').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'PROVIDER_FAILED' });
    expect(inspect(failure, { depth: 9 })).not.toContain('sk-of');
    expect((await listExecutions(admin))[0]).toMatchObject({
      appId: 'summaries',
      outcome: 'failed',
      usage: { source: 'unknown' },
    });
  });

  it('is booked as stopped when it aborts, with what was said until then', async () => {
    server.next({ reply: { chunks: Array<string>(200).fill('word '), chunkDelayMs: 20 } });
    const controller = new AbortController();
    const { id, textStream } = await service.stream(scope, 'Hello', controller.signal);
    let count = 0;
    for await (const _ of textStream) {
      count += 1;
      if (count === 5) controller.abort();
    }
    const execution = await ended(id);
    expect(execution).toMatchObject({ outcome: 'stopped', usage: { source: 'estimated' } });
    expect(execution.usage.outputTokens).toBeGreaterThanOrEqual(Math.floor((5 * 5) / 4));
    expect(execution.usage.outputTokens).toBeLessThan(100);
    await server.requests[0]?.aborted;
  });

  it('is booked as stopped when it breaks out of its loop without a word, after 90 seconds', async () => {
    server.next({ reply: { chunks: Array<string>(200).fill('word '), chunkDelayMs: 20 } });
    const timers = jest.spyOn(global, 'setTimeout');
    const { id, textStream } = await service.stream(scope, 'Hello');
    for await (const _ of textStream) break;
    // The AI SDK reads on for a few parts, then nobody does.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await listExecutions(admin))[0]).toMatchObject({ id, outcome: 'running' });
    const [elapse] = timers.mock.calls.findLast(([, ms]) => ms === 90_000) ?? [];
    timers.mockRestore();
    elapse?.();
    expect(await ended(id)).toMatchObject({ outcome: 'stopped', usage: { source: 'estimated' } });
    await server.requests[0]?.aborted;
  });
});
