import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Scope } from '@kdx/shared';
import { TeamTransaction } from '../../platform/database';
import { AppError } from '../../platform/errors';
import { ChatFolder } from './chat-folder.entity';

/** More than anybody looks through; so a list of folders needs no pages. */
export const maxFolders = 200;

/** Folders of conversations. Every method takes the scope first: the team and the user whose they are. */
@Injectable()
export class FolderRepository {
  constructor(@Inject(TeamTransaction) private readonly transaction: TeamTransaction) {}

  /** By name, whatever its case. */
  list(scope: Scope): Promise<ChatFolder[]> {
    const { teamId, userId } = scope;
    return this.transaction.run(scope, (manager) =>
      manager
        .createQueryBuilder(ChatFolder, 'folder')
        .where('folder.teamId = :teamId and folder.userId = :userId', { teamId, userId })
        .orderBy('lower(folder.name) collate "C"')
        .addOrderBy('folder.id')
        .getMany(),
    );
  }

  find(scope: Scope, id: string): Promise<ChatFolder | null> {
    const { teamId, userId } = scope;
    return this.transaction.run(scope, (manager) => manager.findOneBy(ChatFolder, { teamId, userId, id }));
  }

  /** Throws `CONFLICT` for a name that is taken, and for more than {@link maxFolders}. */
  insert(scope: Scope, folder: ChatFolder): Promise<void> {
    const { teamId, userId } = scope;
    return this.transaction
      .run(scope, async (manager) => {
        await lockFolders(manager, scope);
        if ((await manager.countBy(ChatFolder, { teamId, userId })) >= maxFolders) throw tooMany();
        await manager.insert(ChatFolder, folder);
      })
      .catch(takenName);
  }

  /** `null` where there is none. Throws `CONFLICT` for a name that is taken. */
  rename(scope: Scope, id: string, name: string): Promise<ChatFolder | null> {
    const { teamId, userId } = scope;
    return this.transaction
      .run(scope, async (manager) => {
        await manager.update(ChatFolder, { teamId, userId, id }, { name, updatedAt: new Date() });
        return manager.findOneBy(ChatFolder, { teamId, userId, id });
      })
      .catch(takenName);
  }

  /** Its conversations stay, in no folder. */
  async delete(scope: Scope, id: string): Promise<boolean> {
    const { teamId, userId } = scope;
    const { affected } = await this.transaction.run(scope, (manager) =>
      manager.delete(ChatFolder, { teamId, userId, id }),
    );
    return affected === 1;
  }
}

/** One new folder of a user at a time, so that the count holds; ends with the transaction. */
async function lockFolders(manager: EntityManager, { teamId, userId }: Scope): Promise<void> {
  const name = `chat-folders:${teamId}:${userId}`;
  await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [name]);
}

function tooMany(): AppError {
  return new AppError('CONFLICT', `You have ${maxFolders} folders, which is the most. Delete one first.`);
}

/** The unique index decides whose a name is, also between two at the same moment. */
function takenName(error: unknown): never {
  const driver = error instanceof Error && 'driverError' in error ? error.driverError : undefined;
  const constraint = driver instanceof Error && 'constraint' in driver ? driver.constraint : undefined;
  if (constraint !== 'chat_folder_name') throw error;
  throw new AppError('CONFLICT', 'You have a folder of this name, whatever its case. Choose another name.');
}
