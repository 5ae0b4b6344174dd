import { Inject } from '@nestjs/common';
import { Ctx, Input, Query, Router } from 'nestjs-trpc';
import { needs, type CallerContext } from '../../identity';
import { dto } from '../../platform/http';
import { PromptPreviewService } from './prompt-preview.service';
import { PreviewPromptDto, type PromptPreviewView } from './prompt.dto';

@Router({ alias: 'aiPrompts' })
export class PromptRouter {
  constructor(@Inject(PromptPreviewService) private readonly prompts: PromptPreviewService) {}

  @Query({ input: dto(PreviewPromptDto), meta: needs('prompts.read') })
  getSystemPrompt(
    @Input() input: PreviewPromptDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<PromptPreviewView> {
    return this.prompts.preview(caller, input);
  }
}
