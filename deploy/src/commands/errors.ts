import { TrainerError } from '@trainer/model';

/** A word on the command line is wrong. */
export class UsageError extends TrainerError<'cli.usage', { argument: string }> {
  constructor(argument: string, message: string) {
    super('cli.usage', message, { argument });
  }
}

/** The service did not take a file. */
export class UploadRefusedError extends TrainerError<'cli.upload-refused', { file: string }> {
  constructor(file: string, detail: unknown) {
    super('cli.upload-refused', `The upload was refused: ${typeof detail === 'string' ? detail : JSON.stringify(detail)}`, { file });
  }
}

/** The service did not answer a question with what was asked for. */
export class RequestRefusedError extends TrainerError<'cli.request-refused', { status: number }> {
  constructor(status: number, detail: unknown) {
    super('cli.request-refused', sentenceOf(detail), { status });
  }
}

/** A sentence, or FastAPI's list of what is wrong where. */
function sentenceOf(detail: unknown): string {
  if (typeof detail === 'string') return detail;
  const messages = Array.isArray(detail) ? detail.map((each: { msg?: unknown }) => each.msg) : [];
  return messages.length > 0 && messages.every((message) => typeof message === 'string') ? messages.join('\n') : JSON.stringify(detail);
}
