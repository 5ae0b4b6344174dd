/**
 * PostgreSQL's code of a failed statement, five characters; `undefined` for what the database did not say. TypeORM wraps
 * the driver's error; a statement that went to the pool itself fails with the driver's own.
 */
export function sqlStateOf(thrown: unknown): string | undefined {
  const failure = thrown instanceof Error && 'driverError' in thrown ? thrown.driverError : thrown;
  return failure instanceof Error && 'code' in failure && typeof failure.code === 'string'
    ? failure.code
    : undefined;
}
