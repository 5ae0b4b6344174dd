import { EnumField, IntegerField, UuidField } from '../../platform/http';

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
  @IntegerField({
    optional: true,
    min: 0,
    max: 2 ** 31,
    query: true,
    description: 'Number of the last piece that you have: its id',
  })
  lastEventId?: number;
}
