import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { ErrorCode } from '../errors';

/** Under this name the API document's operations carry them, until their answers are written out. */
export const mayAnswerExtension = 'x-may-answer';

/** Error codes of a REST route beyond those that its method and its permission bring along. For the API document. */
export const MayAnswer = (...codes: ErrorCode[]) => applyDecorators(ApiExtension(mayAnswerExtension, codes));
