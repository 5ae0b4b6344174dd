import type { MigrationInterface, QueryRunner } from 'typeorm';

const providers = [
  ['openai', 'OpenAI'],
  ['anthropic', 'Anthropic'],
  ['google', 'Google'],
  ['xai', 'xAI'],
  ['mistral', 'Mistral'],
  ['groq', 'Groq'],
  ['deepseek', 'DeepSeek'],
  ['openrouter', 'OpenRouter'],
  ['ollama', 'Ollama'],
  ['sandbox', 'Sandbox'],
] as const;

/** The global providers that every instance starts with, and the offline model. */
export class BuiltInProviders1763800005000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const [id, displayName] of providers) {
      await runner.query(
        'insert into ai_provider (id, kind, display_name, created_at, updated_at) values ($1, $1, $2, now(), now())',
        [id, displayName],
      );
    }
    await runner.query(`
      insert into ai_model (id, provider_id, model_key, display_name, capabilities, context_window, max_output_tokens, created_at, updated_at)
      values ('019aa000-0000-7000-8000-000000000001', 'sandbox', 'echo', 'Echo (offline)',
        '{"text": true, "streaming": true}', 1000000, 1000000, now(), now())
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`delete from ai_provider where id = any($1)`, [providers.map(([id]) => id)]);
  }
}
