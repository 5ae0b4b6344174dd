import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { chatApp } from '@kdx/shared';
import { CurrentCaller, RequirePermission, toScope, type Caller } from '../../identity';
import { UuidPipe } from '../../platform/http';
import { CreateFolderDto, FolderListView, FolderView, UpdateFolderDto } from './folder.dto';
import { FolderService } from './folder.service';

@ApiTags('Chat')
@Controller('api/v1/chat/folders')
export class FolderController {
  constructor(@Inject(FolderService) private readonly folders: FolderService) {}

  @Get()
  @RequirePermission('chat.use')
  @ApiOperation({ summary: 'List your folders in this team, by name' })
  @ApiOkResponse({ type: FolderListView })
  list(@CurrentCaller() caller: Caller): Promise<FolderListView> {
    return this.folders.list(toScope(caller, chatApp));
  }

  @Post()
  @RequirePermission('chat.use')
  @ApiOperation({ summary: 'Make a folder for conversations' })
  @ApiCreatedResponse({ type: FolderView })
  create(@CurrentCaller() caller: Caller, @Body() { name }: CreateFolderDto): Promise<FolderView> {
    return this.folders.create(toScope(caller, chatApp), name);
  }

  @Patch(':folderId')
  @RequirePermission('chat.use')
  @ApiOperation({ summary: 'Rename a folder' })
  @ApiOkResponse({ type: FolderView })
  rename(
    @CurrentCaller() caller: Caller,
    @Param('folderId', UuidPipe) folderId: string,
    @Body() { name }: UpdateFolderDto,
  ): Promise<FolderView> {
    return this.folders.rename(toScope(caller, chatApp), folderId, name);
  }

  @Delete(':folderId')
  @HttpCode(204)
  @RequirePermission('chat.use')
  @ApiOperation({ summary: 'Delete a folder; its conversations stay' })
  @ApiNoContentResponse()
  delete(@CurrentCaller() caller: Caller, @Param('folderId', UuidPipe) folderId: string): Promise<void> {
    return this.folders.delete(toScope(caller, chatApp), folderId);
  }
}
