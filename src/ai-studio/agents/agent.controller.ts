import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { aiStudioApp } from '@kdx/shared';
import { CurrentCaller, RequirePermission, toScope, type Caller } from '../../identity';
import { MayAnswer, UuidPipe } from '../../platform/http';
import {
  AgentPageView,
  AgentVersionPageView,
  AgentView,
  CreateAgentDto,
  FindAgentsDto,
  FindAgentVersionsDto,
  RollBackAgentDto,
  UpdateAgentDto,
} from './agent.dto';
import { AgentService } from './agent.service';

@ApiTags('Agents')
@Controller('api/v1/agents')
export class AgentController {
  constructor(@Inject(AgentService) private readonly agents: AgentService) {}

  @Get()
  @RequirePermission('agents.read')
  @ApiOperation({ summary: "List the team's agents, by name" })
  @ApiOkResponse({ type: AgentPageView })
  list(@CurrentCaller() caller: Caller, @Query() query: FindAgentsDto): Promise<AgentPageView> {
    return this.agents.list(toScope(caller, aiStudioApp).teamId, query);
  }

  @Post()
  @RequirePermission('agents.write')
  @MayAnswer('MODEL_NOT_AVAILABLE')
  @ApiOperation({ summary: 'Make an agent' })
  @ApiCreatedResponse({ type: AgentView })
  create(@CurrentCaller() caller: Caller, @Body() body: CreateAgentDto): Promise<AgentView> {
    return this.agents.create(toScope(caller, aiStudioApp), body);
  }

  @Get(':agentId')
  @RequirePermission('agents.read')
  @ApiOperation({ summary: 'Read an agent in its current version' })
  @ApiOkResponse({ type: AgentView })
  get(@CurrentCaller() caller: Caller, @Param('agentId', UuidPipe) agentId: string): Promise<AgentView> {
    return this.agents.get(toScope(caller, aiStudioApp).teamId, agentId);
  }

  @Patch(':agentId')
  @RequirePermission('agents.write')
  @MayAnswer('MODEL_NOT_AVAILABLE')
  @ApiOperation({ summary: 'Publish a new version. What is left out stays; no change, no version' })
  @ApiOkResponse({ type: AgentView })
  update(
    @CurrentCaller() caller: Caller,
    @Param('agentId', UuidPipe) agentId: string,
    @Body() body: UpdateAgentDto,
  ): Promise<AgentView> {
    return this.agents.update(toScope(caller, aiStudioApp), agentId, body);
  }

  @Delete(':agentId')
  @HttpCode(204)
  @RequirePermission('agents.write')
  @ApiOperation({ summary: 'Delete an agent. Its versions are kept for the record, its name is free again' })
  @ApiNoContentResponse()
  delete(@CurrentCaller() caller: Caller, @Param('agentId', UuidPipe) agentId: string): Promise<void> {
    return this.agents.delete(toScope(caller, aiStudioApp), agentId);
  }

  @Get(':agentId/versions')
  @RequirePermission('agents.write')
  @ApiOperation({ summary: 'List the versions of an agent, newest first, also of a deleted one' })
  @ApiOkResponse({ type: AgentVersionPageView })
  listVersions(
    @CurrentCaller() caller: Caller,
    @Param('agentId', UuidPipe) agentId: string,
    @Query() query: FindAgentVersionsDto,
  ): Promise<AgentVersionPageView> {
    return this.agents.listVersions(toScope(caller, aiStudioApp).teamId, agentId, query);
  }

  @Post(':agentId/rollback')
  @HttpCode(200)
  @RequirePermission('agents.write')
  @MayAnswer('MODEL_NOT_AVAILABLE')
  @ApiOperation({ summary: 'Publish an old version again, as a new one' })
  @ApiOkResponse({ type: AgentView })
  rollBack(
    @CurrentCaller() caller: Caller,
    @Param('agentId', UuidPipe) agentId: string,
    @Body() body: RollBackAgentDto,
  ): Promise<AgentView> {
    return this.agents.rollBack(toScope(caller, aiStudioApp), agentId, body);
  }
}
