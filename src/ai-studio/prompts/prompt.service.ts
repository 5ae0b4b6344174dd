import { Inject, Injectable } from '@nestjs/common';
import {
  aiStudioApp,
  aiStudioTeamConfig,
  aiStudioUserConfig,
  chatApp,
  findLanguageName,
  parseTemplate,
  type Scope,
  type TemplatePart,
} from '@kdx/shared';
import { AppConfigService, type EffectiveConfig } from '../../app-config';
import { Directory } from '../../identity';
import { ENV, type Env } from '../../platform/env';
import type { ExecutableAgent } from '../agents/executable-agent';
import type { PromptInputs } from './compose-prompt';
import type { AgentSwitch, LayerInput } from './layers';
import { toValue, toVariableValues } from './prompt-values';
import { platformRules } from './platform-rules';

/** Whose instructions a prompt holds beside those of platform, team and user. */
export interface PromptRequest {
  agent?: ExecutableAgent | undefined;
  /** Values of the agent's variables, by name; the agent's defaults where absent. */
  variables?: Readonly<Record<string, string>> | undefined;
  agentSwitch?: AgentSwitch | undefined;
}

/** What one state of the configuration says, read once. */
interface ConfiguredLayers {
  team: LayerInput | undefined;
  teamAppliesTo: 'all' | 'chat';
  user: LayerInput | undefined;
  language: string;
}

/** Gathers the layers of a prompt from their homes. Preview and execution both begin here. */
@Injectable()
export class PromptService {
  private readonly platform: LayerInput;
  private readonly configured = new WeakMap<EffectiveConfig, ConfiguredLayers>();
  private readonly agents = new WeakMap<ExecutableAgent, LayerInput>();

  constructor(
    @Inject(AppConfigService) private readonly configs: AppConfigService,
    @Inject(Directory) private readonly directory: Directory,
    @Inject(ENV) { platformRules: operatorRules }: Env,
  ) {
    const rules = operatorRules === undefined ? platformRules : `${platformRules}\n\n${operatorRules}`;
    this.platform = { layer: 'platform', source: 'platform rules', template: toTemplate(rules) };
  }

  /**
   * The layers that a request of `scope.appId` gets now, from memory where possible. Throws `CONFLICT` where stored
   * instructions no longer fit their schema, `VALIDATION_FAILED` for variables that the agent does not have.
   */
  async gather(scope: Scope, { agent, variables, agentSwitch }: PromptRequest = {}): Promise<PromptInputs> {
    const config = this.read(await this.configs.getEffective({ ...scope, appId: aiStudioApp }));
    const teamApplies = config.teamAppliesTo === 'all' || scope.appId === chatApp;
    const layers = [
      this.platform,
      teamApplies ? config.team : undefined,
      agent && this.toLayer(agent),
      config.user,
    ].filter((layer) => layer !== undefined);
    const names = usesAny(layers, ['userName', 'teamName'])
      ? await this.directory.getNames(scope)
      : undefined;
    const values = {
      ...toVariableValues(agent, variables),
      userName: toValue(names?.userName ?? ''),
      teamName: toValue(names?.teamName ?? ''),
      userLanguage: config.language,
      date: new Date().toISOString().slice(0, 10),
    };
    return { layers, values, givenVariables: variables && Object.keys(variables), agentSwitch };
  }

  private read(config: EffectiveConfig): ConfiguredLayers {
    const known = this.configured.get(config);
    if (known) return known;
    const { teamInstructions } = aiStudioTeamConfig.parse(config.team);
    const { userInstructions, language } = aiStudioUserConfig.parse(config.user);
    const read: ConfiguredLayers = {
      team: teamInstructions.enabled
        ? {
            layer: 'team',
            source: 'aiStudio team configuration',
            version: config.teamVersion,
            template: toTemplate(teamInstructions.content),
          }
        : undefined,
      teamAppliesTo: teamInstructions.appliesTo,
      user: userInstructions.enabled
        ? {
            layer: 'user',
            source: 'aiStudio user configuration',
            version: config.userVersion,
            template: toTemplate(userInstructions.content),
          }
        : undefined,
      language: languageName(language),
    };
    this.configured.set(config, read);
    return read;
  }

  private toLayer(agent: ExecutableAgent): LayerInput {
    const known = this.agents.get(agent);
    if (known) return known;
    const { name, version, instructions } = agent;
    const layer: LayerInput = {
      layer: 'agent',
      source: `agent ${name}`,
      version,
      template: toTemplate(instructions),
    };
    this.agents.set(agent, layer);
    return layer;
  }
}

function toTemplate(text: string): TemplatePart[] {
  return parseTemplate(text.replaceAll('\r\n', '\n').trim());
}

function usesAny(layers: LayerInput[], names: string[]): boolean {
  return layers.some(({ template }) =>
    template.some((part) => typeof part !== 'string' && names.includes(part.variable)),
  );
}

/** The English name of a language, as models know it best; the tag where there is none. */
function languageName(tag: string | null): string {
  return tag === null ? 'the language of the question' : (findLanguageName(tag) ?? tag);
}
