import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { isUuid } from '@kdx/shared';
import { parseDto } from './parse-dto';
import { assertPlain } from './plain-json';
import { validationFailed } from './validation-failed';

const notDtos: unknown[] = [String, Boolean, Number, Array, Object, undefined];

/**
 * Parses every `@Body()` and `@Query()` whose declared type is a DTO class, and refuses a `@Param()` that cannot be
 * stored. Registered for the whole application.
 */
@Injectable()
export class DtoPipe implements PipeTransform {
  transform(value: unknown, { type, metatype, data }: ArgumentMetadata): unknown {
    if (type === 'param') assertPlain({ [data ?? 'id']: value });
    if (type === 'custom' || type === 'param' || !metatype || notDtos.includes(metatype)) return value;
    return parseDto<object>(metatype, value ?? {});
  }
}

/** For `@Param('…')` that is a UUID: refuses anything else with `VALIDATION_FAILED`. */
@Injectable()
export class UuidPipe implements PipeTransform<string, string> {
  transform(value: string, { data }: ArgumentMetadata): string {
    if (!isUuid(value)) throw validationFailed([{ field: data ?? 'id', problem: 'must be a UUID' }]);
    return value;
  }
}
