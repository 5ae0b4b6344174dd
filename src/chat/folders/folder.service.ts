import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Scope } from '@kdx/shared';
import { notFound } from '../../platform/errors';
import { validationFailed } from '../../platform/http';
import type { ChatFolder } from './chat-folder.entity';
import type { FolderListView, FolderView } from './folder.dto';
import { FolderRepository } from './folder.repository';

/** Folders of a user's conversations. */
@Injectable()
export class FolderService {
  constructor(@Inject(FolderRepository) private readonly folders: FolderRepository) {}

  async list(scope: Scope): Promise<FolderListView> {
    return { items: (await this.folders.list(scope)).map(toFolderView) };
  }

  /** Throws `CONFLICT` for a name that is taken, and where there are too many. */
  async create(scope: Scope, name: string): Promise<FolderView> {
    const now = new Date();
    const { teamId, userId } = scope;
    const folder: ChatFolder = {
      teamId,
      userId,
      id: uuidv7(),
      name: toName(name),
      createdAt: now,
      updatedAt: now,
    };
    await this.folders.insert(scope, folder);
    return toFolderView(folder);
  }

  /** Throws `NOT_FOUND`, or `CONFLICT` for a name that is taken. */
  async rename(scope: Scope, id: string, name: string): Promise<FolderView> {
    const folder = await this.folders.rename(scope, id, toName(name));
    if (!folder) throw notFound('The folder');
    return toFolderView(folder);
  }

  /** Its conversations stay. Throws `NOT_FOUND`. */
  async delete(scope: Scope, id: string): Promise<void> {
    if (!(await this.folders.delete(scope, id))) throw notFound('The folder');
  }

  /** Throws `NOT_FOUND` for a folder that is none of the user's. */
  async assertOwn(scope: Scope, id: string): Promise<void> {
    if (!(await this.folders.find(scope, id))) throw notFound('The folder');
  }
}

/** Two names that look alike are one. */
function toName(name: string): string {
  const trimmed = name.normalize('NFC').trim();
  if (trimmed === '') throw validationFailed([{ field: 'name', problem: 'must say something' }]);
  return trimmed;
}

function toFolderView({ id, name, createdAt, updatedAt }: ChatFolder): FolderView {
  return { id, name, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
}
