export { DtoPipe, UuidPipe } from './dto.pipe';
export { ErrorView } from './error.dto';
export {
  BooleanField,
  BooleanQueryField,
  EnumField,
  EnumListField,
  IntegerField,
  JsonObjectField,
  JsonObjectListField,
  JsonValueField,
  NumberField,
  ObjectField,
  ObjectListField,
  TextField,
  TextListField,
  TimeField,
  UuidField,
} from './fields';
export { forgetRequest, requestAnswered, whenForgotten } from './forget-request';
export type { JsonObject } from './json';
export { assertBoundedJson } from './json-bounds';
export { MayAnswer, mayAnswerExtension } from './may-answer';
export {
  defaultPageSize,
  NextCursorField,
  PageQuery,
  parseCursor,
  parseTimeCursor,
  toPage,
  type Page,
  unknownCursor,
} from './page';
export { toPacedBody } from './paced-body';
export { dto } from './parse-dto';
export { assertPlain } from './plain-json';
export { dropWhenSlow, isLongUnpaced } from './slow-clients';
export { validationFailed, type FieldProblem } from './validation-failed';
