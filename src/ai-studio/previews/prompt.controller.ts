import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequirePermission, type Caller } from '../../identity';
import { MayAnswer } from '../../platform/http';
import { PromptPreviewService } from './prompt-preview.service';
import { PreviewPromptDto, PromptPreviewView } from './prompt.dto';

@ApiTags('Prompts')
@Controller('api/v1/prompts')
export class PromptController {
  constructor(@Inject(PromptPreviewService) private readonly prompts: PromptPreviewService) {}

  @Get('preview')
  @RequirePermission('prompts.read')
  @MayAnswer('MODEL_NOT_AVAILABLE', 'NO_DEFAULT_MODEL', 'TOKEN_MISSING')
  @ApiOperation({ summary: 'Show the system prompt that would be sent now, by layer' })
  @ApiOkResponse({ type: PromptPreviewView })
  preview(@CurrentCaller() caller: Caller, @Query() query: PreviewPromptDto): Promise<PromptPreviewView> {
    return this.prompts.preview(caller, query);
  }
}
