export { DtoPipe, UuidPipe } from './dto.pipe';
export {
  BooleanField,
  BooleanQueryField,
  EnumField,
  EnumListField,
  IntegerField,
  JsonObjectField,
  JsonObjectListField,
  NumberField,
  ObjectField,
  ObjectListField,
  TextField,
  TextListField,
  TimeField,
  UuidField,
} from './fields';
export type { JsonObject } from './json';
export { assertShallowJson } from './json-depth';
export { defaultPageSize, PageQuery, parseCursor, toPage, type Page } from './page';
export { dto, validationFailed, type FieldProblem } from './parse-dto';
