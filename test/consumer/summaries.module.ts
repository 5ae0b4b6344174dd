import { once } from 'node:events';
import { Readable } from 'node:stream';
import { Body, Controller, Inject, Module, Post, StreamableFile } from '@nestjs/common';
import { streamText } from 'ai';
import { appRegistry, type Scope } from '@kdx/shared';
import { AiStudioModule, AiStudioService } from '../../src/ai-studio';
import { CurrentCaller, RequirePermission, toScope, type Caller } from '../../src/identity';
import { TextField } from '../../src/platform/http';
import { SummaryRepository, type SummaryStatus } from './summary.repository';

const summariesApp = appRegistry.register({ id: 'summaries', displayName: 'Summaries' });

class SummariseDto {
  @TextField({ max: 100_000 }) text!: string;
}

@Controller('api/v1/summaries')
class SummariesController {
  constructor(
    @Inject(AiStudioService) private readonly aiStudio: AiStudioService,
    @Inject(SummaryRepository) private readonly summaries: SummaryRepository,
  ) {}

  @Post()
  @RequirePermission('chat.use')
  async summarise(@CurrentCaller() caller: Caller, @Body() { text }: SummariseDto): Promise<StreamableFile> {
    const words = Readable.from(this.run(toScope(caller, summariesApp), text));
    await once(words, 'readable'); // a failure before the first word is an answer with a code
    return new StreamableFile(words, { type: 'text/plain; charset=utf-8' });
  }

  private async *run(scope: Scope, text: string): AsyncGenerator<string> {
    const { id, model, system, settings } = await this.aiStudio.prepareExecution(scope);
    await this.summaries.begin(scope, id);
    const reader = new AbortController();
    let [status, summary]: [SummaryStatus, string] = ['stopped', ''];
    try {
      const prompt = `Summarise in three sentences:\n\n${text}`;
      const call = { model, instructions: system, ...settings, prompt, maxRetries: 0 };
      const { stream } = streamText({ ...call, abortSignal: reader.signal, onError: () => undefined });
      for await (const part of stream) {
        if (part.type === 'error') throw part.error;
        if (part.type !== 'text-delta') continue;
        summary += part.text;
        yield part.text;
      }
      status = 'complete';
    } catch (error) {
      status = 'failed';
      throw error;
    } finally {
      reader.abort(); // who leaves, stops the model: it is paid for until there
      await this.summaries.end(scope, id, status, summary);
    }
  }
}

@Module({ imports: [AiStudioModule], controllers: [SummariesController], providers: [SummaryRepository] })
export class SummariesModule {}
