import { UuidField } from '../../platform/http';

/** tRPC */
export class FileNameDto {
  @UuidField() sessionId!: string;
  @UuidField() fileId!: string;
}

/** A file of a message, over tRPC. */
export interface FileView {
  id: string;
  mediaType: string;
  filename: string | null;
  /** In base64. */
  content: string;
}
