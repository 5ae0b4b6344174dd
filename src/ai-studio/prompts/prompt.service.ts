import { Inject, Injectable } from '@nestjs/common';
import { aiStudioApp, aiStudioTeamConfig, aiStudioUserConfig, chatApp, type Scope } from '@kdx/shared';
import { AppConfigService } from '../../app-config';
import { composePrompt, type LayerInput, type SystemPrompt } from './compose-prompt';
import { platformRules } from './platform-rules';

/** Builds the system prompt of a request. Preview and execution use this one function. */
@Injectable()
export class PromptService {
  constructor(@Inject(AppConfigService) private readonly configs: AppConfigService) {}

  /** The prompt that a request of `scope.appId` gets now. Throws `CONFLICT` where stored instructions no longer fit their schema. */
  async compose(scope: Scope): Promise<SystemPrompt> {
    const config = await this.configs.getEffective({ ...scope, appId: aiStudioApp });
    const { teamInstructions } = aiStudioTeamConfig.parse(config.team);
    const { userInstructions } = aiStudioUserConfig.parse(config.user);
    const layers: LayerInput[] = [{ layer: 'platform', source: 'platform', content: platformRules }];
    const teamApplies = teamInstructions.appliesTo === 'all' || scope.appId === chatApp;
    if (teamInstructions.enabled && teamApplies) {
      layers.push({
        layer: 'team',
        source: 'aiStudio team configuration',
        version: config.teamVersion,
        content: teamInstructions.content,
      });
    }
    if (userInstructions.enabled) {
      layers.push({
        layer: 'user',
        source: 'aiStudio user configuration',
        version: config.userVersion,
        content: userInstructions.content,
      });
    }
    return composePrompt(layers);
  }
}
