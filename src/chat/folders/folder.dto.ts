import { ObjectListField, TextField, TimeField, UuidField } from '../../platform/http';
import { maxFolders } from './folder.repository';

const name = { max: 100, description: 'Unique among yours, whatever its case', example: 'Holidays' };

export class CreateFolderDto {
  @TextField(name) name!: string;
}

/** REST: the id is in the path. */
export class UpdateFolderDto extends CreateFolderDto {}

/** tRPC */
export class FolderNameDto {
  @UuidField() folderId!: string;
}

export class UpdateNamedFolderDto extends CreateFolderDto {
  @UuidField() folderId!: string;
}

export class FolderView {
  @UuidField() id!: string;
  @TextField(name) name!: string;
  @TimeField() createdAt!: string;
  @TimeField() updatedAt!: string;
}

export class FolderListView {
  @ObjectListField(() => FolderView, { max: maxFolders }) items!: FolderView[];
}
