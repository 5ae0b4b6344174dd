import { EnumField, UuidField } from '../../platform/http';

const exportFormats = ['markdown', 'json'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export class ExportDto {
  @EnumField(exportFormats, {
    optional: true,
    description: 'markdown (where absent): the branch that is shown; json: all branches, whole',
  })
  format?: ExportFormat;
}

/** tRPC */
export class ExportSessionDto extends ExportDto {
  @UuidField() sessionId!: string;
}
