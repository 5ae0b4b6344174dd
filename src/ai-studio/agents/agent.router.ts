import { Inject } from '@nestjs/common';
import { Ctx, Input, Mutation, Query, Router } from 'nestjs-trpc';
import { aiStudioApp } from '@kdx/shared';
import { needs, toScope, type CallerContext } from '../../identity';
import { dto } from '../../platform/http';
import {
  AgentNameDto,
  CreateAgentDto,
  FindAgentsDto,
  FindVersionsOfAgentDto,
  RollBackNamedAgentDto,
  UpdateNamedAgentDto,
  type AgentPageView,
  type AgentVersionPageView,
  type AgentView,
} from './agent.dto';
import { AgentService } from './agent.service';

@Router({ alias: 'aiAgents' })
export class AgentRouter {
  constructor(@Inject(AgentService) private readonly agents: AgentService) {}

  @Query({ input: dto(FindAgentsDto), meta: needs('agents.read') })
  find(@Input() input: FindAgentsDto, @Ctx() { caller }: CallerContext): Promise<AgentPageView> {
    return this.agents.list(toScope(caller, aiStudioApp).teamId, input);
  }

  @Query({ input: dto(AgentNameDto), meta: needs('agents.read') })
  get(@Input() { agentId }: AgentNameDto, @Ctx() { caller }: CallerContext): Promise<AgentView> {
    return this.agents.get(toScope(caller, aiStudioApp).teamId, agentId);
  }

  @Mutation({ input: dto(CreateAgentDto), meta: needs('agents.write') })
  create(@Input() input: CreateAgentDto, @Ctx() { caller }: CallerContext): Promise<AgentView> {
    return this.agents.create(toScope(caller, aiStudioApp), input);
  }

  @Mutation({ input: dto(UpdateNamedAgentDto), meta: needs('agents.write') })
  update(
    @Input() { agentId, ...changes }: UpdateNamedAgentDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<AgentView> {
    return this.agents.update(toScope(caller, aiStudioApp), agentId, changes);
  }

  @Mutation({ input: dto(AgentNameDto), meta: needs('agents.write') })
  delete(@Input() { agentId }: AgentNameDto, @Ctx() { caller }: CallerContext): Promise<void> {
    return this.agents.delete(toScope(caller, aiStudioApp), agentId);
  }

  @Query({ input: dto(FindVersionsOfAgentDto), meta: needs('agents.write') })
  findVersions(
    @Input() { agentId, ...page }: FindVersionsOfAgentDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<AgentVersionPageView> {
    return this.agents.listVersions(toScope(caller, aiStudioApp).teamId, agentId, page);
  }

  @Mutation({ input: dto(RollBackNamedAgentDto), meta: needs('agents.write') })
  rollback(
    @Input() { agentId, ...versions }: RollBackNamedAgentDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<AgentView> {
    return this.agents.rollBack(toScope(caller, aiStudioApp), agentId, versions);
  }
}
