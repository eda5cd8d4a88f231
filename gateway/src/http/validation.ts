import { StandardSchemaValidationPipe } from '@nestjs/common';
import { InvalidRequestError, type Issue } from '@trainer/model';
import type { StandardSchemaV1 } from '@standard-schema/spec';

/** Refuses what a route's schema refuses, as 422 with the field's name. */
export function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({ exceptionFactory: (issues) => new InvalidRequestError(issues.slice(0, 100).map(issueOf)) });
}

function issueOf(issue: StandardSchemaV1.Issue): Issue {
  const path = (issue.path ?? [])
    .map((part) => (typeof part === 'object' ? part.key : part))
    .map((key) => (typeof key === 'number' ? key : String(key)));
  const { code } = issue as { code?: unknown };
  return { path, message: issue.message, type: typeof code === 'string' ? code : 'value' };
}
