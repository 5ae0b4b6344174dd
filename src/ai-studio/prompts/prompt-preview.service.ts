import { Inject, Injectable } from '@nestjs/common';
import { appRegistry, chatApp, type AppId } from '@kdx/shared';
import { toScope, type Caller } from '../../identity';
import { notFound } from '../../platform/errors';
import { CandidateService } from '../execution/candidates';
import type { PreviewPromptDto, PromptPreviewView } from './prompt.dto';
import { PromptService } from './prompt.service';

/** Shows what would be sent, without sending it. */
@Injectable()
export class PromptPreviewService {
  constructor(
    @Inject(PromptService) private readonly prompts: PromptService,
    @Inject(CandidateService) private readonly candidates: CandidateService,
  ) {}

  async preview(caller: Caller, { modelId, appId = chatApp }: PreviewPromptDto): Promise<PromptPreviewView> {
    if (!appRegistry.find(appId)) throw notFound('The app');
    const scope = toScope(caller, appId as AppId); // registered: found above
    if (modelId !== undefined) await this.candidates.getModel(scope, modelId);
    return this.prompts.compose(scope);
  }
}
